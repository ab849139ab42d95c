"""The shape of what is asked about money."""

from django import forms
from django.utils.translation import gettext_lazy as _

MOST = 10**15


class PeriodForm(forms.Form):
    """Which paydays to show, both days included."""

    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


class RefundQuestion(forms.Form):
    """Which amounts of which order line would be refunded (minor units)."""

    line = forms.IntegerField(min_value=1, max_value=2**62)
    goods = forms.IntegerField(min_value=0, max_value=MOST)
    shipping = forms.IntegerField(min_value=0, max_value=MOST, required=False)
    tax = forms.IntegerField(min_value=0, max_value=MOST, required=False)

    def clean_shipping(self) -> int:
        return self.cleaned_data["shipping"] or 0

    def clean_tax(self) -> int:
        return self.cleaned_data["tax"] or 0
