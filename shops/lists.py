"""What every list of the seller is: columns, tabs, filters, orders, deeds; and what one address asks of it.

A floor declares a ``List`` and a view that shows it (``shops.views.lists.show``). Export, saved views, choice of columns
and deeds on many rows come with it, from one door on the roof (``seller_center/views_lists.py``). A list is asked by its
address alone: the same address gives the same rows on the screen, in a file, in a saved view and to a colleague.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.db import transaction
from django.utils.functional import Promise

from seller_center.kernel.addresses import address
from seller_center.kernel.errors import DomainError
from seller_center.kernel.paging import KeysetPage, first_page, keyset_page

type Words = str | Promise

#: What one bulk deed takes.
MOST_PICKED = 100
COUNT_CAP = 99
#: A token of the second try of a search (by likeness) begins with this sign.
LIKENESS = "~"
#: Parts of an address that belong to every list, beside its filters.
SORT, COLUMNS, PAGE = "sort", "columns", "page"


@dataclass(frozen=True, slots=True)
class Value:
    """A plain value of a file: what its column is called there; an amount is in minor units of the shop's currency."""

    label: Words
    money: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``cell(row, beside)`` gives its plain value (``seller_center/list_table.py`` tells the kinds of cells).

    ``kind`` is how it stands (main, tag, num, end, text, words, extra); the main column is always shown. ``shown``: until a
    member chooses. ``below``: what the second line of a main cell is called in a file. ``needs``: what must be read.
    """

    key: str
    label: Words
    cell: Callable[[Any, Any], Any]
    kind: str = "text"
    right: bool = False
    picture: bool = False
    shown: bool = True
    below: Words = ""
    needs: tuple[str, ...] = ()
    money: bool = False
    """Amounts of the shop's currency: a file names it in the head."""
    sort: str = ""
    """The orders ``sort`` and ``-sort`` belong to the head of this column."""
    values: tuple[Value, ...] = ()
    say: Callable[..., Any] | None = None
    """Of a column made by ``told``: what its file has, and how the screen says that."""


def told(
    key: str,
    label: Words,
    find: Callable[[Any, Any], tuple[int | None, ...]],
    say: Callable[..., Any],
    kind: str = "text",
    *,
    values: tuple[Value, ...],
    **more: Any,
) -> Column:
    """A column that the screen says in words and of which a file has the plain numbers.

    ``find(row, beside)`` gives the numbers, ``say(beside, *numbers)`` the cell of the screen. That is made of nothing
    else, so that a file holds what is shown: a test says its numbers again and compares.
    """

    def cell(row: Any, beside: Any) -> tuple:
        found = find(row, beside)
        return ("told", say(beside, *found), found)

    return Column(key, label, cell, kind, values=values, say=say, **more)


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of the list: total (it ends with the primary key) and served by an index."""

    label: Words
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deed:
    """A deed on picked rows. ``verb(row, by=, at=)`` does it to one; without a verb, ``url`` takes the picked codes."""

    key: str
    label: Words
    icon: str = ""
    tone: str = ""
    verb: Callable[..., Any] | None = None
    url_name: str = ""
    may: str = "edit"
    meaning: Words = ""
    """One sentence above the preview."""
    together: bool = False
    """Does a row's deed count for the next one (a limit of the shop)? Then the rehearsal is one transaction."""


@dataclass(frozen=True, slots=True)
class Question:
    """What one address asks of a list."""

    shop: Any
    at: dt.datetime
    tab: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    order: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    user: Any = None
    areas: frozenset[str] = frozenset()
    """What the member may see, and (``edits``) change."""
    edits: frozenset[str] = frozenset()

    @property
    def words(self) -> str:
        """What is searched for."""
        return self.filters.get("q", "")

    @property
    def filtered(self) -> bool:
        """Is more asked than a tab?"""
        return any(value not in (None, "") for value in self.filters.values())

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the columns that are shown."""
        return tuple(column.key for column in self.columns)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a bulk deed did to one row, or would do: its state before and after, or why it was refused."""

    code: str
    title: str
    url: str
    before: Any = ""
    after: Any = ""
    refusal: str = ""

    @property
    def done(self) -> bool:
        """Was it done?"""
        return not self.refusal


