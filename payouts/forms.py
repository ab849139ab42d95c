"""The shape of what is asked about money."""

from django import forms

MOST = 10**15


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
