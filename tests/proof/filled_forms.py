"""Every form that a page shows, filled in as somebody in a hurry would: what is there stays, what is empty gets a word."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

#: What fits a field by its name; other fields get something by their kind.
BY_NAME = {
    "code": "NEW1",
    "email": "somebody-new@example.com",
    "phone": "+12125550123",
    "postal_code": "90012",
    "tracking_number": "1Z999AA10123456784",
    "routing_number": "111000025",
    "number": "000123456789",
    "line1": "1 Main St",
    "city": "Los Angeles",
    "region": "CA",
    "kind": "percent",
    "percent": "10",
    "price": "9.99",
    "weight": "500",
    "weight_grams": "500",
    "on_hand": "40",
    "barcode": "",
    "ends_at": "",
    "compare_at": "",
    "least_spend": "",
    "amount": "",
    "budget": "",
    "limit_count": "",
    "expected_total": "",
}
BY_KIND = {"number": "1", "email": "somebody-new@example.com", "date": "2031-01-01", "url": "https://example.com/"}


@dataclass
class Form:
    """A form that posts, and what would be sent with it."""

    page: str
    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def path(self) -> str:
        return urlsplit(self.action).path or urlsplit(self.page).path


class Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, page: str, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self.found, self.by_id = page, [], {}
        self._form: Form | None = None
        self._select: tuple[Form | None, str] | None = None
        self._area: tuple[Form, str] | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(self.page, given.get("action", ""))
            self.by_id[given.get("id", "")] = self._form
            if given.get("method", "").lower() == "post":
                self.found.append(self._form)
        form = self.by_id.get(given.get("form", "-"), self._form)
        name = given.get("name", "")
        if tag == "option" and self._select is not None:
            self._choose(*self._select, given)
        elif form is None or not name or "disabled" in given:
            return
        elif tag == "input":
            self._input(form, name, given)
        elif tag == "select":
            self._select = form, name
        elif tag == "textarea":
            form.values[name] = [""]
            self._area = form, name
        elif tag == "button" and given.get("value"):
            form.buttons.append((name, given["value"]))
            form.values.setdefault(name, [given["value"]])

    def _input(self, form: Form, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind == "file":
            form.files.append(name)
        elif kind in ("radio", "checkbox"):
            value = given.get("value") or "on"
            if "checked" in given or name not in form.values:
                form.values[name] = [value]
        elif kind not in ("submit", "button", "reset"):
            form.values[name] = [given.get("value") or self._word(name, kind)]

    @staticmethod
    def _word(name: str, kind: str) -> str:
        bare = name.rpartition("-")[2]
        return BY_NAME.get(bare, BY_KIND.get(kind, "" if kind == "hidden" else "Words of somebody"))

    def _choose(self, form: Form | None, name: str, given: dict[str, str]) -> None:
        value = given.get("value", "")
        if form is not None and value and (name not in form.values or "selected" in given):
            form.values[name] = [value]

    def handle_data(self, data: str) -> None:
        if self._area is not None and data.strip():
            form, name = self._area
            form.values[name] = [form.values[name][0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._area is not None:
            form, name = self._area
            form.values[name] = [form.values[name][0].strip() or "Words of somebody"]
            self._area = None
