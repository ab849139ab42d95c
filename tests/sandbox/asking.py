"""Bodies that the sandbox accepts, to be varied."""

ROUTING = "021000021"


def payment(**changes: object) -> dict:
    return {"amount_minor": 2500, "currency": "USD", "card": "tok_ok"} | changes


def transfer(**changes: object) -> dict:
    return {
        "amount_minor": 10_000,
        "currency": "USD",
        "routing": ROUTING,
        "account": "00012345",
        "name": "Shop One",
    } | changes


def address(postcode: str, **changes: str) -> dict:
    return {
        "name": "Person One",
        "line1": "1 Main Street",
        "line2": "",
        "city": "Town",
        "region": "NY",
        "postcode": postcode,
        "country": "US",
    } | changes


def label(**changes: object) -> dict:
    return {
        "service": "ground",
        "weight_grams": 900,
        "from": address("10001"),
        "to": address("60601"),
        "reference": "PACKAGE1",
    } | changes
