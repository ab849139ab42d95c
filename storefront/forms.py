"""Forms of the storefront: shape only."""

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from orders import reasons
from orders.models import OrderLine, ReturnRequest
from orders.payment_provider import TEST_CARDS
from shops.identity import address_faults, regions_of


class RegionField(forms.ChoiceField):
    """A state of the list, by its code or its name, in any case: what fills in addresses sends one or the other."""

    def to_python(self, value: str) -> str:
        given = super().to_python(value).strip().casefold()
        known = {word.casefold(): code for code, name in self.choices for word in (code, str(name)) if code}
        return known.get(given, given)


class CheckoutForm(forms.Form):
    """Who buys and where it goes."""

    name = forms.CharField(label=_("Full name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, widget=forms.TextInput(attrs={"autocomplete": "tel"})
    )
    line1 = forms.CharField(
        label=_("Street and number"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "address-line1"})
    )
    line2 = forms.CharField(
        label=_("Apartment, floor, company"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-line2"}),
    )
    city = forms.CharField(
        label=_("City"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})
    )
    region = forms.CharField(
        label=_("County or region"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-level1"}),
    )
    postal_code = forms.CharField(
        label=_("ZIP or postal code"), max_length=12, widget=forms.TextInput(attrs={"autocomplete": "postal-code"})
    )
    shown_total = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, shop, **kwargs):
        super().__init__(*args, **kwargs)
        self.country = shop.market_id
        if regions := regions_of(self.country):  # what the tax depends on is chosen, never typed
            self.fields["region"] = RegionField(
                label=_("State"),
                choices=[("", _("Choose")), *regions],
                widget=forms.Select(attrs={"autocomplete": "address-level1"}),
            )

    def clean(self):
        """The state decides the tax and the ZIP code where the parcel goes: they must be of one place."""
        given = super().clean()
        where = {name: given.get(name, "") for name in ("line1", "city", "region", "postal_code")}
        if not self.errors and address_faults(country=self.country, **where).get("postal_code") == "invalid":
            self.add_error("postal_code", _("This postal code does not belong to that state."))
        return given


class PaymentForm(forms.Form):
    """Which test card pays. A real provider replaces this by its own hosted fields: card numbers never reach us."""

    card = forms.ChoiceField(label=_("Test card"), choices=[], widget=forms.RadioSelect)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["card"].choices = [
            (token, _("A card that %(does)s") % {"does": words}) for token, words in TEST_CARDS.items()
        ]
        self.fields["card"].initial = next(iter(TEST_CARDS))


class MessageForm(forms.Form):
    """A message to the shop."""

    body = forms.CharField(label=_("Your message"), max_length=4_000, widget=forms.Textarea(attrs={"rows": 4}))


class UnitsField(forms.IntegerField):
    """How many: a box that was emptied says none."""

    def clean(self, value):
        return super().clean(value or "0")


class ReturnForm(forms.Form):
    """What goes back, how many of it, and why. ``left``: the lines with the units that may still be asked for."""

    def __init__(self, *args, left: Sequence[tuple[OrderLine, int]], **kwargs):
        super().__init__(*args, **kwargs)
        for line, units in left:
            self.fields[f"units-{line.pk}"] = UnitsField(
                label=_("How many of “%(title)s” (of %(units)d)?") % {"title": _named(line), "units": units},
                min_value=0,
                initial=1 if len(left) == 1 else 0,
                error_messages={"invalid": _("Write how many as a whole number.")},
                widget=forms.NumberInput(attrs={"max": units, "inputmode": "numeric", "class": "quantity"}),
            )
        self.fields["kind"] = forms.ChoiceField(label=_("What would you like?"), choices=ReturnRequest.Kind.choices)
        self.fields["reason"] = forms.ChoiceField(
            label=_("Why?"),
            choices=[("", _("Choose")), *reasons.choices(reasons.RETURNING, "buyer")],
            error_messages={"required": _("Choose a reason.")},
        )
        self.fields["note"] = forms.CharField(
            label=_("What happened?"), required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 3})
        )


def _named(line: OrderLine) -> str:
    return f"{line.title}, {line.options_text}" if line.options_text else line.title


class ReviewForm(forms.Form):
    """Stars and words for one line."""

    line = forms.IntegerField(widget=forms.HiddenInput)
    stars = forms.TypedChoiceField(
        label=_("Stars"), coerce=int, choices=[(n, "★" * n) for n in range(5, 0, -1)], widget=forms.RadioSelect
    )
    body = forms.CharField(
        label=_("Your words"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
