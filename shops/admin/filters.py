"""Filters of the staff's lists: their values come from the code's own tables, never from the table that is filtered."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _

from shops.models import Market, PolicyVersion
from shops.policy import Policy
from shops.policy_book import policy_version

#: Values as they are stored, with the words for them.
Pairs = Iterable[tuple[Any, Any]]


class Among(admin.FieldListFilter):
    """A field without choices of its own, filtered by what the code can write into it: see ``among``."""

    pairs: Callable[[], Pairs]

    def __init__(self, field, request, params, model, model_admin, field_path) -> None:
        self.lookup_kwarg = f"{field_path}__exact"
        super().__init__(field, request, params, model, model_admin, field_path)

    def expected_parameters(self) -> list[str]:
        return [self.lookup_kwarg]

    def choices(self, changelist) -> Iterator[dict[str, Any]]:
        """A link for everything, one for each value, and one for none where the field may be empty."""
        asked = self.used_parameters.get(self.lookup_kwarg, [None])[-1]
        yield self._link(changelist, None, _("All"), asked)
        for value, words in self.pairs():
            yield self._link(changelist, str(value), words, asked)
        if self.field.blank and self.field.empty_strings_allowed:
            yield self._link(changelist, "", _("None"), asked)

    def _link(self, changelist, value: str | None, words: Any, asked: str | None) -> dict[str, Any]:
        address = changelist.get_query_string({self.lookup_kwarg: value})
        return {"selected": asked == value, "query_string": address, "display": words}


def among(pairs: Callable[[], Pairs]) -> type[Among]:
    """For ``list_filter``: ``("carrier", among(lambda: CARRIER_CHOICES))``. Django would ask the table for the values
    of a field without choices (SELECT DISTINCT), which reads a million rows to name five."""
    return type("Among", (Among,), {"pairs": staticmethod(pairs)})


class Known(admin.EmptyFieldListFilter):
    """Is there something in a field or not: see ``known``."""

    words: tuple[Any, Any]

    def choices(self, changelist) -> Iterator[dict[str, Any]]:
        for one, words in zip(super().choices(changelist), (_("All"), *reversed(self.words)), strict=True):
            yield {**one, "display": words}


def known(given: Any, missing: Any) -> type[Known]:
    """For ``list_filter``: ``("released_at", known(_("Released"), _("Still held")))``, in place of "empty" and "not"."""
    return type("Known", (Known,), {"words": (given, missing)})


class ShippedRoles(admin.RelatedFieldListFilter):
    """The roles that every installation has. Django would name those of every shop as well."""

    def field_choices(self, field, request, model_admin) -> Any:
        return field.get_choices(include_blank=False, limit_choices_to={"shop": None}, ordering=("id",))


def currencies() -> list[tuple[str, str]]:
    """What the markets trade in."""
    codes = sorted(set(Market.objects.values_list("currency", flat=True)))
    return list(zip(codes, codes, strict=True))


def every_policy() -> list[Policy]:
    """All versions of all markets: what was written under an old one is still to be found. They are few, and parsed
    once in a process."""
    return [policy_version(pk) for pk in PolicyVersion.objects.order_by("pk").values_list("pk", flat=True)]
