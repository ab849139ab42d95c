"""How many wait at a desk of the staff: counted up to a limit, since nobody works through more in a day."""

from typing import Any

#: Beyond this a desk says "99+"; no table is counted whole.
MOST_WAITING = 100


def count_up_to(rows: Any, most: int = MOST_WAITING) -> int:
    """How many rows there are, at most ``most``."""
    return len(rows.values_list("pk", flat=True)[:most])


def desk_numbers(rows: Any, due_field: str, at: Any, *, mine: Any = None) -> dict[str, Any]:
    """What a desk offers the first page of the admin: waiting, late, when the first is due, and how many are mine."""
    return {
        "waiting": count_up_to(rows),
        "late": count_up_to(rows.filter(**{f"{due_field}__lte": at})),
        "oldest": rows.order_by(due_field).values_list(due_field, flat=True).first(),
        "mine": None if mine is None else count_up_to(rows.filter(**mine)),
    }
