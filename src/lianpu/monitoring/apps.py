from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "lianpu.monitoring"
    label = "monitoring"
    verbose_name = "监测"
