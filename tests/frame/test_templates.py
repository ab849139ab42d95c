"""Every template of the house compiles and keeps the strict policy."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = sorted(path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates").rglob("*.*"))
PAGES = [name for name in TEMPLATES if name.endswith(".html") and not name.startswith(("mails/", "account/email/"))]
SPRITE = (ROOT / "static/vendor/icons/icons.svg").read_text()
FORBIDDEN = {
    "inline style": re.compile(r'<style\b|\sstyle\s*=\s*["\']'),
    "inline handler": re.compile(r"\son[a-z]+\s*=\s*[\"']"),
    "hx-on": re.compile(r"\shx-on\b"),
    "script in hx-vals or hx-headers": re.compile(r"hx-(vals|headers)\s*=\s*[\"']\s*(js|javascript):"),
    "javascript address": re.compile(r"javascript:"),
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>"),
}


def test_it_found_the_templates():
    assert len(TEMPLATES) > 60


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_compiles(name):
    get_template(name)


def offences(source: str) -> list[str]:
    """What in a template the policy would stop."""
    return [what for what, pattern in FORBIDDEN.items() if pattern.search(source)]


@pytest.mark.parametrize("name", PAGES)
def test_it_keeps_the_strict_policy(name):
    assert offences((ROOT / "templates" / name).read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        '<p style="color:red">',
        "<style>p{}</style>",
        '<a onclick="x()">',
        '<a href="javascript:x()">',
        "<script>x()</script>",
        '<div hx-on:click="x">',
        "<div hx-vals='js:{a:1}'>",
    ],
)
def test_it_would_notice_a_breach(source):
    assert offences(source) != []


TRANSLATED = re.compile(r"{%\s*blocktrans(?:late)?\b[^%]*%}(.*?){%\s*endblocktrans(?:late)?\s*%}", re.DOTALL)
DOTTED = re.compile(r"{{\s*\w+[.|][^}]*}}")


def unresolved(source: str) -> list[str]:
    """Variables inside a translated block that Django leaves empty there: only plain names are looked up."""
    return [found for block in TRANSLATED.findall(source) for found in DOTTED.findall(block)]


def test_it_says_every_fact_of_a_translated_sentence():
    found = {name: unresolved((ROOT / "templates" / name).read_text()) for name in TEMPLATES}
    assert {name: what for name, what in found.items() if what} == {}


def test_it_would_notice_a_fact_that_stays_empty():
    assert unresolved("{% blocktranslate %}your application {{ application.code }}{% endblocktranslate %}")
    assert not unresolved("{% blocktranslate with code=application.code %}yours {{ code }}{% endblocktranslate %}")


IN_TEMPLATES = re.compile(r"""{%\s*icon\s+["']([a-z0-9-]+)["']|\bicon=["']([a-z0-9-]+)["']""")
IN_VIEWS = re.compile(r"""["']icon["']:\s*["']([a-z0-9-]+)["']|\bicon=["']([a-z0-9-]+)["']""")


def icons_in(text: str, pattern: re.Pattern) -> set[str]:
    """The names of icons that a file mentions."""
    return {name for found in pattern.findall(text) for name in found if name}


def test_it_uses_only_icons_that_the_sprite_has():
    drawn = set(re.findall(r'<symbol id="([^"]+)"', SPRITE))
    files = [(ROOT / "templates" / name, IN_TEMPLATES) for name in TEMPLATES]
    floors = (
        "shops",
        "catalog",
        "marketing",
        "orders",
        "payouts",
        "support",
        "analytics",
        "storefront",
        "seller_center",
    )
    files += [(path, IN_VIEWS) for floor in floors for path in (ROOT / floor).rglob("*.py")]
    unknown = {
        (path.relative_to(ROOT).as_posix(), name)
        for path, pattern in files
        for name in icons_in(path.read_text(), pattern) - drawn
    }
    assert unknown == set()


CARDS = re.compile(r'<table class="desk-table desk-cards">(.*?)</table>', re.DOTALL)
UNNAMED = re.compile(
    r'<td class="num">|<td>{{[^}]*\b(reason|hold_reason|approved_by|released_by|claimed_by|bank_account)\b'
)


def unnamed(source: str) -> list[str]:
    """Cells of a desk that say on a phone, where a row is a card without heads, not what they are."""
    return [found.group() for table in CARDS.findall(source) for found in UNNAMED.finditer(table)]


def test_on_a_phone_a_figure_of_a_desk_says_what_it_counts():
    found = {name: unnamed((ROOT / "templates" / name).read_text()) for name in TEMPLATES if name.startswith("admin/")}
    assert {name: cells for name, cells in found.items() if cells} == {}


def test_it_would_notice_a_bare_figure():
    assert unnamed('<table class="desk-table desk-cards"><td class="num">{{ batch.payout_count }}</td></table>')
    assert not unnamed('<table class="desk-table desk-cards"><td data-label="x" class="num">{{ n }}</td></table>')


BLOCKS = re.compile(r"{% (block \w+|endblock(?: \w+)?) %}")
ADDRESS = re.compile(r"{% url [^%]* as (\w+) %}")


def blocks_of(source: str) -> list[str]:
    """The outermost blocks of a template."""
    found, depth, start = [], 0, 0
    for tag in BLOCKS.finditer(source):
        if tag[1].startswith("endblock"):
            depth -= 1
            if depth == 0:
                found.append(source[start : tag.start()])
        else:
            start = start if depth else tag.end()
            depth += 1
    return found


def lost_addresses(source: str) -> set[str]:
    """Addresses that one block works out and another one uses: Django has forgotten them there, and the link is empty."""
    blocks = blocks_of(source)
    named = {name for body in blocks for name in ADDRESS.findall(body)}
    return {
        name
        for name in named
        for body in blocks
        if re.search(rf"({{{{\s*|=){name}\b(?!=)", body) and f" as {name} %}}" not in body
    }


def test_no_link_is_empty_because_another_block_knew_its_address():
    found = {name: lost_addresses((ROOT / "templates" / name).read_text()) for name in PAGES}
    assert {name: lost for name, lost in found.items() if lost} == {}


def test_it_would_notice_an_address_of_another_block():
    crumbs = "{% block crumbs %}{% url 'a:b' shop=shop.code as up %}{% component 'crumbs' url=up %}{% endblock %}"
    for used in ('<a href="{{ up }}">', "{% component 'deed' cancel_url=up %}"):
        assert lost_addresses(f"{crumbs}{{% block content %}}{used}{{% endblock %}}") == {"up"}
        there = "{% url 'a:b' shop=shop.code as up %}"
        assert not lost_addresses(f"{crumbs}{{% block content %}}{there}{used}{{% endblock %}}")
    assert not lost_addresses(f"{crumbs}{{% block content %}}what goes up{{% endblock %}}")
