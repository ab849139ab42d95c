"""What must be true of the database, as questions that find what is not: each floor's ``proof.py`` lists its own.

A check is read-only SQL that gives one row per finding: the shop, the thing in words, and what is wrong with it. The
roof (``seller_center.proof``) runs them all on one snapshot: ``manage.py prove`` (reliability.md, C12).
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Check:
    """One invariant. ``sql`` gives (shop_id, subject, detail) per breach; ``%(settled)s`` is a moment a while ago, before
    which every reaction must have taken effect."""

    name: str
    invariant: str
    sentence: str
    sql: str


CHECKS = (
    Check(
        "events.dead_letters",
        "INV23",
        "every event has had its effect",
        """
        SELECT shop_id, kind || ' ' || subject_code, 'failed ' || attempts || ' times: ' || last_error
        FROM shops_shopevent
        WHERE delivered_at IS NULL AND attempts >= 5
        """,
    ),
    Check(
        "bank_account.number_is_sealed",
        "INV21",
        "no account number is stored in clear",
        """
        SELECT shop_id, 'bank account ••••' || last_four, 'the number is not encrypted'
        FROM shops_bankaccount WHERE number NOT LIKE 'v1:%%'
        """,
    ),
)
