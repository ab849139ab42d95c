"""K3, K4, K5, G9: what every answer carries, and what no request can do without the form's token.

Asked of every address of the site, as owner, as nobody and as a program; on pages, files, redirects and refusals.
"""

import datetime as dt
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern

from seller_center.kernel import clock
from seller_center.kernel.prepared import Prepared
from tests.factories.accounts import verified_client
from tests.proof.probing import UNSAFE, Address, checksums, patterns, undone
from tests.proof.twins import Twin

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("answers")]  # one worker builds the twins

ROOT = Path(__file__).resolve().parents[2]
#: How many answers and refusals there were when these tests were last widened (R7).
LEAST_ANSWERS = 300
LEAST_REFUSALS = 60
LEAST_QUESTIONS = 20
#: Paths that no floor declares. (`/healthz` and `/readyz` are answered before everything else, to machines only.)
OTHERS = ("/", "/nothing/", "/account/login/", "/account/signup/", "/admin/", "/s/NONE/", "/api/v1/x")

EVERYWHERE = {
    "X-Content-Type-Options": r"nosniff",
    "Referrer-Policy": r"same-origin|no-referrer|strict-origin",
    "X-Frame-Options": r"DENY",
    "Cross-Origin-Opener-Policy": r"same-origin",
    "Permissions-Policy": r".*camera=\(\).*",
    "Content-Security-Policy": r".*default-src .*",
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def known(*beginnings: str) -> list[Address]:
    found = [Address(route, entry) for route, entry in patterns() if route.startswith(beginnings)]
    return [one for one in found if not one.unknown()]


def client_of(user, **options) -> Client:
    client = verified_client(user)
    client.raise_request_exception = False
    client.handler.enforce_csrf_checks = options.get("enforce_csrf_checks", False)
    return client


def pages(twin: Twin) -> Iterator[tuple[str, str, HttpResponse]]:
    """(who, path, answer) of a GET of every address."""
    owner, anybody = client_of(twin.people["owner"]), Client(raise_request_exception=False)
    for address in known("s/<str:shop>/", "shop/", "api/v1/"):
        path = address.path(address.of(twin))
        yield "owner", path, owner.get(path)
        yield "nobody", path, anybody.get(path)
    for path in OTHERS:
        yield "owner", path, owner.get(path)
        yield "nobody", path, anybody.get(path)


@pytest.fixture(scope="module")
def answers(twins) -> list[tuple[str, str, HttpResponse]]:
    """All of them, asked once for the three tests that look at them."""
    logging.disable(logging.CRITICAL)
    with undone():
        return list(pages(twins[0]))


def faults(answer: HttpResponse) -> list[str]:
    """What this answer lacks."""
    found = [
        f"{name}: {answer.headers.get(name)}"
        for name, wanted in EVERYWHERE.items()
        if not re.fullmatch(wanted, answer.headers.get(name, ""))
    ]
    policy = answer.headers.get("Content-Security-Policy", "")
    if "unsafe-" in policy or "*" in policy:
        found.append(policy)
    if "sandbox" not in policy:
        wanted = (
            "default-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        )
        found += [f"no {part}" for part in wanted if part not in policy]
    return found


def test_it_sends_every_header_with_every_answer(answers):
    found = [(who, path, answer.status_code, faults(answer)) for who, path, answer in answers]
    assert [one for one in found if one[3]] == []
    assert {200, 302, 401, 404, 405} <= {status for _who, _path, status, _faults in found}
    print(f"{len(answers)} answers")
    assert len(answers) >= LEAST_ANSWERS


def test_a_prepared_question_holds_nothing_of_the_moment_it_was_first_asked(answers, time_machine):
    """All that the pages asked, worked out anew a year later: the statement is the same, else something flowed in."""
    time_machine.move_to(clock.real_now() + dt.timedelta(days=400))
    asked = [question for question in Prepared.all if question.known]
    changed = [question.__qualname__ for question in asked for kept, anew in question.anew() if kept != anew]
    assert changed == []
    assert len(asked) >= LEAST_QUESTIONS


def test_control_an_answer_without_a_header_is_seen():
    bare = HttpResponse("x")
    assert len(faults(bare)) >= len(EVERYWHERE)
    bare["Content-Security-Policy"] = "default-src 'self' 'unsafe-inline'"
    assert any("unsafe-inline" in one for one in faults(bare))


def shared(answer: HttpResponse) -> bool:
    """Whether a cache between us and the browser might keep this for somebody else."""
    control = answer.headers.get("Cache-Control", "")
    return not ("private" in control or "no-store" in control)


#: What is the same for everybody, logged in or not: the storefront, what programs ask, what is not there.
FOR_ALL = ("/shop/", "/api/", "/nothing/")


def test_it_lets_nobody_keep_what_a_person_saw(answers):
    """K5: whoever is logged in gets ``no-store``; what sets a cookie is not for sharing either."""
    kept = []
    for who, path, answer in answers:
        control = answer.headers.get("Cache-Control", "")
        if who == "owner" and not path.startswith(FOR_ALL) and "no-store" not in control:
            kept.append((who, path, control))
        if answer.cookies and shared(answer):
            kept.append((who, path, control, list(answer.cookies)))
        if "public" in control and "Cookie" in answer.headers.get("Vary", ""):
            kept.append((who, path, control, "varies by cookie"))
    assert kept == []
    assert len(answers) >= LEAST_ANSWERS


def test_control_an_answer_that_could_be_shared_is_seen():
    answer = HttpResponse("secret")
    assert shared(answer)
    answer["Cache-Control"] = "private, no-store"
    assert not shared(answer)


# -- K4: cookies ------------------------------------------------------------------------------------------------------

ASK_COOKIES = """
import json
from seller_center import settings as s
names = [n for n in dir(s) if n.endswith("_COOKIE_NAME")]
print(json.dumps({n: [getattr(s, n)] + [getattr(s, n.replace("_NAME", "_" + flag), None)
    for flag in ("SECURE", "HTTPONLY", "SAMESITE")] for n in names}))
"""


def cookies_in(https: str) -> dict[str, list]:
    env = {**os.environ, "HTTPS": https, "DJANGO_SETTINGS_MODULE": "seller_center.settings"}
    done = subprocess.run(
        [sys.executable, "-c", ASK_COOKIES], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_cookies_belong_to_this_host_and_to_no_script():
    found = cookies_in("1")
    assert {"SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME"} <= set(found)
    for name, (cookie, *flags) in found.items():
        assert cookie.startswith("__Host-"), name
        if name in ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME"):
            assert flags == [True, True, "Lax"], name


def test_control_without_https_the_same_question_finds_bare_cookies():
    assert not any(cookie.startswith("__Host-") for cookie, *_flags in cookies_in("0").values())


def test_every_cookie_that_is_set_is_closed_to_scripts_and_to_other_sites(answers):
    cookies = [(path, name, one) for _who, path, answer in answers for name, one in answer.cookies.items()]
    assert [
        (path, name)
        for path, name, one in cookies
        if not (one["httponly"] and one["samesite"] in ("Lax", "Strict") and not one["domain"])
    ] == []
    assert settings.CSRF_COOKIE_NAME in {name for _path, name, _one in cookies}


# -- G9: the form's token ---------------------------------------------------------------------------------------------


def takes_posts(pattern: URLPattern) -> bool:
    declared = getattr(pattern.callback, "declared", None)
    return declared is None or declared["post"] is not None


def unsafe_ones(twin: Twin, client: Client, **headers) -> Iterator[tuple[str, str, int]]:
    """A POST to every address of pages as the owner, and the other unsafe methods to some."""
    for place, address in enumerate(known("s/<str:shop>/", "shop/")):
        if takes_posts(address.pattern):
            path = address.path(address.of(twin))
            for method in UNSAFE if place % 5 == 0 else ("POST",):
                yield method, address.route, client.generic(method, path, headers=headers or None).status_code


def test_nothing_happens_without_the_forms_token(twins):
    own, _other = twins
    client, before = client_of(own.people["owner"], enforce_csrf_checks=True), checksums()
    answers = list(unsafe_ones(own, client))
    assert [one for one in answers if one[2] not in (403, 405)] == []
    assert sum(status == 403 for _method, _route, status in answers) >= LEAST_REFUSALS
    assert changed(before) == set()


def test_nothing_happens_from_another_site_even_with_a_token(twins):
    own, _other = twins
    client = client_of(own.people["owner"], enforce_csrf_checks=True)
    token = "a" * 32
    client.cookies[settings.CSRF_COOKIE_NAME] = token
    before = checksums()
    answers = list(unsafe_ones(own, client, **{"Origin": "https://evil.example.com", "X-CSRFToken": token}))
    assert [one for one in answers if one[2] not in (403, 405)] == []
    assert changed(before) == set()


def test_nothing_of_the_shop_changes_by_looking(twins):
    """GET of every address, with what a form would send in the question."""
    own, _other = twins
    client, before = client_of(own.people["owner"]), checksums(lambda table: table not in NOTED_BY_LOOKING)
    for address in known("s/<str:shop>/"):
        client.get(address.path(address.of(own)) + "?confirm=1&action=delete&status=archived")
    assert changed(before) - {"shops_notice"} == set()  # a notice that was opened has been read


#: What looking notes by design: who looked at a private file, what was read, when a session was used.
NOTED_BY_LOOKING = {
    "django_session",
    "shops_knowndevice",
    "usersessions_usersession",
    "shops_fileaccess",
    "shops_guardedcount",
    "shops_guarded_count",
}


def changed(before: dict[str, str]) -> set[str]:
    after = checksums()
    return {table for table in before if before[table] != after[table]} - NOTED_BY_LOOKING


def test_control_without_the_question_for_the_token_things_happen(twins):
    own, _other = twins
    with undone():
        before = checksums()
        answers = list(unsafe_ones(own, client_of(own.people["owner"])))
        assert [one for one in answers if one[2] not in (403, 404, 405)]
        assert changed(before)