class List:
    """A list, declared once. Subclasses fill in the blanks; nothing here keeps anything between two questions."""

    name = ""
    area = ""
    url_name = ""
    title: Words = ""
    noun = ""
    """Whose word a state is, where several things have a state of that name (``seller_center/states.py``)."""
    columns: tuple[Column, ...] = ()
    tabs: Mapping[str, Words] = {}
    """Tab → its name; the first is where the list opens."""
    tab_name = "tab"
    """What the tab is called in the address."""
    sorts: Mapping[str, Sort] = {}
    form_class: type[forms.Form] | None = None
    deeds: tuple[Deed, ...] = ()
    guesses = False
    """Has it a second try, by likeness, for words that nothing holds?"""

    # -- what a list says of itself --

    def sorts_of(self, tab: str, words: str = "") -> Mapping[str, Sort]:
        """The orders that are offered on a tab, and where words are searched for; the first is the usual one."""
        return self.sorts

    def form(self, data: Mapping, *, shop, user, areas: frozenset[str]) -> forms.Form | None:
        """The filters."""
        return self.form_class(data) if self.form_class else None

    def rows(self, question: Question, *, similar: bool = False) -> Any:
        """The rows that answer, in no order yet. ``similar``: by likeness instead of by letters."""
        raise NotImplementedError

    def first(self, question: Question, most: int) -> Any:
        """The first of the same rows in the order that is asked for, as a prepared question; None: it is not prepared."""
        return

    def last_try(self, question: Question):
        """What is shown, on one page, where not even ``similar`` rows answer; None where a list knows nothing further."""
        return

    def beside(self, question: Question, rows: Sequence[Any]) -> Any:
        """What the cells need that is not in the rows: a fixed number of queries for a page."""
        return None

    def counts(self, shop, at: dt.datetime) -> Mapping[str, int]:
        """How many are on the tabs that show a number, each counted to the cap."""
        return {}

    def counts_for(self, question: Question) -> Mapping[str, int]:
        """The same for who asks, where people see different rows."""
        return self.counts(question.shop, question.at)

    def code(self, row: Any) -> str:
        """The name of a row in a post."""
        return row["code"] if isinstance(row, dict) else row.code

    def url(self, shop, row: Any) -> str:
        """The page of a row."""
        raise NotImplementedError

    def ident(self, row: Any) -> str:
        """The id of its ``<tr>``."""
        return f"{self.name}-{self.code(row)}"

    def picked(self, member, codes: Sequence[str]) -> list[Any]:
        """The rows with these codes that the member may see, as models, in the order of their keys."""
        raise NotImplementedError

    def title_of(self, row: Any) -> str:
        """What a row is called on the pages of a bulk deed."""
        return str(row)

    def standing(self, row: Any) -> Any:
        """What a bulk deed changes, as a cell: usually the state."""
        return ("state", str(row.status), self.noun)

    def empty(self, question: Question) -> dict[str, Any]:
        """What stands there instead of rows: ``icon``, ``title``, ``text`` and what to do next (``url``, ``action``)."""
        return {}

    # -- what follows from it --

    def place(self, shop) -> str:
        """Where the list is."""
        return address(self.url_name, shop=shop.code)

    @property
    def usual(self) -> tuple[str, ...]:
        """The columns that are shown until somebody chooses."""
        return tuple(column.key for column in self.columns if column.shown or column.kind == "main")

    def choose(self, keys: Sequence[str]) -> tuple[Column, ...]:
        """These columns, in the order of the list; unknown ones are left out, the main one never."""
        wanted = set(keys)
        return tuple(column for column in self.columns if column.kind == "main" or column.key in wanted)

    def deeds_for(self, membership) -> list[Deed]:
        """The deeds that this member may do."""
        return [deed for deed in self.deeds if membership.may(self.area, deed.may)]

    def deed(self, key: str) -> Deed | None:
        """The deed with this key that the common door does."""
        return next((deed for deed in self.deeds if deed.key == key and deed.verb), None)


def ask(
    which: List,
    query: Mapping[str, str],
    *,
    shop,
    at: dt.datetime,
    user,
    areas: frozenset[str],
    edits: frozenset[str] = frozenset(),
    chosen: Sequence[str] = (),
) -> tuple[Question, forms.Form | None]:
    """What an address asks. Nonsense in it asks nothing. ``chosen``: the member's columns, if the address has none."""
    form = which.form(query, shop=shop, user=user, areas=areas)
    filters = {}
    if form is not None:
        form.is_valid()
        filters = {name: _clean(form.cleaned_data.get(name)) for name in form.fields}
    tab = query.get(which.tab_name, "")
    if tab not in which.tabs:
        tab = next(iter(which.tabs), "")
    sorts = which.sorts_of(tab, filters.get("q") or "")
    sort = query.get(SORT, "")
    if sort not in sorts:
        sort = next(iter(sorts))
    named = query.get(COLUMNS, "")
    keys = named.split(",") if named else chosen or which.usual
    question = Question(
        shop=shop,
        at=at,
        tab=tab,
        filters=filters,
        sort=sort,
        order=sorts[sort].order,
        columns=which.choose(keys),
        user=user,
        areas=areas,
        edits=edits,
    )
    return question, form


