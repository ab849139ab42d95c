"""Ready strings for the screen: money, states, moments, deadlines, icons.

Lists render hundreds of these on one page, so each is a plain function that returns finished HTML and remembers what it
can; the template tags in ``templatetags/seller.py`` only hand over. Nothing here reads the database.
"""

import datetime as dt
import re
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext

from seller_center.kernel.codes import ALPHABET
from seller_center.kernel.money import format_money
from seller_center.kernel.text import counted as counted
from seller_center.kernel.text import number as number
from seller_center.states import state_of

MINUTE, HOUR, DAY = 60, 3600, 86400
# Written out, since strftime costs ten times as much and a page of a list has fifty of them.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_FIRST = {"GB"}
"""Markets that write 3 Oct, 14:20; the others write Oct 3, 2:20 PM."""


def money(minor: int | None, currency: str) -> str:
    """An amount as people read it: ``1234, "USD"`` is $12.34; nothing is an em dash."""
    return "—" if minor is None else format_money(minor, currency)


#: The codes that people read: of an order and of what hangs on it (package, return, refund), and of a payout batch.
CODES = re.compile(rf"\b(?:[A-Z0-9]{{4}}[{ALPHABET}]{{8}}(?:-[A-Z]?\d+)?|[A-Z]{{2}}-\d{{8}}-\d+)\b", re.ASCII)


def codes(words: object) -> SafeString:
    """Words in which no code is torn apart at the end of a line: each stands in the class ``code``."""
    if isinstance(words, SafeString) and "<" in words:
        return words  # finished HTML: a code may stand in an address there
    told = words if isinstance(words, SafeString) else escape(str(words))
    return mark_safe(CODES.sub(r'<span class="code">\g<0></span>', told))  # noqa: S308 (escaped above)


@cache
def sprite_url() -> str:
    """Where the icon sprite is served from."""
    return static("vendor/icons/icons.svg")


@lru_cache(maxsize=1024)
def icon(name: str, extra: str = "", label: str = "") -> SafeString:
    """An icon of the sprite; decoration unless it has a label of its own."""
    meaning = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    classes = f"icon {extra}".strip()
    return mark_safe(f'<svg class="{classes}" {meaning}><use href="{sprite_url()}#{name}"/></svg>')  # noqa: S308


@lru_cache(maxsize=2048)
def _badge(status: str, noun: str, language: str | None) -> SafeString:
    state = state_of(status, noun)
    return format_html('<span class="state state-{}">{}</span>', state.tone, state.word)


def badge(status: str, noun: str = "") -> SafeString:
    """A state in its word and tone; nothing for no state."""
    return _badge(str(status), noun, get_language()) if status else SafeString("")


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(at: dt.datetime, zone: str | dt.tzinfo | None) -> dt.datetime:
    """The moment on the shop's wall clock (the active zone where no shop is known)."""
    if isinstance(zone, str):
        zone = _zone(zone)
    return at.astimezone(zone or timezone.get_current_timezone())


def _clock(at: dt.datetime, day_first: bool, seconds: bool = False) -> str:
    tail = f":{at.second:02}" if seconds else ""
    if day_first:
        return f"{at.hour:02}:{at.minute:02}{tail}"
    return f"{at.hour % 12 or 12}:{at.minute:02}{tail} {'AM' if at.hour < 12 else 'PM'}"


def day_words(on: dt.date, *, day_first: bool = False, year: bool = True) -> str:
    """A day: Oct 3, 2026 or 3 Oct 2026."""
    month = MONTHS[on.month - 1]
    if day_first:
        return f"{on.day} {month} {on.year}" if year else f"{on.day} {month}"
    return f"{month} {on.day}, {on.year}" if year else f"{month} {on.day}"


def exact_words(at: dt.datetime, *, day_first: bool = False) -> str:
    """The exact instant with its zone, for the title of a shortened one."""
    day, clock = day_words(at, day_first=day_first), _clock(at, day_first, seconds=True)
    return f"{WEEKDAYS[at.weekday()]}, {day}, {clock} {at.tzname()} ({_offset(at.utcoffset())})"


