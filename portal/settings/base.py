"""Every setting, driven by the environment; there is no production.py."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from celery.schedules import schedule
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parents[2]


def env(name: str, default: str = "") -> str:
    """Read one variable of the environment."""
    return os.environ.get(name, default)


def flag(name: str, *, default: bool = False) -> bool:
    """Read a variable that says yes or no."""
    return env(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def words(name: str, default: str = "") -> list[str]:
    """Read a variable that lists words between commas."""
    return [word.strip() for word in env(name, default).split(",") if word.strip()]


# --- What this installation is --------------------------------------------------------------------

DEBUG = flag("AMENDS_DEBUG")
DEMO = flag("AMENDS_DEMO")
"""The demo shows its sign-ins and lets staff in without a second factor."""
VAR_DIR = Path(env("AMENDS_VAR", str(BASE_DIR / "var")))
SITE_URL = env("AMENDS_URL", "http://127.0.0.1:8000")
"""The public address, without a slash at the end; letters link to it."""

SECRET_KEY = env("AMENDS_SECRET_KEY")
if not SECRET_KEY:
    if not (DEBUG or DEMO):
        raise ImproperlyConfigured("Set AMENDS_SECRET_KEY to 50 random characters or more.")
    SECRET_KEY = "insecure-and-only-for-the-demo"  # noqa: S105
SECRET_KEY_FALLBACKS = words("AMENDS_SECRET_KEY_FALLBACKS")
FIELD_KEYS = words("AMENDS_FIELD_KEYS")
"""Fernet keys for secrets kept in the database, newest first; derived from SECRET_KEY if empty."""
ALLOWED_HOSTS = words("AMENDS_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = words("AMENDS_TRUSTED_ORIGINS")

# --- Brand: a handful of tokens and a logo --------------------------------------------------------

BRAND = {
    "name": env("AMENDS_BRAND_NAME", "Pine & Harbour"),
    "name_zh": env("AMENDS_BRAND_NAME_ZH", "松港"),
    "hue": env("AMENDS_BRAND_HUE", "262"),
    "chroma": env("AMENDS_BRAND_CHROMA", "0.13"),
    "round": env("AMENDS_BRAND_ROUND", "1"),
    "display": env("AMENDS_BRAND_DISPLAY"),
    "logo": env("AMENDS_BRAND_LOGO"),
    "support_email": env("AMENDS_SUPPORT_EMAIL", "help@pine-harbour.example"),
    "order_hint": env("AMENDS_ORDER_PREFIX", "PH"),
}
SHIPS_FROM = env("AMENDS_SHIPS_FROM")
"""Country and postcode parcels leave from, such as ``CN 315000``; a connection's own wins."""

HOME_COUNTRY = env("AMENDS_COUNTRY").upper()
"""Where the merchant works, as two letters: its public holidays are ours."""
HOME_SUBDIVISION = env("AMENDS_SUBDIVISION")
HOME_WEEKDAYS = env("AMENDS_WEEKDAYS")
"""The days on which orders are packed, Monday is 1; empty means as usual in the country."""

# --- Apps -----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "csp",
    "pgtrigger",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "portal",
    "portal.accounts",
    "portal.outbox",
    "tracking",
    "claims",
    "notifications",
]

MIDDLEWARE = [
    "portal.pages.traced.Traced",
    "portal.pages.media_host.MediaHost",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "portal.pages.unsayable.Unsayable",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.pages.csp.AdminPolicy",
    "allauth.account.middleware.AccountMiddleware",
    "portal.pages.signin_staff.StaffGate",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "portal.urls"
ROOT_EVENTCONF = "portal.wiring"
WSGI_APPLICATION = "portal.wsgi.application"

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
                "portal.pages.context.site",
            ],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------

