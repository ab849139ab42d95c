"""Forms of floor 3: shape only; the rules are the verbs'."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from marketing.coupons import CHANGEABLE_WHEN_LIVE
from marketing.models import Coupon
from seller_center.kernel.money import exponent


class AmountField(forms.DecimalField):
    """An amount typed in major units, kept in minor units of the form's currency."""

    def __init__(self, **kwargs):
        kwargs.setdefault("min_value", Decimal(0))
        super().__init__(max_digits=12, decimal_places=2, **kwargs)


class CouponFilterForm(forms.Form):
    """The filter above the list of coupons."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Code or name")}),
    )


#: What each kind of coupon is given by; the form shows the one that is chosen.
VALUE_OF = {Coupon.Kind.PERCENT: "percent", Coupon.Kind.FIXED: "amount"}


class CouponForm(forms.Form):
    """What a coupon gives, to whom, how often and how long. Moments are typed in the shop's zone."""

    code = forms.CharField(label=_("Code"), max_length=20, help_text=_("What buyers type: letters and digits."))
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("For your own list; buyers do not see it."))
    kind = forms.ChoiceField(
        label=_("Kind"), choices=Coupon.Kind, widget=forms.RadioSelect, initial=Coupon.Kind.PERCENT
    )
    percent = forms.IntegerField(label=_("Percent off"), min_value=1, max_value=100)
    amount = AmountField(label=_("Amount off"))
    least_spend = AmountField(label=_("Minimum spend"), required=False, help_text=_("Goods before discounts."))
    limit_count = forms.IntegerField(
        label=_("Uses in all"), min_value=1, required=False, help_text=_("Empty: no limit.")
    )
    per_buyer_limit_count = forms.IntegerField(
        label=_("Uses per buyer"), min_value=1, required=False, help_text=_("Empty: no limit.")
    )
    budget = AmountField(
        label=_("Budget"), required=False, help_text=_("It stops before it gives more. Empty: no limit.")
    )
    audience = forms.ChoiceField(label=_("Who may use it"), choices=Coupon.Audience)
    starts_at = forms.DateTimeField(
        label=_("Starts"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    ends_at = forms.DateTimeField(
        label=_("Ends"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: no end."),
    )

    def __init__(self, *args, shop, coupon: Coupon | None = None, at: dt.datetime | None = None, **kwargs):
        self.shop, self.zone = shop, ZoneInfo(shop.zone)
        kwargs.setdefault("initial", self._initial(coupon, at))
        super().__init__(*args, **kwargs)
        if coupon is not None and not coupon.changeable:
            open_still = {"name"} if coupon.by_platform else {"name", *CHANGEABLE_WHEN_LIVE}
            for name in self.fields.keys() - open_still:
                self.fields[name].disabled = True

    def _initial(self, coupon: Coupon | None, at: dt.datetime | None) -> dict:
        if coupon is None:
            return {"starts_at": self._local(at), "audience": Coupon.Audience.ALL, "kind": Coupon.Kind.PERCENT}
        return {
            **{
                name: getattr(coupon, name)
                for name in ("code", "name", "kind", "percent", "limit_count", "per_buyer_limit_count", "audience")
            },
            "amount": self._major(coupon.amount_minor),
            "least_spend": self._major(coupon.least_spend_minor),
            "budget": self._major(coupon.budget_minor),
            "starts_at": self._local(coupon.starts_at),
            "ends_at": self._local(coupon.ends_at),
        }

    def _local(self, moment: dt.datetime | None) -> dt.datetime | None:
        return None if moment is None else moment.astimezone(self.zone).replace(tzinfo=None, second=0, microsecond=0)

    def _major(self, minor: int | None) -> Decimal | None:
        return None if minor is None else Decimal(minor).scaleb(-exponent(self.shop.currency))

    def _minor(self, major: Decimal | None) -> int | None:
        return None if major is None else int(major.scaleb(exponent(self.shop.currency)))

    def _moment(self, name: str) -> dt.datetime | None:
        typed = self.cleaned_data.get(name)
        return None if typed is None else typed.replace(tzinfo=self.zone).astimezone(dt.UTC)

    def clean(self) -> dict:
        """What stands in the field of the other kind is left aside: nobody sees it there."""
        for kind, name in VALUE_OF.items():
            if kind != self.cleaned_data.get("kind"):
                self.errors.pop(name, None)
        return self.cleaned_data

    def values(self) -> dict:
        """The fields of the coupon, as the verbs take them."""
        data = self.cleaned_data
        percent = data["kind"] == Coupon.Kind.PERCENT
        return {
            "code": data["code"],
            "name": data["name"],
            "kind": data["kind"],
            "percent": data.get("percent") if percent else None,
            "amount_minor": None if percent else self._minor(data.get("amount")),
            "least_spend_minor": self._minor(data.get("least_spend")) or 0,
            "limit_count": data.get("limit_count"),
            "per_buyer_limit_count": data.get("per_buyer_limit_count"),
            "budget_minor": self._minor(data.get("budget")),
            "audience": data["audience"],
            "starts_at": self._moment("starts_at"),
            "ends_at": self._moment("ends_at"),
        }
