"""Settings: one machine, offline, by default; PostgreSQL when ``LIANPU_DATABASE`` names it."""

import os
import secrets
from datetime import timedelta
from pathlib import Path

import dj_database_url

from lianpu.site.rules import number, text

PACKAGE = Path(__file__).resolve().parent.parent

# Database, files, references and the secret key live together here.
LIANPU_HOME = Path(os.environ.get("LIANPU_HOME") or "var").resolve()
LIANPU_HOME.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """One key an installation, made at first use and kept beside the database."""
    place = LIANPU_HOME / "secret-key"
    if not place.exists():
        place.touch(mode=0o600)
        place.write_text(secrets.token_urlsafe(50))
    return place.read_text()


SECRET_KEY = os.environ.get("LIANPU_SECRET_KEY") or _secret_key()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("LIANPU_HOSTS", "*").split(",")

INSTALLED_APPS = [
    "lianpu.site",
    "lianpu.demo",
    "lianpu.desk",
    "lianpu.projects",
    "lianpu.promotion",
    "lianpu.scenarios",
    "lianpu.monitoring",
    "lianpu.chains",
    "lianpu.enterprises",
    "lianpu.places",
    "lianpu.register",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lianpu.site.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "lianpu.site.middleware.chosen_language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "lianpu.site.middleware.session_rules",
    "lianpu.site.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "lianpu.site.urls"
WSGI_APPLICATION = "lianpu.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["django.templatetags.i18n"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lianpu.site.navigation.navigation",
                "lianpu.register.views.jobs.notices",
            ],
        },
    }
]

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("LIANPU_DATABASE") or f"sqlite:///{LIANPU_HOME / 'lianpu.sqlite3'}", conn_max_age=600
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # Writers queue from the start of a transaction instead of failing at its end.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "lianpu_language"
LANGUAGE_COOKIE_AGE = 365 * 86_400
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [PACKAGE / "site" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "/static/"
STATIC_ROOT = LIANPU_HOME / "static"
STATICFILES_FINDERS = [
    "lianpu.site.assets.NodeFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "lianpu.site.assets.HashedStorage"},
}
MEDIA_ROOT = LIANPU_HOME / "files"
# Jobs run in workers, one of them beside the site; "inline" runs them within the request, which tests want.
LIANPU_JOBS = "worker"
# Requests of one person to the REST interface, in each process of the site.
LIANPU_API_RATE = os.environ.get("LIANPU_API_RATE") or "1200/m"
LIANPU_JOBS_KEEP_DAYS = int(os.environ.get("LIANPU_JOBS_KEEP_DAYS") or 30)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a portfolio of some thousand projects is sent on project by project

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

# The rules of signing in and of sessions; what each says stands in lianpu.site.rules.
LIANPU_IDLE_MINUTES = number("LIANPU_IDLE_MINUTES")
LIANPU_SESSION_HOURS = number("LIANPU_SESSION_HOURS")
LIANPU_ONE_SESSION = number("LIANPU_ONE_SESSION")
LIANPU_PASSWORD_LENGTH = number("LIANPU_PASSWORD_LENGTH")
LIANPU_PASSWORD_KINDS = number("LIANPU_PASSWORD_KINDS")
LIANPU_PASSWORD_HISTORY = number("LIANPU_PASSWORD_HISTORY")
LIANPU_PASSWORD_DAYS = number("LIANPU_PASSWORD_DAYS")
LIANPU_LOCK_AFTER = number("LIANPU_LOCK_AFTER")
LIANPU_LOCK_MINUTES = number("LIANPU_LOCK_MINUTES")
LIANPU_MFA_ROLES = text("LIANPU_MFA_ROLES")
LIANPU_HTTPS = number("LIANPU_HTTPS")
LIANPU_PROXIES = number("LIANPU_PROXIES")

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = LIANPU_SESSION_HOURS * 3600
CSRF_COOKIE_HTTPONLY = True
if LIANPU_HTTPS:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 86_400

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": LIANPU_PASSWORD_LENGTH},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "lianpu.site.accounts.passwords.KindsValidator"},
    {"NAME": "lianpu.site.accounts.passwords.ReuseValidator"},
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "lianpu.site.accounts.backends.AccountBackend",
]

# Local accounts by user name; nobody registers himself, and no mail is sent: the machine may stand alone.
ACCOUNT_ADAPTER = "lianpu.site.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "lianpu.site.accounts.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = False  # django-axes counts, in the database: across processes and restarts
MFA_ADAPTER = "lianpu.site.accounts.adapters.SecondStepAdapter"
MFA_FORMS = {
    "authenticate": "lianpu.site.accounts.forms.CodeForm",
    "reauthenticate": "lianpu.site.accounts.forms.CodeAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "链谱 Lianpu"
SOCIALACCOUNT_ADAPTER = "lianpu.site.accounts.adapters.ProviderAdapter"
SOCIALACCOUNT_STORE_TOKENS = False

AXES_FAILURE_LIMIT = LIANPU_LOCK_AFTER
AXES_COOLOFF_TIME = timedelta(minutes=LIANPU_LOCK_MINUTES)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # AccountEvent keeps it
AXES_CLIENT_IP_CALLABLE = "lianpu.site.accounts.recording.address_of"
AXES_USERNAME_CALLABLE = "lianpu.site.accounts.recording.typed_username"
AXES_LOCKOUT_CALLABLE = "lianpu.site.accounts.recording.locked_page"
AXES_VERBOSE = False

# One identity provider of the city, where the environment names it.
OIDC_ISSUER = os.environ.get("LIANPU_OIDC_ISSUER", "")
OIDC_NAME = os.environ.get("LIANPU_OIDC_NAME", "统一身份认证")
OIDC_MATCH = os.environ.get("LIANPU_OIDC_MATCH") == "1"  # the provider's user names are the local accounts' too
if OIDC_ISSUER:
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": OIDC_NAME,
                    "client_id": os.environ.get("LIANPU_OIDC_CLIENT_ID", ""),
                    "secret": os.environ.get("LIANPU_OIDC_CLIENT_SECRET", ""),
                    "settings": {"server_url": OIDC_ISSUER},
                }
            ],
        }
    }
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