DATABASES = {
    "default": dj_database_url.parse(
        env("DATABASE_URL", "postgres:///amends"), conn_max_age=600, conn_health_checks=True
    )
}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        "connect_timeout": 5,
        "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
    }
)
DATABASE_OWNER = (
    dj_database_url.parse(env("DATABASE_OWNER_URL")) if env("DATABASE_OWNER_URL") else {}
)
"""Who owns the tables: only ``migrate`` signs in as this role, everything else by DATABASE_URL."""
DATABASE_ROLE = (
    {key: DATABASES["default"][key] for key in ("USER", "PASSWORD")} if DATABASE_OWNER else {}
)
"""The portal's own role, to which migrating gives its rights; empty where one role is both."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "portal.lib.caching.PatientRedisCache",
        "LOCATION": env("CACHE_URL", REDIS_URL),
        "KEY_PREFIX": "amends",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}
PAGES_KEPT = int(env("AMENDS_PAGES_KEPT", "512"))
"""Journey pages a process keeps in memory before it asks the cache: some 10 kB each."""
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 14 * 24 * 3600

# --- Celery: wake-ups and the clock, never the only copy of work ----------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 1.0,
    "socket_connect_timeout": 1.0,
    "retry_on_timeout": False,
    "max_retries": 0,  # kombu's own retries would hold a web request for six seconds
    "visibility_timeout": 300,
    "global_keyprefix": env("AMENDS_BROKER_PREFIX", "amends:"),
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
SWEEP_SECONDS = float(env("AMENDS_SWEEP_SECONDS", "5"))
POLL_SECONDS = float(env("AMENDS_POLL_SECONDS", "20"))
"""How often carriers are asked about the parcels that are due."""
ASKING_ROUNDS = int(env("AMENDS_ASKING_ROUNDS", "1"))
"""How many workers may do that at once; leave others free, for a hanging carrier takes time."""
CELERY_BEAT_SCHEDULE = {
    "open envelopes": {
        "task": "tracking.tasks.open_envelopes",
        "schedule": schedule(SWEEP_SECONDS),
    },
    "deliver events": {"task": "portal.outbox.tasks.deliver", "schedule": schedule(SWEEP_SECONDS)},
    "send letters": {"task": "notifications.tasks.send_due", "schedule": schedule(SWEEP_SECONDS)},
    "send webhooks": {
        "task": "notifications.tasks.send_webhooks",
        "schedule": schedule(SWEEP_SECONDS),
    },
    "clean photos": {"task": "claims.tasks.clean_photos", "schedule": schedule(SWEEP_SECONDS)},
    "look after payments": {
        "task": "claims.tasks.look_after_payments",
        "schedule": schedule(SWEEP_SECONDS),
    },
    "watch": {"task": "tracking.tasks.watch", "schedule": schedule(60.0)},
    "keep time": {"task": "claims.tasks.keep_time", "schedule": schedule(60.0)},
    "forecast": {"task": "claims.tasks.forecast", "schedule": schedule(300.0)},
    "ask carriers": {"task": "tracking.tasks.poll_due", "schedule": schedule(POLL_SECONDS)},
    "subscribe": {"task": "tracking.tasks.subscribe_due", "schedule": schedule(POLL_SECONDS)},
    "fetch proofs": {"task": "tracking.tasks.fetch_proofs", "schedule": schedule(60.0)},
    "catch up on polls": {"task": "tracking.tasks.catch_up_polls", "schedule": schedule(3600.0)},
    "learn transit times": {
        "task": "tracking.tasks.learn_transit_times",
        "schedule": schedule(300.0),
    },
    "rate claims again": {"task": "claims.tasks.rate_again", "schedule": schedule(60.0)},
    "read mails": {"task": "claims.tasks.read_mails", "schedule": schedule(60.0)},
    "watch the desk": {"task": "claims.tasks.watch_agents", "schedule": schedule(3600.0)},
    "expect again": {"task": "tracking.tasks.expect_again", "schedule": schedule(300.0)},
}
if DEMO:
    CELERY_BEAT_SCHEDULE["hurry"] = {"task": "portal.tasks.hurry", "schedule": schedule(5.0)}

# --- Languages and time ---------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env("AMENDS_TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True

# --- People ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account"
LIMITS_PREFIX = ""
"""Keeps the rate limits of one test from those of the next."""

# allauth: shoppers by a code sent to the address on file, staff by password or code and a second
# factor. Nobody signs up; shoppers exist by their orders.
ACCOUNT_ADAPTER = "portal.pages.signin.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_VERIFICATION = "none"  # the code itself proves the address
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_TIMEOUT = 3600
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = False  # they need Redis and leak; ours are in portal.accounts.limits
ACCOUNT_FORMS = {"confirm_login_code": "portal.pages.signin.CodeForm"}
MFA_ADAPTER = "portal.pages.signin_staff.MfaAdapter"
MFA_FORMS = {
    "authenticate": "portal.pages.signin_staff.FactorForm",
    "reauthenticate": "portal.pages.signin_staff.FactorAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RATE_LIMITS = False
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_ALLOW_UNVERIFIED_EMAIL = True  # staff are made by an administrator, not by signing up
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or DEMO
MFA_TOTP_ISSUER = BRAND["name"]

# --- Files ----------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT: Path | None = Path(env("AMENDS_STATIC_ROOT", str(VAR_DIR / "static")))
MEDIA_ROOT = Path(env("AMENDS_MEDIA_ROOT", str(VAR_DIR / "private")))
"""Photos live here; no URL serves this folder."""
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = flag("AMENDS_STATIC_FROM_SOURCES", default=DEBUG)
"""Serve static files from where they are written, uncollected and under plain names."""
if WHITENOISE_USE_FINDERS:
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
PHOTO_MAX_BYTES = 20 * 1024 * 1024
PHOTO_MAX_PER_CLAIM = 24
PHOTO_MAX_BYTES_PER_CLAIM = 240 * 1024 * 1024
"""All files of one claim together, those taken back too."""
PHOTO_MAX_PER_HOUR = 120
"""By one person, over all claims."""
MEDIA_ORIGIN = env("AMENDS_MEDIA_ORIGIN").rstrip("/")
"""Where photos are served from, such as https://photos.example.com; here if empty."""
MEDIA_HOST = urlsplit(MEDIA_ORIGIN).netloc
if MEDIA_HOST:
    ALLOWED_HOSTS.append(urlsplit(MEDIA_ORIGIN).hostname or MEDIA_HOST)
