from django.apps import AppConfig


class PromotionConfig(AppConfig):
    name = "lianpu.promotion"
    label = "promotion"
    verbose_name = "招商引资"
