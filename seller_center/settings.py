"""One settings file, read from the environment; `.env.example` names every variable.

Two modes. LOCAL=1 is a machine of one's own: `make run`, `manage.py` without DATABASE_URL, and the tests; it allows the
movable clock, plain http, local addresses and embedded servers. Without LOCAL it is production: every secret must be
given, and a value that is unsafe refuses to start with a sentence (`seller_center.safety`).
"""

import sys
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from seller_center import safety

BASE_DIR = Path(__file__).resolve().parent.parent


class Variables(environ.Env):
    """The environment; a number that is none is said with the variable's name, not as a trace."""

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        try:
            return super().get_value(var, *args, **options)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} must be a whole number: see .env.example.") from error


env = Variables()

# -- mode -------------------------------------------------------------------------------------------------------------

LOCAL: bool = env.bool("LOCAL", default=False)
TESTING: bool = env.bool("TESTING", default=False)
DEBUG: bool = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".local"))).expanduser()

CLOCK_MAY_MOVE: bool = env.bool("CLOCK_MAY_MOVE", default=LOCAL)
HTTP_ALLOW_LOCAL: bool = env.bool("HTTP_ALLOW_LOCAL", default=LOCAL)
FAILPOINTS: str = env.str("FAILPOINTS", default="")  # read by the kernel itself; here so that production refuses it

SECRET_KEY: str = env.str("SECRET_KEY", default="local-only-not-a-secret-" + "x" * 40 if LOCAL else "")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
# Key id → 32 bytes in hex. The first encrypts, all of them decrypt; `manage.py rotate_keys` moves rows to the first.
ENCRYPTION_KEYS: dict[str, str] = dict(
    pair.split(":", 1) if ":" in pair else (pair, "") for pair in env.list("ENCRYPTION_KEYS", default=[])
) or ({"local": "00" * 32} if LOCAL else {})
BLIND_INDEX_KEY: str = env.str("BLIND_INDEX_KEY", default="11" * 32 if LOCAL else "")

ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if LOCAL else [])
# The address under which people reach us: links in mails and webhooks begin with it.
PUBLIC_URL: str = env.str("PUBLIC_URL", default="http://localhost:8000" if LOCAL else "").rstrip("/")
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS: bool = env.bool("HTTPS", default=not LOCAL)

# -- the house --------------------------------------------------------------------------------------------------------

FLOORS = ("shops", "catalog", "marketing", "orders", "payouts", "support", "analytics", "storefront")

INSTALLED_APPS = [
    "seller_center",  # first: its commands (migrate) win over the stock ones
    *FLOORS,
    "seller_center.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.tiktok",
    "allauth.usersessions",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_email",
    "pgtrigger",
    "pghistory",
    "import_export",
    "django_htmx",
    "django_bootstrap5",
    "django_filters",
    "phonenumber_field",
    "django_countries",
    "treebeard",
    "django_structlog",
]

MIDDLEWARE = [
    "seller_center.health.answer_probes",  # first: probes know neither host name nor https
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "seller_center.answer_headers.answer_headers",
    "django_structlog.middlewares.RequestMiddleware",
    "seller_center.logs.bind_address",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "shops.session_guard.session_guard",  # limits of sessions; the wall of the second factor
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # closed by default; open views say so
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "seller_center.error_pages.not_allowed_page",
    "seller_center.error_pages.refuse_null_letters",
]

ROOT_URLCONF = "seller_center.urls"
CSRF_FAILURE_VIEW = "seller_center.error_pages.csrf_failure"
WSGI_APPLICATION = "seller_center.wsgi.application"
APPEND_SLASH = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "seller_center.frame.frame",
            ],
        },
    },
]

# -- database ---------------------------------------------------------------------------------------------------------
# Two roles: the application's, which owns nothing, and the owner's, used by these commands of manage.py only.

OWNER_COMMANDS = (
    "migrate",
    "pgtrigger",
    "pghistory",
    "flush",
    "sqlflush",
    "createcachetable",
    "optimizemigration",
    "seed_market",
)
AS_OWNER: bool = len(sys.argv) > 1 and Path(sys.argv[0]).name == "manage.py" and sys.argv[1] in OWNER_COMMANDS