WEBHOOK_MAX_BYTES = 1024 * 1024
WEBHOOK_MAX_DEPTH = 64
POLL_LEASE_SECONDS = int(env("AMENDS_POLL_LEASE_SECONDS", "120"))
"""Longer than any call to a carrier may take: what a dead worker was asking is asked after this."""
POLL_MAX_BYTES = 8 * 1024 * 1024
HARBOUR_URL = env("AMENDS_HARBOUR_URL")
"""Where the simulator carrier's other side answers; empty where nobody plays it."""
HARBOUR_KEY = env("AMENDS_HARBOUR_KEY", "harbour-demo")
CARRIER_HOSTS = [*words("AMENDS_CARRIER_HOSTS"), *filter(None, [HARBOUR_URL])]
"""Addresses besides the carriers' own to which a connection's ``host`` option may send calls."""
API_MAX_BYTES = 1024 * 1024
WEBHOOKS_MAY_BE_LOCAL = flag("AMENDS_WEBHOOKS_LOCAL", default=DEBUG)
"""Let merchants' webhooks lead to this machine too, by plain HTTP and on any port."""
API_CALLS_PER_MINUTE = int(env("AMENDS_API_CALLS_PER_MINUTE", "600"))

# --- Mail and money -------------------------------------------------------------------------------

