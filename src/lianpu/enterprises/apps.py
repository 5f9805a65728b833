from django.apps import AppConfig


class EnterprisesConfig(AppConfig):
    name = "lianpu.enterprises"
    label = "enterprises"
    verbose_name = "企业"

    def ready(self) -> None:
        from lianpu.enterprises import panels  # noqa: F401 — adds mergers to the enterprise page
