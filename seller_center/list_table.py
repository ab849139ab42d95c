"""The table of a list from plain values: the fast way to show many rows, and the same cells for screen and export.

A view hands over columns and rows without knowing any HTML; ``{% list_table columns rows %}`` writes the table. A page
of 25 rows and 8 columns costs less than half of what a row template costs, because nothing is looked up, only joined.

A **column** is a dict: ``label``, ``as`` (below), ``hide`` to leave it out, ``right`` to align it as a figure.

=========  ==========================================================================
``as``     how it stands
=========  ==========================================================================
``main``   the name of the row, linked to its page; head of the card on a phone
``tag``    a state or deadline; on a phone below the head, side by side
``num``    a figure, right-aligned
``end``    the amount, right-aligned; on a phone at the right of the head
``text``   anything else (the default)
``extra``  left out on a phone
=========  ==========================================================================

A **row** is a dict: ``cells`` (one value per column), ``url`` (where its name leads), ``code`` (what picking it means;
no ``code``, no box), ``id`` (of the ``<tr>``, for a partial answer).

A **cell** is a text, a number, ``None``, finished HTML (``SafeString``), or a tuple that says what it is:
``("money", minor, currency)`` · ``("state", status[, noun])`` · ``("moment", at[, style])`` ·
``("due", at[, label])`` · ``("deadline", deadline)`` · ``("link", words, url)`` · ``("mark", words, tone)`` ·
``("until", words, at)`` · ``("two", above, below)`` · ``("picture", url, above, below)`` (in the main column only) ·
``("told", cell, numbers)``, a cell and the plain numbers that it says (``shops.lists.told``) ·
and small forms inside a row: ``("number", url, name, value, hidden, label[, error, typed])`` ·
``("choose", url, name, options, value, label, button[, note[, error]])``, the note being ``(words, moment)``.

``export_head`` and ``export_cells`` give the same cells for a file: amounts as plain numbers with the currency in the
head, what is told in words as the numbers behind them, moments as the exact instant in the shop's zone (what the screen
has in its title), everything else in the words of the screen.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any

from django.utils.html import conditional_escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from seller_center import display
from seller_center.kernel.money import Money
from seller_center.states import state_of

CLASSES = {
    "main": "cell-main",
    "tag": "cell-tag",
    "num": "num",
    "end": "num cell-end",
    "text": "",
    "words": "cell-words",
    "extra": "cell-extra",
}

Place = Mapping[str, Any]
"""``now``, ``zone`` and ``market`` of the page."""


class PlaceWithForms(dict):
    """A place whose rows hold small forms: it knows the token that they carry."""

    csrf: Any = ""


def _safe(value: Any) -> str:
    """Escaped unless it is finished HTML. A plain text takes the short way: Django's is ten times as long."""
    return escape(value) if type(value) is str else conditional_escape(value)


def _words(value: Any) -> str:
    """The same for what is read, in which codes are kept in one piece."""
    return display.codes(value) if type(value) is str else conditional_escape(value)


def _figure(cell: Any) -> str:
    """A number is a count, since amounts and moments say what they are: it is grouped as people read it."""
    return display.number(cell) if type(cell) is int else _words(cell)


def _small(below: Any) -> str:
    return f"<small>{_words(below)}</small>" if below else ""


def _two(above: Any, below: Any) -> str:
    return f"{_words(above)}{_small(below)}"


def _token(place: Place) -> str:
    return f'<input type="hidden" name="csrfmiddlewaretoken" value="{_safe(str(getattr(place, "csrf", "")))}">'


def _form_opening(url: str, place: Place, target: str, select: str = "") -> str:
    chosen = f' hx-select="{select}"' if select else ""
    return (
        f'<form class="row-form" method="post" action="{_safe(url)}" hx-post="{_safe(url)}" hx-target="{target}"{chosen}'
        f' hx-swap="outerHTML" data-deed>{_token(place)}'
    )


def _refused(ident: str, error: str) -> tuple[str, str]:
    """What a control says of itself after a refusal, and the sentence below it."""
    if not error:
        return "", ""
    ident = _safe(ident)
    sentence = f'<p class="cell-error" role="alert" id="{ident}">{display.icon("alert-triangle")}{_safe(error)}</p>'
    return f' aria-invalid="true" aria-describedby="{ident}"', sentence


def _number_form(
    place: Place, url: str, name: str, value: int, hidden: Mapping, label: str, error: str = "", typed: str = ""
) -> str:
    """A number that is changed in its row; the answer is the row. After a refusal what was typed stays in the box."""
    kept = "".join(
        f'<input type="hidden" name="{_safe(key)}" value="{_safe(str(one))}">' for key, one in hidden.items()
    )
    said, wrong = _refused("-".join(["wrong", name, *map(str, hidden.values())]), error)
    return (
        f"{_form_opening(url, place, 'closest tr')}{kept}"
        f'<input class="form-control count-input" type="number" name="{_safe(name)}" min="0" max="1000000"'
        f' value="{_safe(typed) if error else value}" aria-label="{_safe(label)}" required{said}>'
        f'<button class="btn" type="submit">{_safe(gettext("Save"))}</button></form>{wrong}'
    )