EMAIL_BACKEND = env("AMENDS_EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
EMAIL_HOST = env("AMENDS_EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = int(env("AMENDS_EMAIL_PORT", "25"))
EMAIL_HOST_USER = env("AMENDS_EMAIL_USER")
EMAIL_HOST_PASSWORD = env("AMENDS_EMAIL_PASSWORD")
EMAIL_USE_TLS = flag("AMENDS_EMAIL_TLS")
EMAIL_TIMEOUT = 10
INBOUND_DOMAIN = env("AMENDS_INBOUND_DOMAIN", "")
"""Where answers to letters arrive, such as reply.example.com; empty: letters have no answer."""
INBOUND_SECRETS: dict[str, list[str]] = {}
"""Provider -> what it seals with; AMENDS_INBOUND_SECRETS is "name=secret,name=secret"."""
for _sealed in words("AMENDS_INBOUND_SECRETS"):
    _provider, _secret = _sealed.partition("=")[::2]
    INBOUND_SECRETS.setdefault(_provider, []).append(_secret)
INBOUND_MAX_BYTES = int(env("AMENDS_INBOUND_MAX_BYTES", str(25 * 1024 * 1024)))
INBOUND_AUTHSERV_ID = env("AMENDS_INBOUND_AUTHSERV_ID", "")
"""How our mail house signs its Authentication-Results; empty: they are not looked at."""
LETTER_REPLY_TO = "claims.services.reply_lines.reply_to"
"""Asked with a letter's facts where answers to it go; notifications know nothing of claims."""
DEFAULT_FROM_EMAIL = env("AMENDS_FROM_EMAIL", f"{BRAND['name']} <claims@pine-harbour.example>")

PAYMENT_GATEWAY = env("AMENDS_PAYMENT_GATEWAY", "sandbox")
SANDBOX_BANK_URL = env("AMENDS_SANDBOX_BANK_URL", "http://127.0.0.1:8009")
PAYMENT_LEASE_SECONDS = int(env("AMENDS_PAYMENT_LEASE_SECONDS", "120"))
"""Longer than any call to a provider may take: a dead worker's payment is looked up after this."""
SANDBOX_BANK_SECRET = env("AMENDS_SANDBOX_BANK_SECRET", "sandbox-bank-demo")

# --- Security -------------------------------------------------------------------------------------

METRICS_TOKEN = env("AMENDS_METRICS_TOKEN")
"""The bearer token for /metrics; without one there is no such page."""
IS_HTTPS = SITE_URL.startswith("https://")
SECURE_SSL_REDIRECT = False
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # the proxy redirects; we answer plain HTTP on the loopback behind it
    "security.W021",  # to be preloaded by browsers is the merchant's decision, and hard to undo
]
IS_BEHIND_PROXY = flag("AMENDS_BEHIND_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
# "no-referrer" would make browsers send "Origin: null" with every form, which CSRF must refuse.
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "portal.pages.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *filter(None, [MEDIA_ORIGIN])],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# --- The admin's theme ----------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "Amends",
    "SITE_HEADER": "portal.pages.desk.name",
    "SITE_SUBHEADER": "portal.pages.desk.place",
    "SITE_SYMBOL": "handshake",
    "SITE_URL": "/",
    "SHOW_LANGUAGES": False,
    "SHOW_HISTORY": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "STYLES": ["portal.pages.desk.stylesheet"],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "portal.pages.desk.icon"}],
    "DASHBOARD_CALLBACK": "portal.pages.desk.dashboard",
    "SIDEBAR": {"show_search": False, "navigation": "portal.pages.desk.navigation"},
    "COLORS": {
        "primary": {
            step: f"oklch({light} {BRAND['chroma']} {BRAND['hue']})"
            for step, light in {
                "50": ".97",
                "100": ".94",
                "200": ".88",
                "300": ".80",
                "400": ".70",
                "500": ".58",
                "600": ".50",
                "700": ".43",
                "800": ".36",
                "900": ".30",
                "950": ".22",
            }.items()
        }
    },
}

# --- REST -----------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "tracking.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Amends",
    "DESCRIPTION": "Register orders and parcels; read their journeys; hear what happens.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AnomalyKind": "tracking.states.AnomalyKind",
        "ClaimReason": "claims.states.ClaimReason",
        "ClaimState": "claims.states.ClaimState",
        "DispatchState": "notifications.models.DispatchState",
        "Lane": "tracking.states.Lane",
        "ParcelStatus": "tracking.states.ParcelStatus",
        "Party": "tracking.states.Party",
        "Reason": "tracking.states.Reason",
        "Role": "portal.lib.moves.Role",
        "SentClaimState": "claims.api.claims.STATE_CHOICES",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"redact": {"()": "portal.lib.links.Redact"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}
    },
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        # It logs every call with its address, which may hold a reference or a carrier's key.
        "httpx2": {"level": "WARNING"},
    },
    "root": {"handlers": ["stderr"], "level": env("AMENDS_LOG_LEVEL", "INFO")},
}
