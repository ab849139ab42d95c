"""Forms of the order desk: they check shapes only; whether a deed is allowed is the verb's to say."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.carriers import CARRIER_CHOICES, CARRIERS
from orders.labels import SERVICES
from orders.listing import CHANNELS
from orders.reasons import CANCELLING, REFUSING, RETURNING, Reason, choices

LABEL_CARRIERS = [(code, name) for code, name in CARRIER_CHOICES if CARRIERS[code].sells_labels]


class OrderFilterForm(forms.Form):
    """The filters above the order list; everything stands in the URL."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Order, buyer, e-mail, SKU")}),
    )
    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    channel = forms.ChoiceField(
        label=_("Channel"),
        required=False,
        choices=[("", _("All channels")), *CHANNELS.items()],
    )


class ReturnFilterForm(forms.Form):
    """The filters above the list of returns."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Return, order, buyer, SKU")}),
    )
    reason = forms.ChoiceField(
        label=_("Reason"),
        required=False,
        choices=[("", _("All reasons")), *((code, one.words) for code, one in RETURNING.items())],
    )


class ShipForm(forms.Form):
    """Carrier and number of a package."""

    carrier = forms.ChoiceField(label=_("Carrier"), choices=CARRIER_CHOICES)
    tracking_number = forms.CharField(label=_("Tracking number"), max_length=40)


class LabelForm(forms.Form):
    """Which label to buy."""

    carrier = forms.ChoiceField(label=_("Carrier"), choices=LABEL_CARRIERS)
    service = forms.ChoiceField(label=_("Service"), choices=SERVICES)
    weight_grams = forms.IntegerField(label=_("Weight in grams"), min_value=1, max_value=70_000)


class UnitsForm(forms.Form):
    """Units of lines, one field per line: ``units-<line id>``."""

    def __init__(self, *args, lines=(), **kwargs):
        """``lines``: (line, most units) pairs; a line with none left gets no field."""
        super().__init__(*args, **kwargs)
        own = dict(self.fields)
        self.fields.clear()
        for line, most in lines:
            if most < 1:
                continue
            self.fields[f"units-{line.pk}"] = forms.IntegerField(
                label=f"{line.title} · {line.sku_code}",
                min_value=0,
                max_value=most,
                initial=most,
                required=False,
                help_text=_("up to %(most)d") % {"most": most},
            )
        self.fields.update(own)

    def units(self) -> dict[int, int]:
        """Line id → units, of the lines that were filled in."""
        given = {name: value for name, value in self.cleaned_data.items() if name.startswith("units-") and value}
        return {int(name.removeprefix("units-")): value for name, value in given.items()}


def _asked(table: dict[str, Reason], who: str) -> list[tuple[str, Any]]:
    """Reasons to choose from, none of them beforehand: the buyer reads it, and the score of the shop is made of it."""
    return [("", _("Choose")), *choices(table, who)]


class CancelForm(UnitsForm):
    """What to cancel, and why."""

    reason = forms.ChoiceField(label=_("Reason"), choices=_asked(CANCELLING, "seller"))


class RefundForm(UnitsForm):
    """For what to give money back without a return, and why."""

    reason = forms.ChoiceField(label=_("Reason"), choices=_asked(RETURNING, "buyer"))


class RefuseForm(forms.Form):
    """Why a return is refused or rejected."""

    reason = forms.ChoiceField(label=_("Reason"), choices=_asked(REFUSING, "seller"))
    justification = forms.CharField(
        label=_("Justification"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The buyer reads this, and so does staff if it is disputed."),
    )


class InspectForm(forms.Form):
    """What becomes of units that came back."""

    restock = forms.BooleanField(label=_("Put the units back into stock"), required=False, initial=True)


class HoldForm(forms.Form):
    """Why an order is held, or let go."""

    reason = forms.CharField(label=_("Reason"), max_length=300)
