"""Forms of floor 7: shape only."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

#: A report covers at most this many days (figures are kept by the hour).
MOST_DAYS = 366


class RangeForm(forms.Form):
    """Which days a report covers, and what they are compared with. Days are days of the shop, both included."""

    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    compare = forms.ChoiceField(
        label=_("Compared with"),
        required=False,
        choices=[("before", _("The period before")), ("year", _("A year earlier")), ("none", _("Nothing"))],
    )

    def clean(self):
        """A range has both ends, the right way round, and is not longer than figures are drawn for."""
        given = super().clean()
        first, last = given.get("first"), given.get("last")
        if self.errors or not (first or last):
            return given
        if not (first and last):
            raise forms.ValidationError(_("Give both days, or neither."))
        if last < first:
            raise forms.ValidationError(_("The last day lies before the first."))
        if (last - first).days >= MOST_DAYS:
            raise forms.ValidationError(_("Choose at most %(most)d days."), params={"most": MOST_DAYS})
        return given


class WhatIfForm(forms.Form):
    """Other values for the measured metrics of the score: a rate in per cent, or hours."""

    tells_optional = False

    def __init__(self, *args: Any, measured: Mapping[str, tuple[Any, int, bool]], **kwargs: Any) -> None:
        """``measured``: metric → its name, its value as measured (basis points or hours), whether it is hours."""
        super().__init__(*args, **kwargs)
        self.measured = measured
        for code, (label, value, hours) in measured.items():
            self.fields[code] = forms.DecimalField(
                label=label if hours else _("%(name)s, %%") % {"name": label},
                required=False,
                min_value=0,
                max_value=720 if hours else 100,
                max_digits=5,
                decimal_places=0 if hours else 2,
                initial=value if hours else f"{value / 100:.2f}",
            )

    def changed(self) -> dict[str, int]:
        """Metric → the other value, as the score counts; what was left as it is, or empty, is left out."""
        found = {}
        for code, (_name, _value, hours) in self.measured.items():
            given = self.cleaned_data.get(code)
            if given is not None and given != Decimal(self.fields[code].initial):
                found[code] = int(given if hours else given * 100)
        return found
