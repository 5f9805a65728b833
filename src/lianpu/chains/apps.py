from django.apps import AppConfig


class ChainsConfig(AppConfig):
    name = "lianpu.chains"
    label = "chains"
    verbose_name = "产业链"

    def ready(self) -> None:
        from lianpu.chains import panels  # noqa: F401 — adds the chains' part to the enterprise page
