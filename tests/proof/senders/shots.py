"""What is sent: a request, by whom, for which route; and the forms of pages as requests."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import resolve

from shops.models import Shop, User
from tests.factories import papers
from tests.proof.filled_forms import Form, Forms
from tests.proof.probing import Address, patterns, undone, unsafe_methods
from tests.proof.twins import Twin

#: A number that UPS could have given.
NUMBER = "1Z999AA10123456784"
#: Where a buyer of these tests lives.
WHERE = {
    "name": "A Buyer",
    "email": "buyer@example.com",
    "line1": "1 Main St",
    "city": "Los Angeles",
    "region": "CA",
    "postal_code": "90012",
}


@dataclasses.dataclass(frozen=True)
class Visitor:
    """Somebody who asks. ``person``: None for a buyer without an account, and for a program."""

    name: str
    client: Client
    person: User | None
    shop: Shop
    #: Whether this one works in one shop only: nothing is told of another by what they do.
    at_home: bool = True


@dataclasses.dataclass(frozen=True)
class Shot:
    """One request, whole."""

    path: str
    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    files: tuple[str, ...] = ()
    method: str = "POST"
    body: str = ""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def fire(self, client: Client):
        """Send it; the client still holds its session afterwards, whatever the answer says (it is undone)."""
        if self.body:
            return client.generic(
                self.method, self.path, self.body, content_type="application/json", headers=self.headers
            )
        papers_sent = {name: SimpleUploadedFile("paper.jpg", papers.passport(), "image/jpeg") for name in self.files}
        return client.post(self.path, self.values | papers_sent)


@dataclasses.dataclass(frozen=True)
class Sending:
    """A request for this route by this visitor. ``make`` may do what must be there first; all of it is undone."""

    route: str
    visitor: Visitor
    make: Callable[[], Shot]
    #: Whether nothing had to be there first.
    plain: bool = False


def route_of(path: str) -> str:
    return resolve(path.partition("?")[0]).route


def unsafe_routes() -> dict[str, Address]:
    """Every route that may be asked to change something; of two with the same words the first one answers."""
    found: dict[str, Address] = {}
    for route, entry in patterns():
        if unsafe_methods(entry.callback):
            found.setdefault(route, Address(route, entry))
    return found


def values_of(form: Form, button: tuple[str, str] | None = None) -> dict[str, Any]:
    values: dict[str, Any] = {name: one[0] if len(one) == 1 else one for name, one in form.values.items()}
    return values | ({button[0]: button[1]} if button else {})


def forms_on(client: Client, paths: list[str], begins: str) -> Iterator[Form]:
    """Every form on these pages that posts to an address that begins like this."""
    for path in paths:
        with undone():
            answer = client.get(path)
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            yield from (one for one in Forms(path, answer.content.decode()).found if one.path.startswith(begins))


def by_forms(visitor: Visitor, paths: list[str], begins: str, *, each_button: bool = False) -> list[Sending]:
    """One sending for each address that the pages post to, or for each button of each form."""
    found: dict[tuple, Sending] = {}
    for form in forms_on(visitor.client, paths, begins):
        for button in (form.buttons or [None]) if each_button else [None]:
            # a form that says where it goes is another one with another query (rows that were chosen)
            target = form.action or form.page
            shot = Shot(target if "?" in target else form.path, values_of(form, button), tuple(form.files))
            key = (route_of(form.path), button)
            found.setdefault(key, Sending(key[0], visitor, lambda shot=shot: shot, plain=True))
    return list(found.values())


def filled(client: Client, page: str, target: str, **values: Any) -> Shot:
    """The form of a page that posts there, with some values of ours."""
    form = next(one for one in forms_on(client, [page], target) if one.path == target)
    return Shot(target, values_of(form) | values, tuple(form.files))


def paths_of(twin: Twin, begins: str) -> list[str]:
    found = [Address(route, entry) for route, entry in patterns() if route.startswith(begins)]
    return [one.path(one.of(twin)) for one in found if not one.unknown()]
