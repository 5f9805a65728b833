from django.apps import AppConfig


class ScenariosConfig(AppConfig):
    name = "lianpu.scenarios"
    label = "scenarios"
    verbose_name = "情景推演"

    def ready(self) -> None:
        from lianpu.scenarios import panels  # noqa: F401 — adds scenarios to lists
