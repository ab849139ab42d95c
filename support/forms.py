"""Forms of floor 6: shape only."""

from django import forms
from django.utils.translation import gettext_lazy as _

from support.models import Ticket


class MessageFilterForm(forms.Form):
    """The filter above the list of messages."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Buyer, order or SKU")}),
    )


class TicketFilterForm(forms.Form):
    """The filters above the list of tickets."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Subject, number or order")}),
    )
    topic = forms.ChoiceField(label=_("Topic"), required=False, choices=[("", _("All topics")), *Ticket.Topic.choices])


class TicketForm(forms.Form):
    """A new question to support."""

    topic = forms.ChoiceField(label=_("What is it about?"), choices=[("", _("Choose")), *Ticket.Topic.choices])
    about_code = forms.CharField(
        label=_("Which order?"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
        help_text=_("Its number, as it stands on its page. Support then sees the order and need not ask back."),
    )
    subject = forms.CharField(label=_("Subject"), max_length=140)
    body = forms.CharField(label=_("Your question"), widget=forms.Textarea(attrs={"rows": 6}), max_length=10_000)


class MessageForm(forms.Form):
    """One message."""

    body = forms.CharField(label=_("Your message"), widget=forms.Textarea(attrs={"rows": 4}), max_length=10_000)


class ReplyForm(forms.Form):
    """The shop's reply to a review."""

    reply = forms.CharField(label=_("Your reply"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2_000)