@lru_cache(maxsize=256)
def _options(options: tuple[tuple[str, str], ...], value: str) -> str:
    """The options of a choice: the same ones stand in every row."""
    return "".join(
        f'<option value="{_safe(key)}"{" selected" if key == value else ""}>{_safe(words)}</option>'
        for key, words in options
    )


def _choose_form(
    place: Place,
    url: str,
    name: str,
    options: Sequence,
    value: str,
    label: str,
    button: str,
    note: tuple | None = None,
    error: str = "",
) -> str:
    """A choice in a row, below a note how it stands where it will end by itself; the answer is the list."""
    said, wrong = _refused(f"wrong-{name}", error)
    form = (
        f"{_form_opening(url, place, '#list')}"
        f'<select class="form-select" name="{_safe(name)}" aria-label="{_safe(label)}"{said}>'
        f"{_options(tuple(options), value)}</select>"
        f'<button class="btn btn-small" type="submit">{_safe(button)}</button></form>{wrong}'
    )
    if note is None:
        return form
    words, at = note
    return f'<div class="cell-stack"><small>{_safe(words)} {display.moment(at, **place)}</small>{form}</div>'


def _chosen_text(place: Place, url: str, name: str, options: Sequence, value: str, *more: Any) -> str:
    """What is chosen, or the note that says more than that."""
    if len(more) > 2 and more[2]:
        words, at = more[2]
        return f"{words} {_instant(at, place)}"
    return str(dict(options).get(value, ""))


KINDS: dict[str, Callable[..., str]] = {
    "money": lambda place, minor, currency: display.money(minor, currency),
    "state": lambda place, status, noun="": display.badge(status, noun),
    "moment": lambda place, at, style="short": display.moment(at, style=style, **place),
    "due": lambda place, at, label="": display.due(at, label=label, **place) if at else "",
    "deadline": lambda place, one: display.deadline(one, labelled=False, **place),
    "two": lambda place, above, below: _two(above, below),
    "link": lambda place, words, url: f'<a href="{_safe(url)}">{_words(words)}</a>' if url else _words(words),
    "mark": lambda place, words, tone: f'<span class="state state-{tone}">{_safe(words)}</span>',
    "until": lambda place, words, at: f"{_safe(words)} {display.moment(at, **place)}",
    "told": lambda place, cell, numbers: _value(cell, place),
    "number": _number_form,
    "choose": _choose_form,
}


def _value(cell: Any, place: Place) -> str:
    if cell is None:
        return ""
    if isinstance(cell, tuple):
        return KINDS[cell[0]](place, *cell[1:])
    return _figure(cell)


def _main(cell: Any, url: str, place: Place) -> str:
    """The name of a row: linked, with what stands below it outside of the link."""
    picture = ""
    if isinstance(cell, tuple) and cell[0] == "picture":
        source, cell = cell[1], ("two", *cell[2:])
        picture = (
            f'<img class="thumb" src="{_safe(source)}" alt="" width="40" height="40" loading="lazy">'
            if source
            else f'<span class="thumb thumb-none">{display.icon("photo")}</span>'
        )
    above, below = (cell[1], cell[2]) if isinstance(cell, tuple) and cell[0] == "two" else (cell, "")
    words = _value(above, place)
    name = f'<a href="{_safe(url)}" data-open>{words}</a>' if url else words
    small = _small(below)
    return f"{picture}<div>{name}{small}</div>" if picture else f"{name}{small}"


def _sorted(column: Mapping) -> str:
    return f' aria-sort="{column["sorted"]}"' if column.get("sorted") else ""


def _head_words(column: Mapping) -> str:
    """The name of a column; a link where one may sort by it."""
    words = _safe(column["label"])
    if not column.get("sort_url"):
        return words
    icons = {"ascending": "chevron-up", "descending": "chevron-down", "": "selector"}
    return f'<a class="sort" href="{_safe(column["sort_url"])}">{words}{display.icon(icons[column["sorted"]])}</a>'


def head(columns: Sequence[Mapping], *, pick: bool) -> str:
    """The heads of the columns."""
    cells = []
    if pick:
        all_rows = _safe(gettext("All on this page"))
        cells.append(
            f'<th class="pick-cell"><input class="pick" type="checkbox" data-pick-all aria-label="{all_rows}"></th>'
        )
    for column in columns:
        right = ' class="num"' if column.get("right") or column.get("as") in ("num", "end") else ""
        cells.append(f'<th scope="col"{right}{_sorted(column)}>{_head_words(column)}</th>')
    return f"<tr>{''.join(cells)}</tr>"


def _openings(columns: Sequence[Mapping]) -> list[str]:
    """The opening tag of every column's cells, worked out once a table."""
    openings = []
    for column in columns:
        kind = column.get("as", "text")
        words = (CLASSES[kind], "num" if column.get("right") else "", "cell-thumb" if column.get("picture") else "")
        classes = " ".join(filter(None, words))
        label = "" if kind == "main" else f' data-label="{_safe(column["label"])}"'
        openings.append(f'<td{label} class="{classes}">' if classes else f"<td{label}>")
    return openings


