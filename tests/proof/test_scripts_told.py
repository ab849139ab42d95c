"""K1, where texts leave the house: mails, and files that somebody takes away, run and calculate nothing of what was written.

The mails that the twins' own trade causes are sent with attacks for names, titles and words. Besides, every template of
a mail is rendered with an attack for each variable, whatever it is called. Of files every one that a page of the shop,
its lists and its payouts hand out is read.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.template import Context, Engine
from django.test import Client
from django.urls import reverse

from payouts.models import PayoutBatch
from seller_center import lists, reactions
from seller_center.kernel import clock, csvio
from tests.factories.shops import make_user
from tests.proof.payloads import PAYLOADS, Alive
from tests.proof.probing import hushed, undone
from tests.proof.test_scripts import plant
from tests.proof.test_tenants import addresses, client_of
from tests.proof.twins import Twin

pytestmark = pytest.mark.slow

LEAST_MAILS = 20
LEAST_TEMPLATES = 85
LEAST_SHOWING = 60
LEAST_FILES = 24


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with hushed():
        yield


# -- mails that are sent ----------------------------------------------------------------------------------------------

#: The headers of a mail of ours; a line break in a subject would add another.
HEADERS = {
    *("content-type", "mime-version", "content-transfer-encoding"),
    *("subject", "from", "to", "date", "message-id"),
}


def parts_alive(message: EmailMessage) -> list[str]:
    """What a mail program would run of it, and parts of another kind than text and HTML."""
    found = []
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "text/html":
            found += Alive(part.get_content()).found
        elif not part.is_multipart() and kind != "text/plain":
            found.append(kind)
    return found


def faults(message: EmailMessage) -> list[str]:
    """What is wrong with a mail as it goes over the wire."""
    strange = {name.lower() for name, _value in message.items()} - HEADERS
    return parts_alive(message) + sorted(strange)


def sent() -> list[EmailMessage]:
    """What was sent, as a mail program reads it."""
    return [message_from_bytes(one.message().as_bytes(), policy=policy.default) for one in mail.outbox]


def deliver_with(text: str = "") -> list[EmailMessage]:
    """The mails about the twins' trade, their texts overwritten; addresses of people stay addresses."""
    with undone():
        for turn in range(2):
            plant(turn, but=("contact_email",), words=text)
        mail.outbox = []
        reactions.deliver_all(clock.real_now())
        return sent()


def test_no_text_comes_to_life_in_a_mail(twins, figure):
    mails = deliver_with()
    assert [(one["Subject"], wrong) for one in mails if (wrong := faults(one))] == []
    assert sum("xss" in one.as_string() for one in mails) >= len(mails) // 2, "what was written is told"
    figure("K1", "mails sent", len(mails))
    assert len(mails) >= LEAST_MAILS


def test_no_line_break_in_a_name_adds_a_header(twins):
    mails = deliver_with("x\r\nBcc: xss@example.com\r\n\r\n<script>xss(1)</script>")
    assert [(one["Subject"], wrong) for one in mails if (wrong := faults(one))] == []
    assert any("Bcc: xss" in one["Subject"] for one in mails), "it stands in the subject, where it does nothing"


def test_control_a_mail_that_runs_or_has_a_foreign_header_would_be_seen():
    alive = EmailMessage(policy=policy.default)
    alive["Subject"] = "x"
    alive.set_content("plain")
    alive.add_alternative("<p><script>xss(1)</script></p>", subtype="html")
    assert faults(alive)
    alive = EmailMessage(policy=policy.default)
    alive.set_content("plain")
    alive["Bcc"] = "xss@example.com"
    assert faults(alive) == ["bcc"]


# -- every template of a mail -----------------------------------------------------------------------------------------

MOMENT = dt.datetime(2026, 10, 3, 12, tzinfo=dt.UTC)
IS_A_MOMENT = re.compile(r"(_at|_by|_on|_until|_date|_since|_from|_then|^now|^at|^timestamp|^month|^due|^until)$")
IS_A_NUMBER = re.compile(
    r"(^|_)(quantity|number|more|points|units|count|days|hours|stock|threshold|on_hand|available|left)$"
)
IS_A_ZONE = re.compile(r"zone$")


class Anything(str):
    """An attack that is also a thing with any attribute: another attack, or a moment, number or zone by its name."""

    def __getattr__(self, name: str):
        if name.startswith("_") or name in ("resolve_expression", "alters_data", "do_not_call_in_templates"):
            raise AttributeError(name)
        return called(name, self)

    def __iter__(self):
        return iter((self,))


def called(name: str, text: str):
    """What a variable of this name holds."""
    if IS_A_ZONE.search(name):
        return "UTC"
    if IS_A_MOMENT.search(name):
        return MOMENT
    return 3 if IS_A_NUMBER.search(name) else Anything(text)


