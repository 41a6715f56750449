"""What tests change."""

import os

os.environ.setdefault("AMENDS_SECRET_KEY", "only-for-tests-" + "x" * 40)

from portal.settings.base import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]
DATABASE_ROLE = {"USER": "amends_portal_test", "PASSWORD": "only-for-tests"}
"""Every test runs as this role, made by the owner: whom DATABASE_URL names."""
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT = None
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CONFORMANCE_DATA = os.environ.get("CONFORMANCE_DATA", str(BASE_DIR.parent / "shared" / "data"))
