"""Why an application, or a part of it, cannot be accepted: the reviewer's reasons, in words for applicants.

The text is a beginning; the reviewer may change it before it is sent.
"""

from django.utils.translation import gettext_lazy as _

#: Reasons to ask for changes: code → (step it belongs to, text).
CHANGES = {
    "name_differs": (
        "person",
        _("The name you gave differs from the one on your document. Please correct one of them."),
    ),
    "born_on_differs": ("person", _("The date of birth differs from the one on your document.")),
    "address_differs": ("address", _("The address differs from the one on your proof of address.")),
    "tax_id_differs": ("tax", _("The tax number does not belong to the name you gave.")),
    "shop_name": ("selling", _("This shop name belongs to a brand or misleads buyers. Please choose another.")),
    "paper_unreadable": ("documents", _("We could not read this document. Please take the photo again in good light.")),
    "paper_incomplete": (
        "documents",
        _("A part of the page is missing. Please send the whole page, with all its corners."),
    ),
    "paper_wrong": ("documents", _("This is not the kind of document that we asked for.")),
    "paper_old": ("documents", _("This document is too old or has expired. Please send a current one.")),
    "bank_name_differs": ("bank", _("The account is not in your name. Please give an account of your own.")),
    "other": ("", _("Please look at this again.")),
}

#: Reasons to refuse for good: code → text.
REFUSALS = {
    "not_eligible": _("You cannot sell here: the conditions for sellers are not met."),
    "not_authentic": _("We could not confirm that your documents are authentic."),
    "duplicate": _("You have a shop here already. One person has one shop per market."),
    "prohibited_goods": _("The goods that you want to sell are not allowed here."),
    "no_answer": _("We asked for changes and did not hear from you."),
    "other": _("We cannot accept your application."),
}
