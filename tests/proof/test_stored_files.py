"""H4: a private file is opened by those whose area it is, by nobody else, by no other way, and never without a trace.

Every kind × every role × every way of asking (INV20). What is refused is 404 for members, strangers and nobody, and
403 for staff of another desk, who know that the file exists.
"""

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client

from shops import files
from shops.file_kinds import KINDS
from shops.models import FileAccess, Membership, StoredFile
from shops.views import files as doors
from tests.factories.accounts import password_client, verified_client
from tests.factories.shops import make_staff
from tests.proof.probing import undone
from tests.proof.twins import ROLES, Twin, nothing_like

pytestmark = pytest.mark.slow

STAFF = ("reviewer", "support", "finance", "policy", "")
#: Half of a file, and what servers have stumbled over: each gets the whole file or nothing.
ASKED = ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=-5"}, {"Range": "bytes=0-0,2-2"}, {"If-Modified-Since": "x"})
LEAST_PROBES = 330
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TYPES = {"image/png": ("inline", "image/png"), "text/html": ("attachment", "application/octet-stream")}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def stored(twins) -> dict[str, list[StoredFile]]:
    """Letter of the twin → a file of every kind: a picture, a page, a picture, …"""
    return {
        twin.letter: [
            files.store_private(
                shop=twin.shop,
                kind=kind,
                content=f"{twin.canary} {kind}".encode(),
                name=f'{kind} "é"\r\nX: y.html',
                by=twin.people["owner"],
                at=twin.rows.order.placed_at,
                media_type=media_type,
            )
            for kind, media_type in zip(KINDS, itertools.cycle(TYPES), strict=False)
        ]
        for twin in twins
    }


def in_shop(twin: Twin, file: StoredFile) -> str:
    return f"/s/{twin.shop.code}/files/{file.code}/"


def on_desk(file: StoredFile) -> str:
    return f"/admin/shops/storedfile/{file.pk}/content/"


def looks(file: StoredFile) -> int:
    return FileAccess.objects.filter(file=file).count()


def faults(answer: HttpResponse, file: StoredFile) -> list[str]:
    """What is wrong with an answer that holds the file."""
    kind, media_type = TYPES[file.media_type]
    found = [f"{name}: {answer.headers.get(name)}" for name, value in HEADERS.items() if answer.headers[name] != value]
    if not {"private", "no-store"} <= set(answer.headers.get("Cache-Control", "").split(", ")):  # a desk says more
        found.append(answer.headers.get("Cache-Control", ""))
    if answer.headers["Content-Type"] != media_type:
        found.append(answer.headers["Content-Type"])
    disposition = answer.headers["Content-Disposition"]
    if not disposition.startswith(f"{kind}; filename*=UTF-8''") or {"\r", "\n", '"'} & set(disposition):
        found.append(disposition)
    if "Accept-Ranges" in answer.headers or "ETag" in answer.headers:
        found.append("a part may be asked for")
    return found


class Asking:
    """Asks for a file and keeps what was not as it should be."""

    def __init__(self) -> None:
        self.probes, self.opened, self.wrong = 0, 0, []

    def ask(self, who: str, client: Client, path: str, file: StoredFile, *, may: bool, refusals=(404,)) -> None:
        for method, headers in (("HEAD", {}), *(("GET", headers) for headers in ASKED)):
            before = looks(file)
            answer = client.generic(method, path, headers=headers)
            seen = looks(file) - before
            self.probes += 1
            if may:
                self.opened += 1
                good = answer.status_code == 200 and seen == 1 and not faults(answer, file)
                good = good and (method == "HEAD" or file.kind.encode() in answer.content)
            else:
                good = answer.status_code in refusals and seen == 0 and b"TENANT-" not in answer.content
            if not good:
                self.wrong.append((who, method, path, file.kind, headers, answer.status_code, seen))


def client_of(user) -> Client:
    return verified_client(user, raise_request_exception=False)


def ask_as_members(asking: Asking, twin: Twin, kept: list[StoredFile], roles=ROLES) -> None:
    for role in roles:
        client = client_of(twin.people[role])
        place = Membership.objects.select_related("role").get(shop=twin.shop, user=twin.people[role])
        for file in kept:
            rule = KINDS[file.kind]
            may = place.may(rule.area, "view") and (place.role.is_owner or not rule.owner_only)
            asking.ask(role, client, in_shop(twin, file), file, may=may)


