"""Moves: the table, the compare-and-set, the trigger."""

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.transaction import TransactionManagementError
from hypothesis import given
from hypothesis import strategies as st

from seller_center.kernel.errors import Stale
from seller_center.kernel.transitions import Moves, move, moves_of
from tests.kernel.scratch.models import Order

TABLE = Moves({"draft": ("live",), "live": ("paused", "gone"), "paused": ("live",)}, start=("draft",))


# -- the table --------------------------------------------------------------------------------------------------------


def test_it_knows_sources_targets_and_ends():
    assert TABLE.states == ("draft", "live", "paused", "gone")
    assert TABLE.sources("live") == ("draft", "paused")
    assert TABLE.targets("live") == ("paused", "gone")
    assert TABLE.ends == ("gone",)
    assert TABLE.pairs == (("draft", "live"), ("live", "paused"), ("live", "gone"), ("paused", "live"))


def test_it_allows_only_what_the_table_says():
    assert TABLE.allows("draft", "live")
    assert not TABLE.allows("live", "draft")
    assert not TABLE.allows("live", "live")
    assert not TABLE.allows("gone", "live")


@pytest.mark.parametrize(
    ("table", "start", "why"),
    [
        ({"a": ("b",)}, (), "needs a state to start"),
        ({"a": ("b",), "lost": ("b",)}, ("a",), "no way leads to lost"),
        ({"a'": ("b",)}, ("a'",), "not a name"),
        ({"a": ("",)}, ("a",), "not a name"),
        ({"a": ("b>c",)}, ("a",), "not a name"),
    ],
)
def test_it_refuses_a_table_that_makes_no_sense(table, start, why):
    with pytest.raises(ValueError, match=why):
        Moves(table, start=start)


def test_it_is_equal_to_its_like():
    assert Moves({"a": ("b",)}, start=("a",)) == Moves({"a": ["b"]}, start=["a"])
    assert Moves({"a": ("b",)}, start=("a",)) != Moves({"a": ("b",)}, start=("a", "b"))
    assert len({Moves({"a": ("b",)}, start=("a",)), Moves({"a": ("b",)}, start=("a",))}) == 1


def test_it_finds_the_table_of_a_field():
    assert moves_of(Order) is Order.MOVES
    assert moves_of(Order, "dispute") is Order.DISPUTE_MOVES


# -- the move ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def order(acme):
    return Order.objects.create(shop=acme)


def test_it_moves_and_writes_the_changes(order, at):
    assert move(order, "shipped", tracking="1Z", placed_at=at) is order
    assert (order.status, order.tracking, order.placed_at) == ("shipped", "1Z", at)
    stored = Order.objects.get()
    assert (stored.status, stored.tracking, stored.placed_at) == ("shipped", "1Z", at)


def test_it_moves_in_one_statement(order, django_assert_num_queries):
    with django_assert_num_queries(1):
        move(order, "shipped", tracking="1Z")


def test_it_fetches_what_the_database_computed(order):
    move(order, "shipped", total_minor=models.F("total_minor") + 500)
    assert order.total_minor == 500
    assert order.doubled == 1000


def test_it_leaves_other_columns_alone(order):
    order.note = "typed into the object and never saved"
    move(order, "shipped")
    assert Order.objects.get().note == ""


def test_it_says_how_things_stand_when_somebody_was_faster(order):
    Order.objects.filter(pk=order.pk).update(status="cancelled")
    with pytest.raises(Stale) as refused:
        move(order, "shipped", tracking="1Z")
    assert str(refused.value) == "This order is now “Cancelled” and cannot become “Shipped”."
    assert (refused.value.now, refused.value.status) == ("cancelled", 409)
    assert order.status == "open"
    assert order.tracking is None


def test_it_refuses_a_move_that_the_table_lacks(order):
    with pytest.raises(Stale, match="now “Open” and cannot become “Delivered”"):
        move(order, "delivered")


def test_it_refuses_to_move_where_it_already_is(order):
    move(order, "shipped")
    with pytest.raises(Stale, match="now “Shipped”"):
        move(order, "shipped")


def test_it_refuses_what_is_gone(order):
    Order.objects.all().delete()
    with pytest.raises(Stale, match="does not exist any more"):
        move(order, "shipped")


