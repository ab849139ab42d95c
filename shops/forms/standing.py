"""Forms about standing: the seller's answer to a case, the new agreement; and what staff write about a shop."""

from django import forms
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.text import counted
from shops.enforcement import EVIDENCE, KINDS, Charge
from shops.forms.fields import choice_field
from shops.policy import Violations


class AppealForm(forms.Form):
    """Why the case is wrong."""

    text = forms.CharField(
        label=_("Why the case is wrong"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Staff read this and decide. Name orders, dates and what they should look at."),
    )


class CorrectionForm(forms.Form):
    """What was put right."""

    text = forms.CharField(
        label=_("What you have put right"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )


class AgreementForm(forms.Form):
    """A new version of the seller agreement, read."""

    version = forms.CharField(widget=forms.HiddenInput, max_length=20)
    agreed = forms.BooleanField(label=_("I have read the agreement"))


class CaseForm(forms.Form):
    """Open a case against a shop."""

    shop = forms.CharField(label=_("Shop"), max_length=4, help_text=_("The four letters of its code."))
    kind = forms.ChoiceField(label=_("Rule that was broken"))
    points = forms.IntegerField(label=_("Points"), min_value=1, max_value=1000)
    evidence_kind = forms.ChoiceField(label=_("What shows it"), choices=list(EVIDENCE.items()))
    evidence_code = forms.CharField(
        label=_("Its number"),
        max_length=60,
        help_text=_("As it stands on its page: an order's number, or the month of an evaluation, as 2026-10."),
    )
    reason = forms.CharField(
        label=_("What happened"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("The seller reads this."),
    )

    def __init__(self, *args, rules: Violations, **kwargs):
        super().__init__(*args, **kwargs)
        choice_field(self, "kind").choices = [
            (name, _points_words(str(KINDS.get(name, name)), kind.points)) for name, kind in rules.kinds.items()
        ]

    def charge(self) -> Charge:
        """The value that ``enforcement.open_case`` takes."""
        given = self.cleaned_data
        return Charge(given["kind"], given["reason"], given["evidence_kind"], given["evidence_code"], given["points"])


def _points_words(name: str, points: tuple[int, ...]) -> str:
    least, most = points
    if least == most:
        return f"{name} ({counted(most, 'points')})"
    return str(_("%(name)s (%(least)d to %(most)d points)") % {"name": name, "least": least, "most": most})
