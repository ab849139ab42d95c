"""The finished HTML of the frame and of small components, remembered while nothing in it changes.

Bar, menu and phone bar cost more to render than many a page, and are the same on every page of a section until a count
moves. So each part is rendered once for everything it shows (its key) and kept in a small memory of the process. What
differs from request to request, the token of the log-out form and the words in the search box, is put in afterwards.
The same goes for components that show nothing but their parameters: a help text, an empty card, the head of a widget.
"""

from functools import cache, lru_cache
from typing import Any

from django.template import Context, Engine
from django.templatetags.static import static
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

TOKEN, WORDS = "@@token@@", "@@words@@"
STYLES = (
    "vendor/tabler-core/tabler.min.css",
    "css/tokens.css",
    "css/base.css",
    "css/components.css",
    "css/wide.css",
    "css/lists.css",
)
SCRIPTS = ("vendor/htmx.org/htmx.min.js", "js/frame.js", "js/deeds.js", "js/lists.js", "js/search.js")


class Remembered:
    """What is to be shown, as a key of the memory: equal where everything that is shown is equal."""

    def __init__(self, frame: Any, key: tuple):
        self.frame, self.key = frame, key

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remembered) and self.key == other.key


def part(name: str, frame: Any, context: Any) -> SafeString:
    """One part of the frame: top, side or bottom."""
    key = getattr(frame, "key", None)
    section = str(context.get("page_section") or frame.section)
    if key is None:  # a frame that is not of a request: the style guide
        return SafeString(_fill(_render(name, section, frame), frame, context))
    return SafeString(_fill(_remembered(name, section, get_language(), Remembered(frame, key)), frame, context))


@lru_cache(maxsize=1024)
def _remembered(name: str, section: str, language: str | None, one: Remembered) -> str:
    html = _render(name, section, one.frame)
    one.frame = None  # the memory keeps the key, not the request
    return html


def _render(name: str, section: str, frame: Any) -> str:
    given = {"frame": frame, "csrf_token": TOKEN, "words": WORDS, "page_section": section}
    return Engine.get_default().get_template(f"components/frame/{name}.html").render(Context(given))


REMEMBERED = frozenset({"empty", "help", "keys", "row_menu", "stars", "widget_head"})
"""Components that show nothing but their parameters, and the token of their forms."""


def component(name: str, given: dict[str, Any], context: Any) -> SafeString:
    """One of the ``REMEMBERED`` components with these parameters."""
    key = (name, get_language(), _frozen(given))
    html = _component(name, Remembered(given, key))
    return SafeString(html.replace(TOKEN, str(context.get("csrf_token", "")))) if TOKEN in html else html


@lru_cache(maxsize=2048)
def _component(name: str, one: Remembered) -> SafeString:
    context = Context({**one.frame, "csrf_token": TOKEN})
    html = Engine.get_default().get_template(f"components/{name}.html").render(context)
    one.frame = None  # the memory keeps the key, not what was shown
    return html


def _frozen(value: Any) -> Any:
    """A parameter as a part of a key: texts that are escaped and finished HTML are never taken for each other."""
    if isinstance(value, dict):
        return tuple((name, _frozen(one)) for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    if value is None or isinstance(value, (bool, int)):
        return type(value), value
    return hasattr(value, "__html__"), str(value)


def _fill(html: str, frame: Any, context: Any) -> str:
    request = context.get("request")
    if TOKEN in html:
        html = html.replace(TOKEN, str(context.get("csrf_token") or "") if request is not None else "")
    if WORDS in html:
        # On a list `q` is the words of its own filter.
        searched = request is not None and request.path == frame.places.search
        html = html.replace(WORDS, escape(request.GET.get("q", "")) if searched else "")
    return html


@cache
def head_links() -> SafeString:
    """Style sheets, icons and scripts of every page: the same for everybody, worked out once."""
    font = static("vendor/fontsource-variable-inter/inter-latin.woff2")
    parts = [format_html('<link rel="preload" href="{}" as="font" type="font/woff2" crossorigin>', font)]
    parts += [format_html('<link rel="stylesheet" href="{}">', static(name)) for name in STYLES]
    parts += [
        format_html('<link rel="icon" href="{}" type="image/svg+xml">', static("icons/favicon.svg")),
        format_html('<link rel="icon" href="{}" sizes="32x32" type="image/png">', static("icons/icon-32.png")),
        format_html('<link rel="apple-touch-icon" href="{}">', static("icons/apple-touch-icon.png")),
        mark_safe('<link rel="manifest" href="/manifest.webmanifest">'),
    ]
    parts += [format_html('<script src="{}" defer></script>', static(name)) for name in SCRIPTS]
    parts.append(
        format_html(
            '<script src="{}" data-library="{}" defer></script>',
            static("js/charts.js"),
            static("vendor/chart.js/chart.umd.min.js"),
        )
    )
    return mark_safe("\n".join(parts))  # noqa: S308 (joined from escaped parts)