# These make the image: they serve nobody, and no secret is there yet.
BUILDING: bool = sys.argv[1:2] in (["collectstatic"], ["compilemessages"])

DATABASE_URL: str = env.str("DATABASE_URL", default="postgres:///seller_center" if LOCAL else "")
MIGRATE_DATABASE_URL: str = env.str("MIGRATE_DATABASE_URL", default="") or DATABASE_URL


def _database(url: str) -> dict:
    """Django's form of a URL; `?host=/folder` names the folder of a unix socket, as it does for libpq."""
    parts: dict = environ.Env.db_url_config(url) if url else {"ENGINE": "django.db.backends.postgresql", "NAME": ""}
    options = parts.pop("OPTIONS", {})
    if "host" in options:
        parts["HOST"] = options.pop("host")
    return {**parts, "OPTIONS": options}


APPLICATION_ROLE: str = _database(DATABASE_URL).get("USER", "")  # gets its rights from `migrate`
_connection = _database(MIGRATE_DATABASE_URL if AS_OWNER else DATABASE_URL)
# DEC4 and DEC25: a wait for a lock is short, a forgotten transaction ends, a runaway statement is cut.
_limits = {
    "lock_timeout": env.int("DATABASE_LOCK_TIMEOUT_MS", default=2_000 if AS_OWNER else 3_000),
    "idle_in_transaction_session_timeout": 0 if AS_OWNER else env.int("DATABASE_IDLE_TIMEOUT_MS", default=15_000),
    "statement_timeout": 900_000 if AS_OWNER else env.int("DATABASE_STATEMENT_TIMEOUT_MS", default=60_000),
}
_limits_option = " ".join(f"-c {name}={value}" for name, value in _limits.items())

# A pooler in transaction mode takes no settings with a connection and no cursors across statements: the role holds the
# limits then (docs/operations.md).
POOLED: bool = env.bool("DATABASE_POOLED", default=False)

# A network that swallows packets is noticed: what was sent and not confirmed ends a connection after 15 seconds, a silent
# server after 30 (it answers these probes however long a statement takes). Sockets of a folder know neither.
_silence = {"tcp_user_timeout": 15_000, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4}

DATABASES = {
    "default": {
        **_connection,
        "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE", default=0 if TESTING else 60),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": POOLED,
        "ATOMIC_REQUESTS": False,  # `scope(shop, by)` opens the transaction
        "OPTIONS": {
            **_connection["OPTIONS"],
            **({} if POOLED else {"options": f"{_connection['OPTIONS'].get('options', '')} {_limits_option}".strip()}),
            "application_name": env.str("APPLICATION_NAME", default="seller-center"),
            "connect_timeout": 5,
            **_silence,
        },
    }
}

# -- Valkey: cache and broker. Nothing is lost with it: sessions and every promise live in the database. ---------------

REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0" if LOCAL else "")


def _redis(number: int) -> str:
    """The numbered database of the server: 0 broker, 1 cache."""
    parts = urlsplit(REDIS_URL)
    return parts._replace(path=f"/{number}").geturl() if parts.scheme in ("redis", "rediss") else REDIS_URL


CACHES = {
    "default": {
        "BACKEND": "seller_center.kernel.steady_cache.SteadyCache",
        "LOCATION": _redis(1),
        "TIMEOUT": 300,
        "KEY_PREFIX": env.str("PYTEST_XDIST_WORKER", default="") if TESTING else "",
        "OPTIONS": {
            "socket_timeout": env.int("CACHE_TIMEOUT_MS", default=250) / 1000,
            "socket_connect_timeout": env.int("CACHE_TIMEOUT_MS", default=250) / 1000,
            "guard_table": "shops_guarded_count",
            "guarded": ("allauth:rl:", "account:"),
        },
    }
}
SESSION_ENGINE = "shops.session_store"

