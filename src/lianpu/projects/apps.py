from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "lianpu.projects"
    label = "projects"
    verbose_name = "项目台账"