def _clean(value: Any) -> Any:
    return " ".join(value.split())[:100] if isinstance(value, str) else value


def page(which: List, question: Question, *, token: str = "", size: int = 25) -> tuple[KeysetPage, bool]:
    """A page, and whether it answers a similar word: nothing held the words as they were typed."""
    similar = token.startswith(LIKENESS)
    if not token and (first := which.first(question, size + 1)) is not None:
        found = first_page(first, order=question.order, size=size)
    else:
        rows = which.rows(question, similar=similar)
        found = keyset_page(rows, order=question.order, token=token.removeprefix(LIKENESS), size=size)
    if not similar and not found.rows and not token and question.words and which.guesses:
        rows = which.rows(question, similar=True)
        found, similar = keyset_page(rows, order=question.order, size=size), True
        if not found.rows and (last := which.last_try(question)) is not None:
            found = KeysetPage(keyset_page(last, order=question.order, size=size).rows)
    if similar:
        tokens = (found.next_token, found.previous_token)
        marked = (f"{LIKENESS}{token}" if token else "" for token in tokens)
        found = KeysetPage(found.rows, *marked)
    return found, similar and bool(found.rows)


def every_row(which: List, question: Question, *, size: int = 500) -> Iterator[list[tuple[Any, ...]]]:
    """All rows as cells of the columns that are shown, page by page: memory stays flat however many there are."""
    token, first = "", True
    while token or first:
        found, _similar = page(which, question, token=token, size=size)
        yield cells(which, question, found.rows)
        token, first = found.next_token, False


def cells(which: List, question: Question, rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The plain values of these rows, for the screen and for the file."""
    beside = which.beside(question, rows) if rows else None
    makers = [column.cell for column in question.columns]
    return [tuple(maker(row, beside) for maker in makers) for row in rows]


def more_than(which: List, question: Question, most: int) -> bool:
    """Has the answer more rows than this? Looks at one row behind the last, and counts nothing."""
    rows = which.rows(question).order_by(*question.order)
    return bool(rows[most : most + 1])


def canonical(which: List, query: str) -> str:
    """A query as it is kept and compared: what the list knows, without what is empty and without the page."""
    known = {which.tab_name, SORT, COLUMNS, *(which.form_class.base_fields if which.form_class else ())}
    found = {key: value for key, value in parse_qsl(query) if key in known and value.strip()}
    return urlencode(sorted(found.items()))


# -- deeds on many rows -----------------------------------------------------------------------------------------------


def rehearse(which: List, deed: Deed, member, codes: Sequence[str], *, at: dt.datetime) -> list[Outcome]:
    """What a deed would do, found out by doing it and taking all of it back: the preview cannot differ from the deed.

    Row by row, so that no row's locks are held while the next one takes its own; in one piece where rows count together.
    """
    if not deed.together:
        return do(which, deed, member, codes, at=at, keep=False)
    with transaction.atomic():
        outcomes = do(which, deed, member, codes, at=at)
        transaction.set_rollback(True)
    return outcomes


def do(which: List, deed: Deed, member, codes: Sequence[str], *, at: dt.datetime, keep: bool = True) -> list[Outcome]:
    """The deed on each row by itself: a row that is refused costs only itself, and says why."""
    assert deed.verb is not None
    outcomes = []
    for row in which.picked(member, list(codes)[:MOST_PICKED]):
        told = Outcome(which.code(row), which.title_of(row), which.url(member.shop, row), which.standing(row))
        try:
            with transaction.atomic():
                changed = deed.verb(row, by=member.user, at=at)
                after = which.standing(changed if changed is not None else row)
                if not keep:
                    transaction.set_rollback(True)
        except DomainError as refusal:
            outcomes.append(replace(told, refusal=str(refusal)))
        else:
            outcomes.append(replace(told, after=after))
    return outcomes
