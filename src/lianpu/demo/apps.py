from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "lianpu.demo"
    label = "demo"
    verbose_name = "示例"
