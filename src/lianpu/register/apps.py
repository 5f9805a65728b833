from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RegisterConfig(AppConfig):
    name = "lianpu.register"
    label = "register"
    verbose_name = "登记"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from lianpu.register.history import install_triggers

        autodiscover_modules("registers")
        # The one signal of the house: triggers are schema, and follow every migration.
        post_migrate.connect(install_triggers, sender=self)