# DEC11. No eta, countdown or retry delay anywhere: waiting is a Deadline row.
CELERY_BROKER_URL: str = _redis(0)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 55  # under half of the visibility timeout: no task is delivered a second time while it runs
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
# Long work has workers of its own and may take its time: a job is held by a lease in the database, so a message that is
# delivered twice finds nothing to do.
CELERY_TASK_ROUTES = {"seller_center.tasks.run_jobs": {"queue": "jobs"}}
CELERY_TASK_ANNOTATIONS = {"seller_center.tasks.run_jobs": {"time_limit": 3_600, "soft_time_limit": 3_540}}
CELERY_TASK_PUBLISH_RETRY = False  # a nudge that fails is swept; a page never waits for the broker
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat")

# -- people -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "shops.User"
AUTHENTICATION_BACKENDS = ["shops.backends.People"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher" if TESTING else "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
]
# ASVS 6.2: at least twelve characters, no rule about their kinds.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
# Text messages: file:, console:, or https://token@host/path of a provider (shops.sms). Empty: no log-in by phone.
SMS_URL: str = env.str("SMS_URL", default="file:" if LOCAL else "")
SMS_FROM: str = env.str("SMS_FROM", default="")

ACCOUNT_ADAPTER = "shops.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "phone"} if SMS_URL else {"email"}
# Either of the two is enough (shops.account_forms.SignupForm); allauth has no word for that.
ACCOUNT_SIGNUP_FIELDS = ["email*", *(["phone"] if SMS_URL else []), "password1*"]
ACCOUNT_FORMS = {
    "login": "shops.account_forms.LoginForm",
    "signup": "shops.account_forms.SignupForm",
    "request_login_code": "shops.account_forms.RequestLoginCodeForm",
    "confirm_login_code": "shops.account_forms.ConfirmLoginCodeForm",
    "confirm_email_verification_code": "shops.account_forms.ConfirmEmailCodeForm",
    "confirm_password_reset_code": "shops.account_forms.ConfirmResetCodeForm",
    "verify_phone": "shops.account_forms.VerifyPhoneForm",
    "reset_password": "shops.account_forms.ResetPasswordForm",
    "reset_password_from_key": "shops.account_forms.NewPasswordForm",
    "change_password": "shops.account_forms.ChangePasswordForm",
    "set_password": "shops.account_forms.SetPasswordForm",
    "add_email": "shops.account_forms.ChangeEmailForm",
    "reauthenticate": "shops.account_forms.ReauthenticateForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_CHANGE_EMAIL = True  # one address; a new one takes its place when it is confirmed
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
# Not SUPPORTS_CHANGE: allauth offers it only where the account is new, which would tell who has one.
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PHONE_VERIFICATION_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 600
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# Per address of the client (ip), per account, address or session (key), per person (user). Counted in Valkey, and in
# PostgreSQL while Valkey is away.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "signup": "20/m/ip,200/d/ip",
    "request_login_code": "20/m/ip,3/m/key,10/h/key",
    "reset_password": "20/m/ip,3/m/key,10/h/key",
    "verify_phone": "1/30s/key,10/d/key,3/m/ip,60/d/ip",
    "confirm_code": "20/15m/key",
    "second_factor": "10/5m/key",
}
# How many calls of the partner API in how many seconds: of a key, of all keys of a shop, of wrong keys from an address.
API_RATE_LIMITS = {"key": (600, 60), "shop": (1_200, 60), "wrong": (60, 60)}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
KNOWN_DEVICE_COOKIE_NAME = f"{'__Host-' if HTTPS else ''}device"
SOCIALACCOUNT_ADAPTER = "shops.social_adapter.SocialAdapter"
SOCIALACCOUNT_FORMS = {"signup": "shops.account_forms.SocialSignupForm"}
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_LOGIN_ON_GET = True  # leads to a page with a link, never straight away (shops.account_views.tiktok_login)
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
TIKTOK_CLIENT_KEY: str = env.str("TIKTOK_CLIENT_KEY", default="")
TIKTOK_CLIENT_SECRET: str = env.str("TIKTOK_CLIENT_SECRET", default="")
SOCIALACCOUNT_PROVIDERS = {
    "tiktok": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [{"client_id": TIKTOK_CLIENT_KEY, "secret": TIKTOK_CLIENT_SECRET}] if TIKTOK_CLIENT_KEY else [],
    }
}
USERSESSIONS_TRACK_ACTIVITY = False  # shops.sessions does, every few minutes and not with every page
OTP_TOTP_ISSUER = "Seller Center"
OTP_EMAIL_TOKEN_VALIDITY = 600
OTP_EMAIL_SUBJECT = "{token} is your second code"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

