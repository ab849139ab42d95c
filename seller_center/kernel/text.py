"""Text that people write or that comes with imports: Markdown in the database, cleaned HTML on the page.

HTML inside Markdown is shown as text; what remains goes through nh3 on its way to the page, so that a hole in one of
the two is not a hole.
"""

import re
from functools import lru_cache
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import ngettext_lazy
from markdown_it import MarkdownIt
from markdownify import MarkdownConverter

#: Longest text that is rendered or converted; more is cut (descriptions end at 10,000 signs by policy).
MAX_SIGNS = 200_000
#: Texts up to this length are kept with their HTML, so that the memory of it stays small.
REMEMBERED_SIGNS = 10_000

_TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_IMPORTED_TAGS = _TAGS | {"h1", "h2", "b", "i"}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_REL = "noopener noreferrer nofollow ugc"

# The page has its own h1 and h2.
_DEMOTED = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}


def number(count: int | None) -> str:
    """A count as people read it, grouped as money is: 1,838. Nothing is an em dash."""
    return "—" if count is None else f"{count:,}"


#: What is counted, in its two forms: a sentence that holds a number must be right for 1 as well.
COUNTED: dict[str, Any] = {
    "changed products": ngettext_lazy("%(n)s changed product", "%(n)s changed products", "many"),
    "characters": ngettext_lazy("%(n)s character", "%(n)s characters", "many"),
    "days": ngettext_lazy("%(n)s day", "%(n)s days", "many"),
    "delivered orders": ngettext_lazy("%(n)s delivered order", "%(n)s delivered orders", "many"),
    "hours": ngettext_lazy("%(n)s hour", "%(n)s hours", "many"),
    "measured metrics": ngettext_lazy("%(n)s measured metric", "%(n)s measured metrics", "many"),
    "months after": ngettext_lazy("%(n)s month after", "%(n)s months after", "many"),
    "more days": ngettext_lazy("%(n)s more day", "%(n)s more days", "many"),
    "new products": ngettext_lazy("%(n)s new product", "%(n)s new products", "many"),
    "options": ngettext_lazy("%(n)s option", "%(n)s options", "many"),
    "orders": ngettext_lazy("%(n)s order", "%(n)s orders", "many"),
    "packages": ngettext_lazy("%(n)s package", "%(n)s packages", "many"),
    "payouts": ngettext_lazy("%(n)s payout", "%(n)s payouts", "many"),
    "pictures": ngettext_lazy("%(n)s picture", "%(n)s pictures", "many"),
    "points": ngettext_lazy("%(n)s point", "%(n)s points", "many"),
    "rows": ngettext_lazy("%(n)s row", "%(n)s rows", "many"),
    "seconds": ngettext_lazy("%(n)s second", "%(n)s seconds", "many"),
    "SKUs": ngettext_lazy("%(n)s SKU", "%(n)s SKUs", "many"),
    "stars": ngettext_lazy("%(n)s star", "%(n)s stars", "many"),
    "units": ngettext_lazy("%(n)s unit", "%(n)s units", "many"),
    "violation points": ngettext_lazy("%(n)s violation point", "%(n)s violation points", "many"),
    "visits": ngettext_lazy("%(n)s visit", "%(n)s visits", "many"),
}


def counted(count: int, what: str) -> str:
    """So many of something, as people say it: ``counted(1, "days")`` is 1 day, ``counted(1838, "rows")`` 1,838 rows."""
    return str(COUNTED[what] % {"many": count, "n": number(count)})


class Count(int):
    """A number in a sentence with braces, which may say what it counts: ``"{sold:units}".format(sold=Count(1))``."""

    def __format__(self, what: str) -> str:
        if what in COUNTED:
            return counted(self, what)
        return super().__format__(what) if what else number(self)


def percent(bp: int) -> str:
    """Basis points as people read them: 600 is 6%, 725 is 7.25%."""
    whole, rest = divmod(bp, 100)
    digits = f"{rest:02}".rstrip("0")
    return f"{whole}.{digits}%" if digits else f"{whole}%"


def render_markdown(text: str) -> SafeString:
    """Clean HTML of a Markdown text: no HTML of its own, no pictures, links that vouch for nothing."""
    text = (text or "")[:MAX_SIGNS]
    return _remembered(text) if len(text) <= REMEMBERED_SIGNS else _rendered(text)


@lru_cache(maxsize=256)
def _remembered(text: str) -> SafeString:
    """The same text gives the same HTML: what is opened often is written once."""
    return _rendered(text)


def _rendered(text: str) -> SafeString:
    return mark_safe(_clean(_markdown().render(text), _TAGS))  # noqa: S308


def markdown_from_html(html: str) -> str:
    """Markdown of an imported HTML description: scripts, styles, pictures and layout are gone, the words remain."""
    cleaned = _clean((html or "")[:MAX_SIGNS], _IMPORTED_TAGS)
    text = MarkdownConverter(heading_style="ATX", bullets="-").convert(cleaned)
    lines = [line.rstrip() for line in text.replace("\u00a0", " ").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _clean(html: str, tags: set[str]) -> str:
    return nh3.clean(
        html, tags=tags, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=_REL, attribute_filter=_absolute_only
    )


def _absolute_only(tag: str, attribute: str, value: str) -> str | None:
    """No link into our own pages: a text does not send a reader to a deed."""
    outward = value.lower().startswith(("https://", "http://", "mailto:"))
    return value if attribute != "href" or outward else None


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
    markdown.disable("image")
    markdown.core.ruler.push("demote_headings", _demote_headings)
    return markdown


def _demote_headings(state) -> None:
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = _DEMOTED[token.tag]


def rarest_first(words: list[str]) -> list[str]:
    """The words of a search in the order in which an index of trigrams should be asked for them.

    It walks along the first and looks the others up: a number or a long word stands in few rows, ``BUYER`` in all of them
    (measured on a million orders: half a millisecond the one way round, ten the other).
    """
    return sorted(words, key=lambda word: (not any(map(str.isdigit, word)), -len(word)))


def one_letter_off(word: str) -> list[str]:
    """Patterns of LIKE for a word with one letter wrong, missing or too many: ``JAKET`` is ``JA_KET``, ``JACKET`` found.

    A single word of five to fourteen letters; shorter ones would be like everything.
    """
    if not (5 <= len(word) <= 14 and word.isalpha()):
        return []
    wrong = [f"{word[:place]}_{word[place + 1 :]}" for place in range(len(word))]
    missing = [f"{word[:place]}_{word[place:]}" for place in range(1, len(word))]
    too_many = [word[:place] + word[place + 1 :] for place in range(len(word))]
    return [f"%{one}%" for one in dict.fromkeys([*wrong, *missing, *too_many])]


def swapped(words: str) -> list[str]:
    """The words with two neighbouring letters changed places, each pair once: the slip that likeness does not forgive.

    ``HEMLET`` shares too few trigrams with ``HELMET``. Words of three letters and long sentences are left alone.
    """
    if not 4 <= len(words) <= 24:
        return []
    pairs = ((place, words[place], words[place + 1]) for place in range(len(words) - 1))
    return [
        words[:place] + second + first + words[place + 2 :]
        for place, first, second in pairs
        if first != second and first.isalpha() and second.isalpha()
    ]
