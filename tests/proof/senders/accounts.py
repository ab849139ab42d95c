"""What people send about their own account, and at the door."""

import dataclasses
from collections.abc import Callable

from allauth.socialaccount.models import SocialAccount

from shops import second_factor
from tests.factories.accounts import code_of, mailed_code, make_authenticator, texted_code, verified_client
from tests.factories.shops import PASSWORD
from tests.proof.senders.people import Cast
from tests.proof.senders.shots import Sending, Shot, route_of

ANOTHER = "a new and longer phrase"


def as_member(cast: Cast) -> list[Sending]:
    """A member of the team changes how they log in."""
    client, person = cast.member.client, cast.member.person

    def deed(path: str, make: Callable[[], dict]) -> Sending:
        return Sending(route_of(f"/account/{path}"), cast.member, lambda: Shot(f"/account/{path}", make()))

    def number() -> dict:
        client.post("/account/phone/change/", {"phone": "212 555 0124"})
        return {"code": texted_code("+12125550124")}

    def address() -> dict:
        client.post("/account/email/", {"email": "other@example.com", "action_add": ""})
        return {"code": mailed_code("other@example.com")}

    def new_authenticator() -> dict:
        return {"code": code_of(second_factor.begin_authenticator(person))}

    def code_by_mail() -> dict:
        client.post("/account/security/email-code/", {"action": "mail"})
        return {"code": mailed_code(person.email)}

    def with_mail() -> dict:
        client.post("/account/security/email-code/", code_by_mail())
        return {}

    def no_password() -> dict:
        person.set_unusable_password()
        person.save()
        again = verified_client(person)
        client.cookies = again.cookies
        return {"password1": ANOTHER}

    def at_tiktok() -> dict:
        return {"account": SocialAccount.objects.create(user=person, provider="tiktok", uid="person-1").pk}

    return [
        deed("password/change/", lambda: {"oldpassword": PASSWORD, "password1": ANOTHER}),
        deed("password/set/", no_password),
        deed("email/", lambda: {"email": "else@example.com", "action_add": ""}),
        deed("confirm-email/", address),
        deed("phone/change/", lambda: {"phone": "212 555 0123"}),
        deed("phone/verify/", number),
        deed("security/authenticator/", new_authenticator),
        deed("security/email-code/", code_by_mail),
        deed("security/recovery-codes/", dict),
        deed("security/authenticator/removal/", dict),
        deed("security/email-code/removal/", with_mail),
        deed("security/check/", lambda: {"code": code_of(make_authenticator(person))}),
        deed("3rdparty/", at_tiktok),
        deed("sessions/end/", dict),
        deed("logout/", dict),
        deed("log-in-again/", dict),
    ]


def at_the_door(cast: Cast) -> list[Sending]:
    """Nobody is logged in yet."""
    stranger, person = cast.stranger, cast.member.person

    def deed(path: str, make: Callable[[], dict]) -> Sending:
        return Sending(route_of(f"/account/{path}"), stranger, lambda: Shot(f"/account/{path}", make()))

    def forgotten() -> dict:
        stranger.client.post("/account/password/reset/", {"email": person.email})
        return {"code": mailed_code(person.email)}

    def proven() -> dict:
        stranger.client.post("/account/password/reset/confirm/", forgotten())
        return {"password1": ANOTHER}

    def half_way() -> dict:
        stranger.client.post("/account/login/", {"login": person.email, "password": PASSWORD})
        return {"code": code_of(make_authenticator(person))}

    def by_code() -> dict:
        stranger.client.post("/account/login/code/", {"contact": person.email})
        return {"code": mailed_code(person.email)}

    return [
        deed("login/", lambda: {"login": person.email, "password": PASSWORD}),
        deed("second-factor/", half_way),
        deed("login/code/", lambda: {"contact": cast.newcomer.person.email}),
        deed("login/code/confirm/", by_code),
        deed("signup/", lambda: {"contact": "first@example.com", "password1": ANOTHER}),
        deed("password/reset/", lambda: {"email": cast.newcomer.person.email}),
        deed("password/reset/confirm/", forgotten),
        Sending(
            "account/password/reset/complete/",
            dataclasses.replace(cast.stranger, person=person),
            lambda: Shot("/account/password/reset/complete/", proven()),
        ),
    ]