# -- what the browser is told -----------------------------------------------------------------------------------------

SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:", "blob:"],  # Tabler's own marks are data URLs
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.SELF],
}
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_prefix = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_prefix}session"
CSRF_COOKIE_NAME = f"{_prefix}csrf"
LANGUAGE_COOKIE_NAME = f"{_prefix}language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# -- language, files, mail --------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
LANGUAGES = [("en-us", "English")]
# With one language every text is its own translation; to ask an empty catalogue costs a page a fifteenth of its time.
USE_I18N = len(LANGUAGES) > 1
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["seller_center.formats"]

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [path for path in (BASE_DIR / "static",) if path.is_dir()]
MEDIA_URL = "media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(DATA_DIR / "media")))
PRIVATE_ROOT = Path(env.str("PRIVATE_ROOT", default=str(DATA_DIR / "private")))  # encrypted, never served by a server
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "private": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(PRIVATE_ROOT)}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if LOCAL
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# On a machine of one's own files are served from where they lie: no collecting before the first page.
WHITENOISE_USE_FINDERS = LOCAL
WHITENOISE_AUTOREFRESH = DEBUG

DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Seller Center <no-reply@example.org>")
SERVER_EMAIL: str = env.str("SERVER_EMAIL", default=DEFAULT_FROM_EMAIL)
MAIL_URL: str = env.str("MAIL_URL", default="file:" if LOCAL else "")


def _mailer(url: str) -> dict:
    """`smtp://user:password@host:587/?tls=1` (or `ssl=1`), `file:` (one file a mail in DATA_DIR/mails), `console:`."""
    parts = urlsplit(url)
    if TESTING:
        return {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
    if parts.scheme == "console":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme in ("file", ""):
        return {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(DATA_DIR / "mails")},
        }
    options: dict = {"host": parts.hostname, "port": parts.port or 587, "timeout": 10}
    if parts.username:
        options |= {"username": parts.username, "password": parts.password or ""}
    options |= {"use_tls": "tls=1" in parts.query, "use_ssl": "ssl=1" in parts.query}
    return {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}


MAILERS = {"default": _mailer(MAIL_URL)}

# -- neighbours -------------------------------------------------------------------------------------------------------

# Payment, carrier and bank: one process over HTTP, here a sandbox.
SANDBOX_URL: str = env.str("SANDBOX_URL", default="http://127.0.0.1:8010" if LOCAL else "").rstrip("/")
SANDBOX_SECRET: str = env.str("SANDBOX_SECRET", default="whsec_" + "bG9jYWwg" * 4 if LOCAL else "")
# The marketplace's own bank in bank files: routing=…,company_id=…,name=…,bank=… (and destination, immediate_origin).
BANK_ORIGINATOR: dict[str, str] = env.dict(
    "BANK_ORIGINATOR",
    default={"routing": "021000021", "company_id": "1234567890", "name": "Marketplace", "bank": "Sandbox Bank"}
    if LOCAL
    else {},
)
CLAMAV_ADDRESS: str = env.str("CLAMAV_ADDRESS", default="")

# -- forms, admin, third parties --------------------------------------------------------------------------------------

PHONENUMBER_DEFAULT_REGION = "US"
PHONENUMBER_DB_FORMAT = "E164"
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
IMPORT_EXPORT_USE_TRANSACTIONS = True
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # it would believe X-Forwarded-For; logs.bind_address does not

# -- log --------------------------------------------------------------------------------------------------------------

LOG_LEVEL: str = env.str("LOG_LEVEL", default="WARNING" if TESTING else "INFO")
LOG_FORMAT: str = env.str("LOG_FORMAT", default="text" if LOCAL else "json")

if LOCAL:  # files are served from where they lie
    warnings.filterwarnings("ignore", message="No directory at", module="django.core.handlers.base")

if not BUILDING:
    safety.refuse_unsafe(globals())

from seller_center.logs import logging_config  # noqa: E402  (after the values it reads)

LOGGING = logging_config(LOG_LEVEL, LOG_FORMAT, quiet=LOCAL)
