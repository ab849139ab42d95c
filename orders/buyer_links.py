"""The buyer's secret link to an order: a guest has no log-in, the link in the mail opens the order and nothing else.

The order's code is printed on parcels and said on the phone, so it is never an authorisation (architecture.md §7); the
signature makes the link one.
"""

from django.core import signing

SALT = "orders.buyer_link"


def token_of(order) -> str:
    """The token of an order's link."""
    return signing.Signer(salt=SALT).sign_object([order.shop_id, order.code]).replace(":", "~")


def read_token(token: str) -> tuple[int, str] | None:
    """Shop id and order code of a token; None for one that we did not sign."""
    try:
        shop_id, code = signing.Signer(salt=SALT).unsign_object(token.replace("~", ":"))
    except (signing.BadSignature, ValueError):
        return None
    return shop_id, code


def buyer_path(order, shop=None) -> str:
    """The path of the buyer's page of this order."""
    return f"/shop/{(shop or order.shop).slug}/orders/{token_of(order)}/"
