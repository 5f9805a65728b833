from django.apps import AppConfig


class EnterprisesConfig(AppConfig):
    name = "lianpu.enterprises"
    label = "enterprises"
    verbose_name = "企业"
