"""Forms of floor 2: shape only; the rules are the verbs'."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog import browsing, sheets, tree
from catalog.listing import Details, SkuLine
from catalog.models import Category, Product, Sku
from catalog.models.category import BELOW
from seller_center.kernel.money import exponent
from seller_center.kernel.prepared import prepared

AXES = (1, 2, 3)


class PriceField(forms.CharField):
    """An amount as it is typed (19.99), cleaned to minor units of ``currency``; nothing is None."""

    def __init__(self, *, currency: str = "USD", **kwargs):
        self.currency = currency
        super().__init__(max_length=20, **kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            return sheets.price_minor(text, exponent(self.currency))
        except sheets.CellError:
            raise forms.ValidationError(_("Write an amount like 19.99."), code="not_a_price") from None

    def prepare_value(self, value):
        """Minor units as they are typed."""
        if isinstance(value, int):
            return str(Decimal(value).scaleb(-exponent(self.currency)))
        return value


def category_choices(*, blank: str = "") -> list:
    """The leaves of the tree, grouped by their branch: one query."""
    leaves = [(full_name.partition(BELOW)[0], code, name) for full_name, code, name in _choosable()]
    groups = [
        (branch, [(code, name) for _branch, code, name in rows])
        for branch, rows in groupby(leaves, key=lambda row: row[0])
    ]
    return [("", blank or gettext("Choose a category")), *groups]


@prepared
def _choosable() -> QuerySet:
    return Category.objects.choosable().values_list("full_name", "code", "name")


class CategoryForm(forms.ModelForm):
    """What staff change of a category. Its fee class is one that a policy has a rate for at ``at``, or the one it has."""

    at: dt.datetime
    fee_class = forms.ChoiceField(label=_("Fee class"), help_text=_("Which referral rate of the policy holds here."))

    class Meta:
        model = Category
        fields = ("name", "fee_class", "words", "restricted", "prohibited")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        known = tree.fee_classes(self.at)
        held = self.instance.fee_class
        choices = known if held in known else [*known, held]
        self.fields["fee_class"].choices = [(one, one.replace("_", " ").capitalize()) for one in choices]

    def clean_words(self) -> list[str]:
        """Words are compared in lower case, and each once."""
        return list(dict.fromkeys(" ".join(word.lower().split()) for word in self.cleaned_data["words"]))


class CategoryField(forms.ChoiceField):
    """A leaf category by its code, cleaned to the row."""

    def clean(self, value):
        code = super().clean(value)
        return Category.objects.choosable().filter(code=code).first() if code else None


def offer_categories(form: forms.Form, *, blank: str = "") -> None:
    """Fill the category field of a form: read when the form is made, so that staff's changes show at once."""
    field = form.fields["category"]
    assert isinstance(field, CategoryField)
    field.choices = category_choices(blank=blank)


def in_currency(form: forms.Form, currency: str) -> None:
    """Tell the form's prices their currency: how many decimals it has."""
    for field in form.fields.values():
        if isinstance(field, PriceField):
            field.currency = currency


