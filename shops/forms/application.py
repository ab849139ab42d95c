"""The steps of an application as forms. They check shape only; the rules stand in ``shops.onboarding``."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from seller_center.kernel.text import counted
from shops.application_steps import STEPS
from shops.forms.fields import (
    KEEP,
    SECRET_NUMBER,
    DayInput,
    ManyFilesField,
    ManyFilesInput,
    UnseenInput,
    choice_field,
)
from shops.identity import TAX_IDS_OF, regions_of
from shops.models import Application, BankAccount, Document, Market, TradeClass
from shops.onboarding import OFFERED


class StartForm(forms.Form):
    """Where to sell, and as what. Only what works is offered."""

    market = forms.ChoiceField(label=_("Market"), widget=forms.RadioSelect)
    business_type = forms.ChoiceField(label=_("You sell as"), widget=forms.RadioSelect)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        markets = Market.objects.filter(code__in=OFFERED).order_by("name")
        choice_field(self, "market").choices = [(row.code, f"{row.name} ({row.currency})") for row in markets]
        offered = {kind for kinds in OFFERED.values() for kind in kinds}
        choice_field(self, "business_type").choices = [
            choice for choice in Application.BusinessType.choices if choice[0] in offered
        ]
        for name in self.fields:
            offers: Any = choice_field(self, name).choices
            if len(offers) == 1:
                self.initial.setdefault(name, offers[0][0])


class PersonForm(forms.Form):
    """Who applies."""

    given_name = forms.CharField(
        label=_("First name"),
        max_length=60,
        help_text=_("As on your passport or licence."),
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    family_name = forms.CharField(
        label=_("Last name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    born_on = forms.DateField(label=_("Date of birth"), widget=DayInput(attrs={"autocomplete": "bday"}))
    phone = PhoneNumberField(
        label=_("Phone"),
        region="US",
        help_text=_("For questions about your application, for example +1 212 555 0123."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def __init__(self, *args, application: Application, today: dt.date, **kwargs):
        given = {name: getattr(application, name) for name in ("given_name", "family_name", "born_on", "phone")}
        super().__init__(*args, initial=given, **kwargs)
        self.fields["born_on"].widget.attrs["max"] = today.isoformat()
        self.fields["phone"].initial = str(application.phone or "")


class AddressForm(forms.Form):
    """Where the person lives."""

    line1 = forms.CharField(
        label=_("Street and number"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "address-line1"})
    )
    line2 = forms.CharField(
        label=_("Apartment, floor"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-line2"}),
    )
    city = forms.CharField(
        label=_("City"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})
    )
    region = forms.ChoiceField(label=_("State"), widget=forms.Select(attrs={"autocomplete": "address-level1"}))
    postal_code = forms.CharField(
        label=_("ZIP code"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "postal-code"})
    )

    def __init__(self, *args, application: Application, **kwargs):
        super().__init__(*args, initial={name: getattr(application, name) for name in self.base_fields}, **kwargs)
        regions = regions_of(application.shop.market_id)
        choice_field(self, "region").choices = [("", _("Choose")), *regions]


class TaxForm(forms.Form):
    """The tax id. One that is saved is never shown again, only its last digits."""

    kind = forms.ChoiceField(label=_("Kind of number"), widget=forms.RadioSelect)
    number = forms.CharField(
        label=_("Number"),
        max_length=20,
        required=False,
        widget=UnseenInput(attrs={**SECRET_NUMBER, "placeholder": "000-00-0000"}),
    )

    def __init__(self, *args, application: Application, **kwargs):
        kinds = TAX_IDS_OF[application.business_type]
        super().__init__(*args, initial={"kind": application.tax_id_kind or kinds[0]}, **kwargs)
        self.saved = bool(application.tax_id_last_four)
        self.saved_kind = application.tax_id_kind
        choice_field(self, "kind").choices = [choice for choice in Application.TaxIdKind.choices if choice[0] in kinds]
        self.fields["number"].widget.is_required = self.fields["number"].required = not self.saved
        self.fields["number"].help_text = (
            KEEP % {"last_four": application.tax_id_last_four}
            if self.saved
            else _("Nine digits. It is encrypted at once; afterwards only the last four digits are ever shown.")
        )

    def clean(self):
        cleaned = super().clean()
        kept = self.saved and cleaned.get("kind") == self.saved_kind
        if not cleaned.get("number") and not kept and "number" not in self.errors:
            self.add_error("number", _("This field is required."))
        return cleaned


class SellingForm(forms.Form):
    """The shop's name and its goods."""

    shop_name = forms.CharField(
        label=_("Shop name"), max_length=120, help_text=_("What buyers will read. You can change it later.")
    )
    trade_classes = forms.MultipleChoiceField(label=_("What you will sell"), widget=forms.CheckboxSelectMultiple)
    track_record = forms.CharField(
        label=_("Where you have sold before"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Your other shops, markets, a link. It helps the reviewer."),
    )

    def __init__(self, *args, application: Application, **kwargs):
        given = {
            "shop_name": application.shop.name,
            "trade_classes": application.trade_classes,
            "track_record": application.track_record,
        }
        super().__init__(*args, initial=given, **kwargs)
        rows = TradeClass.objects.order_by("restricted", "name", "pk")
        later = _(" (needs a permit: you can list these after we have checked it)")
        choice_field(self, "trade_classes").choices = [
            (row.code, f"{row.name}{later}" if row.restricted else row.name) for row in rows
        ]


class DocumentForm(forms.Form):
    """One paper with the date that matters for its kind."""

    paper = forms.ChoiceField(label=_("Which paper"))
    expires_on = forms.DateField(label=_("Valid until"), widget=DayInput)
    issued_on = forms.DateField(label=_("Date on the paper"), widget=DayInput)
    files = ManyFilesField(  # type: ignore[assignment]
        label=_("Photo or PDF"),
        help_text=_("JPG, PNG or PDF, at most 10 MB each. Whole page, all corners, sharp. Both sides of a card."),
        widget=ManyFilesInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
    )

    def __init__(self, *args, kind: str, proof_of_address_days: int, **kwargs):
        super().__init__(*args, prefix=kind, **kwargs)
        self.kind = Document.Kind(kind)
        choice_field(self, "paper").choices = [(paper.value, paper.label) for paper in Document.PAPERS[self.kind]]
        if self.kind == Document.Kind.IDENTITY:
            del self.fields["issued_on"]
        else:
            del self.fields["expires_on"]
            age = counted(proof_of_address_days, "days")
            self.fields["issued_on"].help_text = _("Not older than %(days)s.") % {"days": age}


class BankForm(forms.Form):
    """The account for payouts. A number that is saved is never shown again, only its last digits."""

    holder = forms.CharField(label=_("Account holder"), max_length=120, help_text=_("Your own name, as at the bank."))
    bank_name = forms.CharField(label=_("Bank"), max_length=120)
    account_type = forms.ChoiceField(
        label=_("Kind of account"), choices=BankAccount.AccountType.choices, widget=forms.RadioSelect
    )
    routing_number = forms.CharField(
        label=_("Routing number"),
        max_length=11,
        help_text=_("Nine digits; the first number at the bottom of a cheque."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    number = forms.CharField(label=_("Account number"), max_length=24, widget=UnseenInput(attrs=SECRET_NUMBER))

    def __init__(self, *args, account: BankAccount | None, holder: str = "", **kwargs):
        given = {"holder": holder, "account_type": BankAccount.AccountType.CHECKING}
        if account is not None:
            given = {name: getattr(account, name) for name in ("holder", "bank_name", "account_type", "routing_number")}
        super().__init__(*args, initial=given, **kwargs)
        self.account = account
        if account is not None:
            self.fields["number"].required = False
            self.fields["number"].help_text = KEEP % {"last_four": account.last_four}
        else:
            self.fields["number"].help_text = _("It is encrypted at once; afterwards only the last four are shown.")

    @property
    def unchanged(self) -> bool:
        """Is the saved account kept as it is?"""
        return self.account is not None and not self.changed_data

    def clean(self):
        cleaned = super().clean()
        if self.account is not None and self.changed_data and not cleaned.get("number"):
            self.add_error("number", _("Give the account number again when you change something."))
        return cleaned


class SubmitForm(forms.Form):
    """The last look."""

    agreement_version = forms.CharField(widget=forms.HiddenInput)
    agreed = forms.BooleanField(label=_("I have read the seller agreement and accept it."))
    correct = forms.BooleanField(label=_("What I have given is true and complete."))


STEP_FORMS: dict[str, Callable[..., forms.Form]] = {
    "person": PersonForm,
    "address": AddressForm,
    "tax": TaxForm,
    "selling": SellingForm,
}
assert set(STEP_FORMS) < set(STEPS)
