from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "lianpu.projects"
    label = "projects"
    verbose_name = "项目台账"

    def ready(self) -> None:
        from lianpu.projects import panels  # noqa: F401 — adds the ledger's parts to pages and lists