@lru_cache(maxsize=256)
def _offset(offset: dt.timedelta | None) -> str:
    minutes = int((offset or dt.timedelta()).total_seconds() // MINUTE)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def moment(
    at: dt.datetime | dt.date | None,
    *,
    now: dt.datetime,
    zone: str | dt.tzinfo | None = None,
    market: str = "",
    style: str = "short",
) -> SafeString:
    """A moment in the shop's zone, the exact instant in its title.

    Styles: ``short`` (day and time, the year only if it is another one), ``date``, ``time``, ``ago`` (5 min ago), and
    ``zoned``: short with the zone, for readers who may live in another one, as buyers do.
    Where no zone is given, as for staff, who look at shops of all zones, a time of day says in which zone it is told.
    """
    if at is None:
        return SafeString('<span class="nothing">—</span>')
    day_first = market in DAY_FIRST
    if not isinstance(at, dt.datetime):
        return format_html('<time datetime="{}">{}</time>', at.isoformat(), day_words(at, day_first=day_first))
    here = local(at, zone)
    year = here.year != now.year
    if style == "ago":
        words = ago_words((now - at).total_seconds()) or day_words(here, day_first=day_first, year=year)
    elif style == "date":
        words = day_words(here, day_first=day_first, year=year)
    elif style == "time":
        words = _clock(here, day_first) + _zone_words(here, zone)
    else:
        told = _zone_words(here, zone if style != "zoned" else None)
        words = f"{day_words(here, day_first=day_first, year=year)}, {_clock(here, day_first)}{told}"
    exact = exact_words(here, day_first=day_first)
    return SafeString(f'<time datetime="{here.isoformat(timespec="seconds")}" title="{exact}">{words}</time>')


def _zone_words(here: dt.datetime, zone: str | dt.tzinfo | None) -> str:
    return "" if zone else f" {here.tzname()}"


def ago_words(seconds: float) -> str:
    """How long ago, in words, for the last day; nothing for what is older."""
    if seconds < MINUTE:
        return gettext("just now")
    if seconds < HOUR:
        return gettext("%(n)d min ago") % {"n": seconds // MINUTE}
    if seconds < DAY:
        return gettext("%(n)d h ago") % {"n": seconds // HOUR}
    return ""


def span_words(seconds: float) -> str:
    """A length of time in its two largest sensible units: 45 min, 5 h, 2 days."""
    if seconds < MINUTE:
        return gettext("less than a minute")
    if seconds < HOUR:
        return gettext("%(n)d min") % {"n": seconds // MINUTE}
    if seconds < 2 * DAY:
        return gettext("%(n)d h") % {"n": seconds // HOUR}
    days = int(seconds // DAY)
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


@lru_cache(maxsize=8192)
def _due_words(minutes: int, late: bool, language: str | None) -> str:
    span = span_words(minutes * MINUTE)
    return escape((gettext("%(span)s late") if late else gettext("%(span)s left")) % {"span": span})


def due(
    at: dt.datetime,
    *,
    now: dt.datetime,
    zone: str | dt.tzinfo | None = None,
    market: str = "",
    label: str = "",
) -> SafeString:
    """A running deadline: how much is left, amber within a day, red once it is over, the exact instant in its title."""
    left = (at - now).total_seconds()
    tone = "bad" if left < 0 else "warn" if left < DAY else "neutral"
    words = _due_words(int(abs(left) // MINUTE), left < 0, get_language())
    here = local(at, zone)
    before = f'<span class="due-label">{escape(label)}</span> ' if label else ""
    exact = exact_words(here, day_first=market in DAY_FIRST)
    return mark_safe(  # noqa: S308
        f'<span class="due due-{tone}">{icon("clock-hour-4")}{before}'
        f'<time datetime="{here.isoformat(timespec="seconds")}" title="{exact}">{words}</time></span>'
    )


def deadline(one, *, now: dt.datetime, zone=None, market: str = "", labelled: bool = True) -> SafeString:
    """A ``Deadline`` row as a badge: what is left while it runs, how it ended afterwards. Nothing for no deadline."""
    if not one:
        return SafeString("")
    if one.ended_at is not None:
        return badge(one.ended_as, "deadline")
    return due(one.due_at, now=now, zone=zone, market=market, label=str(one.label) if labelled else "")


@lru_cache(maxsize=2048)
def initials(name: str) -> str:
    """Up to two letters that stand for a name in an avatar."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser_words(agent: str) -> str:
    """What a browser calls itself, in words: Chrome on Linux; the text itself where it is none we know."""
    browser = next((word for sign, word in BROWSERS if sign in agent), "")
    system = next((word for sign, word in SYSTEMS if sign in agent), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or agent
