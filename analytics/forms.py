"""Forms of floor 7: shape only."""

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
            raise forms.ValidationError(_("Choose at most %(days)d days."), params={"days": MOST_DAYS})
        return given
