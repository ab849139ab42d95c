"""Apps as the floor needs them."""

from django.apps import AppConfig


class Account(AppConfig):
    """allauth's accounts without their demands: models only."""

    name = "allauth.account"