class DetailsForm(forms.Form):
    """The words of a listing."""

    name = forms.CharField(label=_("Name"), max_length=255, help_text=_("What it is, of what, for whom."))
    category = CategoryField(label=_("Category"), required=False)
    brand = forms.CharField(label=_("Brand"), max_length=120, required=False)
    description = forms.CharField(
        label=_("Description"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Markdown: **bold**, - lists, ### headings. HTML is shown as text."),
    )
    seen = forms.DateTimeField(widget=forms.HiddenInput, required=False, input_formats=["%Y-%m-%dT%H:%M:%S.%f%z"])

    def __init__(self, *args, product: Product | None = None, **kwargs):
        if product is not None:
            kwargs["initial"] = {
                "name": product.name,
                "category": product.category.code if product.category else "",
                "brand": product.brand,
                "description": product.description,
                "seen": product.changed_at.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
            }
        super().__init__(*args, **kwargs)
        offer_categories(self)

    def details(self) -> Details:
        """The words as the verbs take them."""
        data = self.cleaned_data
        return Details(
            name=data["name"],
            brand=data["brand"],
            description=data["description"],
            category=data["category"],
        )


class AxesForm(forms.Form):
    """Up to three options with their values, in lines or with commas."""

    def __init__(self, *args, axes: Sequence[tuple[str, list[str]]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        for number in AXES:
            name, values = axes[number - 1] if number <= len(axes) else ("", [])
            self.fields[f"option{number}"] = forms.CharField(
                label=_("Option %(number)d") % {"number": number},
                max_length=60,
                required=False,
                initial=name,
                widget=forms.TextInput(attrs={"placeholder": [_("Size"), _("Colour"), _("Material")][number - 1]}),
            )
            self.fields[f"values{number}"] = forms.CharField(
                label=_("Its values"),
                max_length=5_000,
                required=False,
                initial=", ".join(values),
                help_text=_("Separated by commas: Small, Medium, Large") if number == 1 else "",
            )

    def pairs(self) -> list[tuple]:
        """The fields of each option side by side, for the template."""
        return [(self[f"option{number}"], self[f"values{number}"]) for number in AXES]

    def axes(self) -> list[tuple[str, list[str]]]:
        """The options that were filled in."""
        found = []
        for number in AXES:
            name = self.cleaned_data[f"option{number}"]
            values = [value.strip() for value in self.cleaned_data[f"values{number}"].replace("\n", ",").split(",")]
            values = [value[:100] for value in values if value]
            if name or values:
                found.append((name, values))
        return found


class NewProductForm(DetailsForm, AxesForm):
    """A new product: its words, options, and the price and stock that all its SKUs begin with."""

    price = PriceField(label=_("Price"))
    compare_at = PriceField(label=_("Compare-at price"), required=False, help_text=_("Shown struck through."))
    code = forms.CharField(
        label=_("SKU code"), max_length=50, required=False, help_text=_("Yours. Left empty, one is made.")
    )
    on_hand = forms.IntegerField(label=_("In stock"), min_value=0, max_value=sheets.MOST_UNITS, initial=0)

    def __init__(self, *args, shop, **kwargs):
        super().__init__(*args, **kwargs)
        in_currency(self, shop.currency)

    def line(self) -> SkuLine:
        """The line that every SKU begins with."""
        data = self.cleaned_data
        return SkuLine(
            price_minor=data["price"], compare_at_minor=data["compare_at"], code=data["code"], on_hand=data["on_hand"]
        )


class SkuForm(forms.Form):
    """One line of the table of SKUs."""

    code = forms.CharField(label=_("SKU code"), max_length=50, required=False)
    price = PriceField(label=_("Price"))
    compare_at = PriceField(label=_("Compare-at price"), required=False)
    cost = PriceField(label=_("Cost"), required=False)
    barcode = forms.CharField(label=_("Barcode"), max_length=20, required=False)
    weight = forms.IntegerField(label=_("Weight (g)"), min_value=0, max_value=10**8, required=False)
    on_hand = forms.IntegerField(label=_("On hand"), min_value=0, max_value=sheets.MOST_UNITS, required=False)

    def __init__(self, *args, sku: Sku, on_hand: int, currency: str, **kwargs):
        self.sku = sku
        kwargs["prefix"] = f"sku-{sku.pk}"
        kwargs["initial"] = {
            "code": sku.code,
            "price": sku.price_minor,
            "compare_at": sku.compare_at_minor,
            "cost": sku.cost_minor,
            "barcode": sku.barcode,
            "weight": sku.weight_grams,
            "on_hand": on_hand,
        }
        super().__init__(*args, **kwargs)
        in_currency(self, currency)

    def line(self) -> SkuLine:
        """The line as the verb takes it; a stock field that was not touched leaves the stock alone."""
        data = self.cleaned_data
        return SkuLine(
            code=data["code"],
            price_minor=data["price"],
            compare_at_minor=data["compare_at"],
            cost_minor=data["cost"],
            barcode=data["barcode"],
            weight_grams=data["weight"],
            on_hand=data["on_hand"] if "on_hand" in self.changed_data else None,
        )


class ManyFilesInput(forms.ClearableFileInput):
    """A file picker that takes several files."""

    allow_multiple_selected = True


class PicturesForm(forms.Form):
    """Pictures to add."""

    pictures = forms.FileField(
        label=_("Pictures"),
        widget=ManyFilesInput(attrs={"multiple": True, "accept": "image/jpeg,image/png,image/webp"}),
        help_text=_("JPG, PNG or WebP, at least 600 × 600. You may choose several."),
    )


class CountForm(forms.Form):
    """How many of a SKU somebody counted."""

    sku = forms.IntegerField(widget=forms.HiddenInput)
    on_hand = forms.IntegerField(label=_("On hand"), min_value=0, max_value=sheets.MOST_UNITS)


class ImportForm(forms.Form):
    """A file of products."""

    file = forms.FileField(label=_("CSV file"), widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}))
    category = CategoryField(
        label=_("Category for unknown kinds"),
        required=False,
        help_text=_("Kinds of products that we recognise keep theirs. Left empty, the others come in as drafts."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offer_categories(self, blank=gettext("None"))


class CheckAgainForm(forms.Form):
    """The same file with another category for unknown kinds."""

    category = CategoryField(label=_("Category for unknown kinds"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offer_categories(self, blank=gettext("None"))


class ProductFilterForm(forms.Form):
    """What the product list can be asked."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, brand, SKU or barcode")}),
    )
    category = CategoryField(label=_("Category"), required=False)
    stock = forms.ChoiceField(
        label=_("Stock"),
        required=False,
        choices=[("", _("Any stock")), (browsing.LOW, _("Few left")), (browsing.OUT, _("A SKU is out"))],
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offer_categories(self, blank=gettext("All categories"))


class StockFilterForm(forms.Form):
    """What the stock list can be asked."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Product, SKU or barcode")}),
    )


class JournalFilterForm(forms.Form):
    """The journal of one SKU."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("SKU code, exactly")}),
    )


class ReasonForm(forms.Form):
    """Why staff take a product off sale: the seller reads it."""

    reason = forms.CharField(
        label=_("Reason, as the seller reads it"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )
