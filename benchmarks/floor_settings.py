"""The floor's own settings: what `django-admin startproject` gives, with log-in by session; the same database."""

from seller_center.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.floor_urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# allauth demands its middleware when it is ready; the floor has its models only.
INSTALLED_APPS = [
    "benchmarks.floor_apps.Account" if name == "allauth.account" else name
    for name in INSTALLED_APPS  # noqa: F405
]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
