"""``scope``: the transaction of a verb, and the word to the history triggers about who acts."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar

import structlog
from django.db import connection, transaction

from seller_center.kernel.history import acting

_inside: ContextVar[bool] = ContextVar("inside_scope", default=False)


@contextmanager
def scope(shop, *, by) -> Iterator[None]:
    """Open the transaction of a verb in ``shop`` on behalf of ``by`` (None: the system itself).

    Joins a transaction that is already open, without a savepoint: a verb that calls a verb is one deed, of whoever
    began it, and a refusal inside undoes the whole deed.
    """
    if _inside.get() and connection.in_atomic_block:
        yield
        return
    with ExitStack() as stack:
        if not connection.in_atomic_block:
            stack.enter_context(transaction.atomic())
        stack.callback(_inside.reset, _inside.set(True))
        known = structlog.contextvars.get_contextvars()
        keys = {"api_key": known["api_key"]} if "api_key" in known else {}  # a program acts, no person
        acting(
            user_id=getattr(by, "pk", None),
            shop_id=getattr(shop, "pk", None),
            request_id=known.get("request_id"),
            **keys,
        )
        yield
