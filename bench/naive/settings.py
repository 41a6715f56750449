"""Our settings with the naive door and the naive task."""

from bench.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "bench.naive"]  # noqa: F405
ROOT_URLCONF = "bench.naive.urls"
REST_FRAMEWORK = REST_FRAMEWORK | {  # noqa: F405
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_THROTTLE_CLASSES": [],
}
