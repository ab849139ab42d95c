"""What the diagnosis and the import have to say, as sentences for the screen. Stored are codes and facts."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from catalog.diagnosis import Finding
from seller_center.kernel.money import format_money
from seller_center.kernel.text import Count, number

#: Code → what is the matter, formatted with the facts.
SENTENCES: dict[str, str] = {
    # diagnosis
    "name_missing": _("The product has no name."),
    "name_long": _("The name has {signs:characters}; at most {most} are allowed."),
    "name_short": _("The name has only {signs:characters}. Say what it is, of what and for whom."),
    "name_shouts": _("The name is all in capitals."),
    "name_promotes": _("The name advertises (“{word}”). Prices and offers belong into promotions."),
    "description_long": _("The description has {signs:characters}; at most {most} are allowed."),
    "description_missing": _("There is hardly a description. Buyers ask less if it has {advised} characters or more."),
    "description_short": _("The description has {signs:characters}; {advised} or more sell better."),
    "description_links": _("The description links to other places."),
    "category_missing": _("No category is chosen."),
    "category_prohibited": _("Nothing may be sold in this category."),
    "category_restricted": _("This category needs a qualification that your shop does not have yet."),
    "no_sku": _("There is nothing to buy: the product has no SKU."),
    "too_many_skus": _("The product has {count:SKUs}; at most {most} are allowed."),
    "too_many_options": _("The product has {count:options}; at most {most} are allowed."),
    "price_low": _("Prices below {least}: {count}."),
    "price_high": _("Prices above {most_price}: {count}."),
    "barcode_wrong": _("“{value}” is not a barcode number: the check digit or the length is wrong."),
    "no_picture": _("There is no picture."),
    "pictures_elsewhere": _("There is no picture here yet, only where pictures are to be found (addresses: {count})."),
    "too_many_pictures": _("Pictures: {count}; at most {most} are allowed."),
    "few_pictures": _("Pictures: {count}; {advised} or more sell better."),
    "stock_low": _("Only {count:units} in stock."),
    # import: what a row says
    "no_product": _("The row names no product: it has neither a handle nor a name."),
    "no_name": _("The product has no name; its handle is taken instead."),
    "handle_changed": _("The handle “{value}” is read as “{handle}”."),
    "cut": _("The text has {signs:characters}; at most {most} fit, the rest was cut."),
    "not_a_price": _("“{value}” is not a price. Write it like 54.95, with a point and without a currency."),
    "too_many_decimals": _("“{value}” has more decimals than the currency."),
    "not_a_number": _("“{value}” is not a whole number."),
    "number_high": _("{value} is more than the {most} that are possible."),
    "below_zero": _("{value} is below zero; 0 is taken."),
    "price_missing": _("The row has no price."),
    "price_outside": _("The price must lie between {least} and {most_price}; the row is not taken."),
    "sku_over": _("A product has at most {most} SKUs; this one is not taken."),
    "picture_over": _("A product has at most {most} pictures; this one is not recorded."),
    "description_kept": _("The description has {signs:characters}, at most {most} are allowed; the old one stays."),
    "price_zero": _("The price is 0."),
    "compare_at_low": _("The compare-at price is not above the price and is left out."),
    "compare_at_gone": _("The new price reaches the compare-at price, which is taken away."),
    "code_long": _("The SKU code has {signs:characters}; at most {most} are allowed. A code is made for it."),
    "code_twice": _("The SKU code “{value}” stands in row {first} already. A code is made for this one."),
    "code_taken": _("The SKU code “{value}” belongs to another SKU of your shop. A code is made for this one."),
    "barcode_zeros": _("“{value}” has lost its leading zeros; {instead} is taken."),
    "oversell": _("Selling without stock is not possible here; the SKU sells what is in stock."),
    "gift_card": _("Gift cards cannot be sold."),
    "address_long": _("The picture's address has {signs:characters}; at most {most} fit."),
    "option_unnamed": _("The row has a value for an option that has no name."),
    "option_missing": _("The row lacks the value of an option."),
    "choice_twice": _("Row {first} has the same option values."),
    "other_options": _("The product has the options {here}, the file says {there}. Change them on its page first."),
    "stock_promised": _("The stock was not set to {wanted}, since {promised:units} must stay for orders."),
    "status_kept": _(
        "The product stays {here}: an import does not change the state of a product (the file says {there})."
    ),
    "category_unknown": _("There is no category “{value}”."),
    "kind_unknown": _("“{value}” is no kind of product that we know; the category chosen for this import is taken."),
    "tier_full": _("Your shop may have {most} live products at its present tier; this one stays a draft."),
    "listings_stopped": _("New listings are stopped for your shop because of violation points; it stays a draft."),
}

#: Code → the same in short, for a count of rows.
TITLES: dict[str, str] = {
    "no_product": _("Row without a product"),
    "no_name": _("Product without a name"),
    "handle_changed": _("Handle read otherwise"),
    "cut": _("Text cut"),
    "not_a_price": _("Not a price"),
    "too_many_decimals": _("Too many decimals"),
    "not_a_number": _("Not a whole number"),
    "number_high": _("Number too high"),
    "below_zero": _("Number below zero, taken as 0"),
    "price_missing": _("No price"),
    "price_outside": _("Price out of bounds"),
    "price_zero": _("Price of 0"),
    "price_high": _("Price too high"),
    "sku_over": _("More SKUs than allowed"),
    "too_many_skus": _("More SKUs than allowed"),
    "picture_over": _("More pictures than allowed"),
    "too_many_pictures": _("More pictures than allowed"),
    "no_picture": _("No picture"),
    "pictures_elsewhere": _("No picture yet, only addresses"),
    "description_kept": _("Description too long, the old one stays"),
    "description_long": _("Description too long"),
    "name_long": _("Name too long"),
    "compare_at_low": _("Compare-at price not above the price"),
    "compare_at_gone": _("Compare-at price taken away"),
    "code_long": _("SKU code too long"),
    "code_twice": _("SKU code used twice"),
    "code_taken": _("SKU code belongs to another SKU"),
    "barcode_wrong": _("Wrong barcode number"),
    "barcode_zeros": _("Barcode with lost zeros"),
    "oversell": _("Selling without stock is not possible"),
    "gift_card": _("Gift card"),
    "address_long": _("Picture address too long"),
    "option_unnamed": _("Option without a name"),
    "option_missing": _("Option value missing"),
    "choice_twice": _("Option values used twice"),
    "other_options": _("Other options than the product has"),
    "stock_promised": _("Stock belongs to orders"),
    "status_kept": _("State not changed"),
    "category_unknown": _("Unknown category"),
    "category_missing": _("No category"),
    "category_prohibited": _("Prohibited category"),
    "category_restricted": _("Category needs a qualification"),
    "kind_unknown": _("Unknown kind, the chosen category is taken"),
    "tier_full": _("More live products than your tier allows"),
    "listings_stopped": _("New listings are stopped for your shop"),
}

#: Code → what to do about it, where the sentence does not say so itself.
FIXES: dict[str, str] = {
    "category_missing": _("Choose the leaf category that a buyer would look in."),
    "category_prohibited": _("Choose another category, or do not sell it here."),
    "category_restricted": _("Apply for the category under Settings."),
    "no_picture": _("Add at least one picture."),
    "pictures_elsewhere": _("Add at least one picture; addresses are noted, not fetched."),
    "too_many_pictures": _("Remove pictures until the limit is kept."),
    "description_long": _("Shorten the description."),
    "name_long": _("Shorten the name."),
    "price_low": _("Set a price."),
    "price_high": _("Set a lower price."),
    "barcode_wrong": _("Correct the number, or leave it empty."),
    "no_sku": _("Add a SKU."),
    "too_many_skus": _("Split the product into two."),
}


def sentence(code: str, facts: Mapping[str, Any], *, currency: str = "") -> str:
    """The sentence for a code, with its facts put in; money facts (``…_minor``) are written in the currency."""
    words = {name: Count(value) if type(value) is int else value for name, value in facts.items()}
    for name, key in (("least_minor", "least"), ("most_minor", "most_price")):
        if name in words:
            words[key] = format_money(facts[name], currency)
    try:
        return gettext(SENTENCES[code]).format(**words)
    except KeyError:  # a row written by an older version
        return code.replace("_", " ")


def findings_as_rows(findings: Iterable[Finding], currency: str) -> list[dict[str, Any]]:
    """The findings of a product for its page: sentence, what to do, field, and whether it blocks."""
    return [
        {
            "sentence": sentence(finding.code, finding.facts, currency=currency),
            "fix": gettext(FIXES[finding.code]) if finding.code in FIXES else "",
            "field": finding.field,
            "blocks": finding.blocks,
        }
        for finding in findings
    ]


def counted_remarks(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """What was said how often in an import (``remark:<code>`` → rows), the most frequent first."""
    found = [(rows, name.removeprefix("remark:")) for name, rows in counts.items() if name.startswith("remark:")]
    return [
        {
            "label": gettext(TITLES[code]) if code in TITLES else code.replace("_", " "),
            "value": number(rows),
            "code": code,
        }
        for rows, code in sorted(found, key=lambda pair: (-pair[0], pair[1]))
    ]


def fate_of_new(counts: Mapping[str, int]) -> list[str]:
    """What becomes of the new products of an import, and why some have to wait for a picture."""
    new = counts.get("products_new", 0)
    if not new or "products_live" not in counts:
        return []
    live = counts["products_live"]
    told = []
    if live:
        goes = ngettext("%(n)s new product goes on sale.", "%(n)s new products go on sale.", live)
        told.append(goes % {"n": number(live)})
    if drafts := new - live:
        told.append(
            ngettext("%(n)s new product comes in as a draft.", "%(n)s new products come in as drafts.", drafts)
            % {"n": number(drafts)}
        )
    waiting = counts.get("remark:pictures_elsewhere", 0) + counts.get("remark:no_picture", 0)
    if waiting:
        told.append(
            ngettext(
                "%(n)s has no picture here yet (addresses in a file are noted, not fetched):"
                " add one on its page, then publish it.",
                "%(n)s have no picture here yet (addresses in a file are noted, not fetched):"
                " add one on each product's page, then publish it.",
                waiting,
            )
            % {"n": number(waiting)}
        )
    return told


def issue_sentences(issues: Iterable[Mapping[str, Any]], currency: str) -> list[str]:
    """The stored issues of a row, each with its column before it."""
    told = []
    for issue in issues:
        text = sentence(issue["code"], issue.get("facts", {}), currency=currency)
        told.append(f"{issue['column']}: {text}" if issue.get("column") else text)
    return told
