from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "lianpu.site"
    label = "site"
    verbose_name = "站点"

    def ready(self) -> None:
        from allauth.account.signals import password_changed
        from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed
        from axes.signals import user_locked_out
        from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

        from lianpu.site.accounts import recording

        user_logged_in.connect(recording.signed_in)
        user_login_failed.connect(recording.failed)
        user_logged_out.connect(recording.signed_out)
        user_locked_out.connect(recording.locked)
        authentication_failed.connect(recording.wrong_code)
        password_changed.connect(recording.password_changed)
        authenticator_added.connect(recording.second_step_added)
        authenticator_removed.connect(recording.second_step_removed)