def test_a_file_opens_for_those_whose_area_it_is_and_leaves_a_trace(twins, stored, figure):
    own, _other = twins
    asking = Asking()
    with undone():
        ask_as_members(asking, own, stored[own.letter])
    assert asking.wrong == []
    assert 0 < asking.opened < asking.probes
    figure("H4", "questions of members", asking.probes)
    assert asking.probes >= LEAST_PROBES


def test_a_file_does_not_exist_for_strangers_and_nobody(twins, stored, figure):
    own, other = twins
    asking = Asking()
    askers = {
        "stranger": client_of(other.people["owner"]),
        "applicant": client_of(own.applicant),
        "nobody": Client(raise_request_exception=False),
    }
    with undone():
        for who, client in askers.items():
            for file in stored[own.letter]:
                asking.ask(who, client, in_shop(own, file), file, may=False)
        for file in stored[own.letter]:  # through the stranger's own shop
            asking.ask("stranger", askers["stranger"], in_shop(other, file), file, may=False)
    assert asking.wrong == []
    figure("H4", "questions of strangers", asking.probes)
    assert asking.probes >= LEAST_PROBES // 2


def test_a_password_alone_opens_no_file_where_a_second_factor_is_set_up(twins, stored):
    own, _other = twins
    with undone():
        client_of(own.people["owner"])  # sets the factor up
        client = password_client(own.people["owner"], raise_request_exception=False)
        answers = {client.get(in_shop(own, file)).status_code for file in stored[own.letter]}
    assert answers <= {302, 403, 404}


def test_no_path_that_can_be_guessed_leads_to_a_file(twins, stored):
    own, _other = twins
    client, anybody = client_of(own.people["owner"]), Client(raise_request_exception=False)
    found, probes = [], 0
    for file in stored[own.letter][:2]:
        whole = Path(files.storage().path(file.path))
        bare = [file.path, whole.name, str(whole).lstrip("/"), file.name, f"../private/{file.path}", file.sha256]
        starts = ("/", "/media/", "/private/", "/files/", "/static/", "/static/../", "/pictures/", "/.local/private/")
        paths = [start + word for start, word in itertools.product(starts, bare)]
        paths += [f"/s/{own.shop.code}/files/{word}/" for word in (file.pk, nothing_like(file.code), file.code.lower())]
        paths += [f"/s/{own.shop.code}/files/{file.code}/../{file.code}", f"/s/{own.shop.code}/files/{file.code}%00/"]
        before = looks(file)
        for path, asker in itertools.product(paths, (client, anybody)):
            answer = asker.get(path)
            probes += 1
            if answer.status_code == 200 or b"TENANT-" in answer.content:
                found.append((path, answer.status_code))
        assert looks(file) == before
    assert found == []
    assert probes >= 200


@pytest.mark.parametrize("group", STAFF)
def test_staff_open_the_kinds_of_their_desk_and_no_other(twins, stored, group):
    own, other = twins
    asking = Asking()
    with undone():
        client = client_of(make_staff(*filter(None, [group])))
        for file in (*stored[own.letter], *stored[other.letter]):
            may = group in KINDS[file.kind].staff
            asking.ask(group, client, on_desk(file), file, may=may, refusals=(302, 403, 404))
    assert asking.wrong == []
    assert asking.probes == 2 * len(KINDS) * (len(ASKED) + 1)


def test_a_member_never_reaches_the_desk(twins, stored):
    own, _other = twins
    asking = Asking()
    with undone():
        for who in ("owner", "finance"):
            for file in stored[own.letter]:
                asking.ask(who, client_of(own.people[who]), on_desk(file), file, may=False, refusals=(302, 403, 404))
    assert asking.wrong == []


def test_control_without_the_question_whose_area_it_is_everybody_in_the_shop_would_look(twins, stored, monkeypatch):
    own, _other = twins
    monkeypatch.setattr(doors, "member_may_open", lambda *_: True)
    asking = Asking()
    with undone():
        ask_as_members(asking, own, stored[own.letter], roles=("packing",))
    assert len(asking.wrong) >= len(ASKED)


def test_control_without_the_trace_or_a_header_it_would_be_seen(twins, stored, monkeypatch):
    own, _other = twins
    monkeypatch.setattr(doors.files, "open_file", lambda *, file, **_: files.read(file))
    asking = Asking()
    with undone():
        ask_as_members(asking, own, stored[own.letter][:1], roles=("owner",))
    assert len(asking.wrong) == len(ASKED) + 1
    bare = HttpResponse("x", headers=dict.fromkeys((*HEADERS, "Content-Disposition"), ""))
    assert len(faults(bare, stored[own.letter][0])) == len(HEADERS) + 3
