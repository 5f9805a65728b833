from django.apps import AppConfig


class PromotionConfig(AppConfig):
    name = "lianpu.promotion"
    label = "promotion"
    verbose_name = "招商引资"

    def ready(self) -> None:
        from lianpu.promotion import panels  # noqa: F401 — adds promotion to pages and lists