class Everything(dict):
    """A context in which every name stands for something."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str):
        return called(name, self.text)

    def get(self, name: str, otherwise: object = None):
        return self[name]


def templates() -> list[str]:
    """The names of all templates of mails."""
    root = Path(settings.BASE_DIR) / "templates"
    return [
        str(path.relative_to(root))
        for folder in ("mails", "account/email")
        for path in sorted((root / folder).iterdir())
    ]


def rendered(name: str, text: str, *, escape: bool = True) -> str:
    """The template with ``text`` for every variable; plain text is written as `notifying.send_mail` writes it."""
    context = Context(autoescape=escape and name.endswith(".html"))
    context.dicts.append(Everything(text))
    return Engine.get_default().get_template(name).render(context)


#: One of each kind: out of text, attribute, script and comment, words of links, entities, templates.
SOME = PAYLOADS[::9]


def test_no_template_of_a_mail_lets_a_text_live(figure):
    names = templates()
    alive = [
        (name, found)
        for name in names
        if name.endswith(".html")
        for text in SOME
        if (found := Alive(rendered(name, text)).found)
    ]
    assert alive == []
    plain = [(name, rendered(name, text), text) for name in names if name.endswith(".txt") for text in SOME[:3]]
    assert [name for name, told, text in plain if "xss" in told and text not in told] == [], "plain text is not escaped"
    figure("K1", "templates of mails", len(names))
    assert len(names) >= LEAST_TEMPLATES
    assert len({name for name, told, _text in plain if "xss" in told}) >= LEAST_SHOWING


def test_control_a_template_that_does_not_escape_would_be_seen():
    names = [name for name in templates() if name.endswith(".html")]
    alive = [name for name in names if any(Alive(rendered(name, text, escape=False)).found for text in SOME)]
    assert alive == names


# -- files ------------------------------------------------------------------------------------------------------------

#: What a browser shows or keeps, and runs nothing of.
HARMLESS = ("application/json", "application/pdf", "image/webp", "image/jpeg", "image/png", "text/plain")
#: What is never shown, but kept.
KEPT = ("text/csv", "application/octet-stream")
FORMULA = '=HYPERLINK("javascript:xss(1)";"x")'


@dataclass(frozen=True)
class File:
    """What somebody took away."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def cells(self) -> list[str]:
        return [cell for row in csv.reader(io.StringIO(self.body.decode("utf-8-sig"))) for cell in row]


def files_of(twin: Twin) -> Iterator[File]:
    """Everything that is no page and that the owner, or staff for the bank, can take away."""
    owner = client_of(twin.people["owner"])
    paths = [one.path(one.of(twin)) for one in addresses("s/<str:shop>/")]
    paths += [reverse("list_export", args=[twin.shop.code, name]) for name in lists.LISTS]
    yield from taken(owner, dict.fromkeys(paths))
    boss = client_of(make_user(name="Boss", is_staff=True, is_superuser=True))
    batches = PayoutBatch.objects.values_list("pk", flat=True)
    yield from taken(boss, [reverse("admin:payouts_payoutbatch_file", args=[pk]) for pk in batches])
    with_key = Client(headers={"Authorization": f"Bearer {twin.key}"})
    yield from taken(with_key, [one.path(one.of(twin)) for one in addresses("api/v1/") if not one.parts])


def taken(client: Client, paths: Iterable[str]) -> Iterator[File]:
    for path in paths:
        answer = client.get(path)
        if answer.status_code == 200 and not answer.headers["Content-Type"].startswith("text/html"):
            yield File(path, answer.headers, answer.getvalue())


def file_faults(file: File) -> list[str]:
    """Why a browser or a spreadsheet would run something of it."""
    kind, _, _more = file.headers["Content-Type"].partition(";")
    found = [] if kind in (*HARMLESS, *KEPT) else [f"is {kind}"]
    if file.headers.get("X-Content-Type-Options") != "nosniff":
        found.append("may be taken for another kind")
    if kind in KEPT and not file.headers.get("Content-Disposition", "").startswith("attachment;"):
        found.append("opens in the browser")
    if kind == "text/csv":
        found += [f"calculates {cell[:60]}" for cell in file.cells if calculates(cell)]
    return found


def calculates(cell: str) -> bool:
    """Would a spreadsheet take it for a formula? What begins with our apostrophe it does not."""
    return csvio.escape_cell(cell) != cell and not cell.startswith("'")


def test_no_file_runs_or_calculates_what_was_written(twins, figure):
    with undone():
        plant(0, words=FORMULA)
        files = list(files_of(twins[0]))
    assert [(file.path, wrong) for file in files if (wrong := file_faults(file))] == []
    assert sum(b"xss(1)" in file.body for file in files) >= 10, "what was written is in the files"
    figure("K1", "files read", len(files))
    assert len(files) >= LEAST_FILES, [file.path for file in files]


def test_control_without_the_apostrophe_files_would_calculate(twins, monkeypatch):
    with undone(), monkeypatch.context() as bare:
        bare.setattr(csvio, "escape_cell", lambda text: text)
        plant(0, words=FORMULA)
        files = [file for file in files_of(twins[0]) if file.path.endswith("/export/")]
    assert sum(bool(file_faults(file)) for file in files) >= 5
