"""Buyers as a shop meets them: the same person is one row, whatever account or guest name they use."""

import datetime as dt
from collections.abc import Sequence

from django.db import connection

from orders.models import Buyer
from orders.wanted import Contact
from seller_center.kernel.crypto import blind_index

_MEET_BUYER = """
INSERT INTO orders_buyer AS b (shop_id, person_code, user_id, name, email, phone, order_count, first_seen_at)
VALUES (%(shop)s, %(person)s, %(user)s, %(name)s, %(email)s, %(phone)s, 1, %(at)s)
ON CONFLICT (shop_id, person_code) DO UPDATE
SET order_count = b.order_count + 1, name = excluded.name, email = excluded.email, phone = excluded.phone,
    user_id = coalesce(excluded.user_id, b.user_id)
RETURNING id, order_count - 1
"""


def person_code(*, user=None, email: str = "", phone: str = "") -> str:
    """The same for the same person: by account, else by e-mail address, else by phone. Nothing for nobody."""
    if user is not None:
        return blind_index(f"user:{user.pk}", "buyer")
    if email.strip():
        return blind_index(email, "buyer")
    digits = "".join(sign for sign in phone if sign.isdigit())
    return blind_index(f"phone:{digits}", "buyer") if digits else ""


def meet(*, shop, contact: Contact, user, at: dt.datetime, otherwise: str) -> tuple[Buyer, int]:
    """The buyer's row, locked, with one more order; and how many orders there were before.

    Needs a transaction. ``otherwise`` makes the person of an order without any contact.
    """
    key = person_code(user=user, email=contact.email, phone=contact.phone) or blind_index(otherwise, "buyer")
    values = {
        "shop": shop.pk,
        "person": key,
        "user": getattr(user, "pk", None),
        "name": contact.name.strip()[:120],
        "email": contact.email.strip()[:254],
        "phone": contact.phone.strip()[:40],
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEET_BUYER, values)
        pk, before = cursor.fetchone()
    buyer = Buyer(
        id=pk,
        shop=shop,
        person_code=key,
        user_id=values["user"],
        name=values["name"],
        email=values["email"],
        phone=values["phone"],
        order_count=before + 1,
    )
    buyer._state.adding = False
    return buyer, before


_MEET_MANY = """
INSERT INTO orders_buyer AS b (shop_id, person_code, name, email, phone, order_count, first_seen_at)
SELECT %(shop)s, person, name, email, phone, orders, %(at)s
FROM unnest(%(people)s::text[], %(names)s::text[], %(emails)s::text[], %(phones)s::text[], %(orders)s::int[])
    AS met (person, name, email, phone, orders)
ORDER BY person
ON CONFLICT (shop_id, person_code) DO UPDATE
SET order_count = b.order_count + excluded.order_count, name = excluded.name, email = excluded.email,
    phone = excluded.phone
RETURNING person_code, id
"""


def meet_many(*, shop, contacts: Sequence[tuple[Contact, str]], at: dt.datetime) -> list[Buyer]:
    """The buyers of many orders, each a contact and what makes its person if there is none; in that order.

    The rows are locked in the order of their persons. Whoever comes twice is one row, named as the last time.
    """
    met: dict[str, tuple[Contact, int]] = {}
    keys = []
    for contact, otherwise in contacts:
        key = person_code(email=contact.email, phone=contact.phone) or blind_index(otherwise, "buyer")
        met[key] = (contact, met.get(key, (contact, 0))[1] + 1)
        keys.append(key)
    people = sorted(met)
    values = {
        "shop": shop.pk,
        "at": at,
        "people": people,
        "names": [met[key][0].name.strip()[:120] for key in people],
        "emails": [met[key][0].email.strip()[:254] for key in people],
        "phones": [met[key][0].phone.strip()[:40] for key in people],
        "orders": [met[key][1] for key in people],
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEET_MANY, values)
        found = dict(cursor.fetchall())
    rows = {key: Buyer(id=found[key], shop=shop, person_code=key) for key in people}
    for row in rows.values():
        row._state.adding = False
    return [rows[key] for key in keys]
