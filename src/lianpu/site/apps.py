from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "lianpu.site"
    label = "site"
    verbose_name = "站点"
