from django.apps import AppConfig
from django.core.signals import request_started
from django.db.models.signals import post_migrate


class RegisterConfig(AppConfig):
    name = "lianpu.register"
    label = "register"
    verbose_name = "登记"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        # Declared beside what they serve: the job of large exports, the duty to drop old answers.
        from lianpu.register import custom, export_job, tokens  # noqa: F401
        from lianpu.register.history import install_triggers
        from lianpu.register.importing import work  # noqa: F401 — declares the jobs of the import desk
        from lianpu.register.search import following  # noqa: F401 — declares the job and the duty of the index

        autodiscover_modules("registers")
        autodiscover_modules("jobs")
        autodiscover_modules("figures")
        # The one signal of the house: triggers are schema, and follow every migration.
        post_migrate.connect(install_triggers, sender=self)
        request_started.connect(custom.forget)
