"""Addresses of log-in and of one's own account. Ours stand before django-allauth's: the first one that fits answers."""

from django.urls import include, path

from shops import account_factor_views as factor
from shops import account_views as account

urlpatterns = [
    path("", account.landing, name="landing"),
    path("account/lost-access/", account.lost_access, name="lost_access"),
    path("account/log-in-again/", account.log_in_again, name="log_in_again"),
    path("account/second-factor/", factor.challenge, name="second_factor_challenge"),
    path("account/security/", account.security, name="second_factor"),
    path("account/security/check/", factor.check, name="second_factor_check"),
    path("account/security/authenticator/", factor.authenticator_setup, name="authenticator_setup"),
    path("account/security/email-code/", factor.email_setup, name="email_factor_setup"),
    path("account/security/recovery-codes/", factor.recovery_codes, name="recovery_codes"),
    path("account/security/authenticator/removal/", factor.removal, {"kind": "authenticator"}, "authenticator_removal"),
    path("account/security/email-code/removal/", factor.removal, {"kind": "email"}, "email_factor_removal"),
    path("account/sessions/", account.sessions_list, name="usersessions_list"),
    path("account/sessions/end/", account.sessions_end, name="sessions_end"),
    path("account/sessions/<int:number>/end/", account.session_end, name="session_end"),
    # the same addresses and names as allauth's, with a question before them
    path("account/email/", account.email, name="account_email"),
    path("account/password/change/", account.password_change, name="account_change_password"),
    path("account/password/set/", account.password_set, name="account_set_password"),
    path("account/phone/change/", account.phone_change, name="account_change_phone"),
    path("account/3rdparty/", account.connections, name="socialaccount_connections"),
    path("account/tiktok/login/", account.tiktok_login, name="tiktok_login"),
    path("account/tiktok/login/callback/", account.tiktok_callback, name="tiktok_callback"),
    path("account/", include("allauth.urls")),
]
