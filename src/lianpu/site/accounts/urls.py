"""Addresses of signing in and of accounts; of allauth's pages those that this house uses, under its own addresses."""

from allauth.account import views as account
from allauth.mfa.base import views as second_step
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import urls as oidc
from allauth.usersessions import views as sessions
from django.contrib.auth.password_validation import password_validators_help_texts
from django.urls import include, path
from django.views.generic import RedirectView

from lianpu.site.accounts import views

urlpatterns = [
    path("sign-in/", account.login, name="login"),
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="logout"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-in/inactive/", account.account_inactive, name="account_inactive"),
    path("sign-in/second-step/", second_step.authenticate, name="mfa_authenticate"),
    path("sign-in/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("sign-in/error/", social.login_error, name="socialaccount_login_error"),
    path("sign-in/", include(oidc.urlpatterns)),
    path("account/", views.profile_page, name="profile"),
    path(
        "account/password/",
        account.PasswordChangeView.as_view(extra_context={"password_rules": password_validators_help_texts}),
        name="account_change_password",
    ),
    path("account/password/none/", RedirectView.as_view(pattern_name="profile"), name="account_set_password"),
    path("account/again/", account.reauthenticate, name="account_reauthenticate"),
    path("account/again/code/", second_step.reauthenticate, name="mfa_reauthenticate"),
    path("account/sessions/", sessions.list_usersessions, name="usersessions_list"),
    path("account/second-step/", include("allauth.mfa.totp.urls")),
    path("account/recovery-codes/", include("allauth.mfa.recovery_codes.urls")),
    # Where allauth goes on to when something of one's own was changed.
    path("account/second-step/", RedirectView.as_view(pattern_name="profile"), name="mfa_index"),
    path("account/ties/", RedirectView.as_view(pattern_name="profile"), name="socialaccount_connections"),
    path("admin/accounts/", views.accounts_page, name="accounts"),
    path("admin/accounts/new/", views.new_account, name="new_account"),
    path("admin/accounts/<int:pk>/password/", views.new_password, name="new_password"),
    path("admin/accounts/<int:pk>/roles/", views.give_role, name="give_role"),
    *(
        path(f"admin/accounts/<int:pk>/{verb}/", views.act_on_account, {"verb": verb}, name=f"account_{verb}")
        for verb in views.VERBS
    ),
    path("admin/grants/<int:pk>/take/", views.take_role, name="take_role"),
    path("admin/roles/<int:pk>/", views.role_page, name="role"),
]