def body_row(row: Mapping, columns: Sequence[Mapping], openings: Sequence[str], place: Place, *, form: str) -> str:
    """One row."""
    parts = []
    code = row.get("code")
    if code:
        name = _safe(code)
        parts.append(
            f'<td class="pick-cell"><input class="pick" type="checkbox" name="pick" value="{name}" form="{form}"'
            f' aria-label="{name}"></td>'
        )
    for column, opening, cell in zip(columns, openings, row["cells"], strict=True):
        if column.get("hide"):
            continue
        main = column.get("as") == "main"
        parts.append(f"{opening}{_main(cell, row.get('url', ''), place) if main else _value(cell, place)}</td>")
    ident = f' id="{_safe(row["id"])}"' if row.get("id") else ""
    return f"<tr{ident} data-row>{''.join(parts)}</tr>"


def list_table(columns: Sequence[Mapping], rows: Sequence[Mapping], place: Place, *, form: str = "bulk") -> SafeString:
    """The whole table."""
    pick = any(row.get("code") for row in rows)
    openings = _openings(columns)
    lines = [body_row(row, columns, openings, place, form=form) for row in rows]
    shown = [column for column in columns if not column.get("hide")]
    return mark_safe(  # noqa: S308 (every value was escaped above)
        '<div class="table-wrap"><table class="table list-table">'
        f"<thead>{head(shown, pick=pick)}</thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def list_row(columns: Sequence[Mapping], row: Mapping, place: Place, *, form: str = "bulk") -> SafeString:
    """One row alone: the partial answer of a deed on it."""
    return mark_safe(body_row(row, columns, _openings(columns), place, form=form))  # noqa: S308


def figure_rows(rows: Sequence[Sequence[Any]]) -> SafeString:
    """The body of a plain table of figures: each row's first cell is its head, the others are aligned right."""
    return mark_safe(  # noqa: S308 (every value is escaped)
        "".join(
            f'<tr><th scope="row">{_safe(row[0])}</th>'
            f"{''.join([f'<td class="num">{_figure(cell)}</td>' for cell in row[1:]])}</tr>"
            for row in rows
        )
    )


# -- the same cells for a file ----------------------------------------------------------------------------------------


def export_head(columns: Sequence[Any], currency: str) -> list[str]:
    """The names of the columns in a file: a main cell of two lines is two columns there, and so are several numbers."""
    names = []
    for column in columns:
        names += [_named(one, currency) for one in column.values or (column,)]
        if column.below:
            names.append(str(column.below))
    return names


def _named(one: Any, currency: str) -> str:
    return f"{one.label} ({currency})" if one.money else str(one.label)


def export_cells(columns: Sequence[Any], cells: Sequence[Any], place: Place, currency: str) -> list[Any]:
    """One row for a file, from the same cells as the row of the screen; ``currency`` is the shop's."""
    found: list[Any] = []
    for column, cell in zip(columns, cells, strict=True):
        if column.values:
            found += [
                Money(number, currency).decimal if one.money and number is not None else number
                for one, number in zip(column.values, cell[2], strict=True)
            ]
        elif column.below:
            above, below = cell[-2:] if isinstance(cell, tuple) and cell[0] in ("two", "picture") else (cell, "")
            found += [_text(above, place), _text(below, place)]
        else:
            found.append(_text(cell, place))
    return found


def _instant(at: dt.datetime | dt.date | None, place: Place) -> str | None:
    if at is None:
        return None
    return (
        display.local(at, place["zone"]).isoformat(timespec="seconds")
        if isinstance(at, dt.datetime)
        else at.isoformat()
    )


def _ended(one: Any, place: Place) -> str | None:
    if not one:
        return None
    return str(state_of(one.ended_as, "deadline").word) if one.ended_at is not None else _instant(one.due_at, place)


TEXTS: dict[str, Callable[..., Any]] = {
    "money": lambda place, minor, currency: None if minor is None else Money(minor, currency).decimal,
    "state": lambda place, status, noun="": str(state_of(status, noun).word) if status else None,
    "moment": lambda place, at, style="short": _instant(at, place),
    "due": lambda place, at, label="": f"{label} {_instant(at, place)}" if label and at else _instant(at, place),
    "deadline": lambda place, one: _ended(one, place),
    "told": lambda place, cell, numbers: _text(cell, place),
    "two": lambda place, above, below: " · ".join(str(_text(one, place)) for one in (above, below) if one),
    "picture": lambda place, url, above, below: " · ".join(str(one) for one in (above, below) if one),
    "link": lambda place, words, url: str(words),
    "mark": lambda place, words, tone: str(words),
    "until": lambda place, words, at: f"{words} {_instant(at, place)}",
    "number": lambda place, url, name, value, *more: value,
    "choose": _chosen_text,
}


def _text(cell: Any, place: Place) -> Any:
    """What a cell says, without how it looks."""
    if isinstance(cell, tuple):
        return TEXTS[cell[0]](place, *cell[1:])
    if isinstance(cell, SafeString):
        return strip_tags(cell)
    return cell if cell is None or isinstance(cell, int) else str(cell)