def test_it_touches_no_row_of_another_shop(order, zebra):
    order.shop = zebra
    with pytest.raises(Stale):
        move(order, "shipped")
    assert Order.objects.get().status == "open"


def test_it_narrows_the_sources_for_a_verb(order):
    move(order, "shipped")
    with pytest.raises(ValueError, match="no move from"):
        move(order, "open", allowed_from=("cancelled",))
    with pytest.raises(Stale):
        move(order, "open", allowed_from=())
    move(order, "open", allowed_from=("shipped",))


def test_it_knows_no_state_outside_the_table(order):
    with pytest.raises(ValueError, match="no state"):
        move(order, "sent")


def test_it_moves_a_second_field_by_its_own_table(order):
    move(order, "raised", field="dispute")
    assert (order.dispute, order.status) == ("raised", "open")
    with pytest.raises(Stale, match="now “raised”"):
        move(order, "raised", field="dispute")


@pytest.mark.django_db(transaction=True)
def test_it_wants_a_transaction():
    with pytest.raises(TransactionManagementError):
        move(Order(pk=1, shop_id=1), "shipped")


# -- the trigger ------------------------------------------------------------------------------------------------------


def attack(sql: str) -> None:
    """Write past all code."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_database_refuses_a_move_that_the_table_lacks(order):
    with pytest.raises(IntegrityError, match=r"scratch_order\.status: no move from open to delivered") as refused:
        attack("UPDATE scratch_order SET status = 'delivered'")
    assert refused.value.__cause__.pgcode == "23514"
    assert refused.value.__cause__.diag.constraint_name == "order_moves"


def test_the_database_refuses_it_from_the_orm_too(order):
    order.status = "delivered"
    for write in (order.save, lambda: Order.objects.bulk_update([order], ["status"])):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


def switch_triggers(word: str) -> None:
    attack("SET CONSTRAINTS ALL IMMEDIATE")
    attack(f"ALTER TABLE scratch_order {word} TRIGGER USER")


@pytest.mark.parametrize("state", ["shipped", "cancelled", "nonsense"])
def test_the_database_refuses_a_row_born_elsewhere(acme, state):
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.create(shop=acme, status=state)


def test_the_database_lets_the_same_state_be_written_again(order):
    order.note = "same state, other note"
    order.save()
    attack("UPDATE scratch_order SET status = 'open'")


def test_without_the_trigger_the_attack_succeeds(order):
    """The control: it is the trigger that refuses, not something else."""
    with transaction.atomic():
        switch_triggers("DISABLE")
        attack("UPDATE scratch_order SET status = 'delivered'")
        assert Order.objects.get().status == "delivered"
        transaction.set_rollback(True)


def test_a_state_outside_the_table_is_refused_even_without_the_trigger(order):
    switch_triggers("DISABLE")
    with pytest.raises(IntegrityError, match="scratch_order_state"):
        attack("UPDATE scratch_order SET status = 'nonsense'")


STATES = Order.MOVES.states


def test_table_trigger_and_move_agree_on_every_pair(acme):
    """All 16 pairs: what the table allows, `move` does and the trigger lets pass; and nothing else."""
    agreed = 0
    for before in STATES:
        for after in STATES:
            allowed = Order.MOVES.allows(before, after)
            assert _by_move(acme, before, after) == allowed
            assert _by_sql(acme, before, after) == (allowed or before == after)
            agreed += 1
    assert agreed == 16


def _in_state(acme, state):
    order = Order.objects.create(shop=acme)
    switch_triggers("DISABLE")
    Order.objects.filter(pk=order.pk).update(status=state)
    switch_triggers("ENABLE")
    order.status = state
    return order


def _by_move(acme, before, after):
    try:
        move(_in_state(acme, before), after)
    except Stale:
        return False
    return True


def _by_sql(acme, before, after):
    order = _in_state(acme, before)
    try:
        with transaction.atomic():
            Order.objects.filter(pk=order.pk).update(status=after)
    except IntegrityError:
        return False
    return True


@given(st.dictionaries(st.sampled_from("abcde"), st.sets(st.sampled_from("abcde")), min_size=1))
def test_sources_and_targets_are_two_views_of_one_table(table):
    try:
        moves = Moves(table, start=("a",))
    except ValueError:
        return
    for before in moves.states:
        for after in moves.states:
            assert moves.allows(before, after) == (after in moves.targets(before)) == (before in moves.sources(after))
