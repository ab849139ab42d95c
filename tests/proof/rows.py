"""Which row of the catalogue is proven where, and by which control: read by a test and by docs/mechanisms/proofs.md.

`python -m tests.proof.rows` prints the table of that page.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """``proofs`` hold while the house stands; ``controls`` switch a guard off and see the harm (R1)."""

    name: str
    holds: str
    proofs: tuple[str, ...]
    controls: tuple[str, ...]


STOCK, ORDERS = "tests/catalog/test_stock_races.py", "tests/orders/test_races.py"
TENANTS, KEYS = "tests/proof/test_tenants.py", "tests/proof/test_tenant_keys.py"
OUTBOX, SCHEMA = "tests/proof/test_outbox.py", "tests/proof/test_schema.py"
MONEY, WALL = "tests/kernel/test_money.py", "tests/accounts/test_wall.py"
COUPONS, KILLS, ATTACKS = (
    "tests/marketing/test_redemption.py",
    "tests/payouts/test_kills.py",
    "tests/payouts/test_attacks.py",
)

ROWS = (
    Row(
        "A1",
        "64 buyers at once, 10 units: exactly ten are sold",
        (
            f"{STOCK}::test_it_sells_the_last_ten_units_to_exactly_ten_of_sixty_four",
            f"{ORDERS}::test_it_sells_the_last_ten_units_to_exactly_ten_of_sixty_four_buyers",
        ),
        (
            f"{STOCK}::test_control_an_unguarded_reserve_oversells",
            f"{ORDERS}::test_control_an_order_that_looks_first_and_writes_then_oversells",
        ),
    ),
    Row(
        "A4",
        "640 orders of many lines in any order: no deadlock",
        (
            f"{STOCK}::test_it_places_orders_of_many_lines_in_any_order_without_a_deadlock",
            f"{ORDERS}::test_it_places_640_orders_of_many_lines_without_a_deadlock",
        ),
        (
            f"{STOCK}::test_control_the_same_orders_line_by_line_unsorted_deadlock",
            f"{ORDERS}::test_control_the_same_lines_one_by_one_unsorted_deadlock",
        ),
    ),
    Row(
        "B1",
        "a coupon is redeemed exactly as often as its limit says",
        (
            f"{COUPONS}::test_it_redeems_exactly_the_limit_in_a_storm",
            f"{COUPONS}::test_it_redeems_once_per_buyer_in_a_storm",
        ),
        (f"{COUPONS}::test_it_would_pass_the_limit_without_the_guard",),
    ),
    Row(
        "C1",
        "never more is refunded than was captured, and one of two wins where one can",
        (
            f"{ORDERS}::test_it_refunds_sixty_of_a_hundred_units_once_of_eight_times",
            f"{ORDERS}::test_it_gives_money_back_once_when_a_refund_and_a_cancellation_meet",
        ),
        (f"{ORDERS}::test_control_reading_first_refunds_too_much_even_in_repeatable_read",),
    ),
    Row(
        "C4",
        "the ledger cannot be broken by SQL, as the application's role",
        (f"{ATTACKS}::test_it_refuses_every_attack", f"{ATTACKS}::test_it_takes_a_posting_as_it_should_be"),
        (f"{ATTACKS}::test_every_attack_succeeds_without_its_guard",),
    ),
    Row(
        "C6",
        "money is split to the last unit, whatever the lines, discounts and currencies",
        (
            f"{MONEY}::test_it_splits_to_the_last_unit",
            f"{MONEY}::test_a_discount_never_exceeds_a_line_in_any_currency",
            f"{MONEY}::test_shares_add_up_in_any_steps_and_never_run_ahead",
        ),
        (
            f"{MONEY}::test_a_naive_split_would_lose_a_unit",
            f"{MONEY}::test_a_split_by_position_alone_would_depend_on_the_order",
            f"{MONEY}::test_naive_shares_would_not_add_up",
        ),
    ),
    Row(
        "C12",
        "`manage.py prove` finds what was planted and nothing in a clean database (thin)",
        (
            "tests/payouts/test_prove.py::test_it_finds_nothing_in_a_clean_database",
            "tests/payouts/test_prove.py::test_it_changes_nothing",
        ),
        ("tests/payouts/test_prove.py::test_it_finds_every_planted_corruption_and_names_the_row",),
    ),
    Row(
        "D1",
        "fifty kills while paying out: nothing lost, nothing paid twice",
        (f"{KILLS}::test_fifty_kills_lose_nothing_and_pay_nothing_twice",),
        (f"{KILLS}::test_without_the_key_kills_pay_twice",),
    ),
    Row(
        "E1",
        "twenty deaths and a broker that forgets: effects equal commits",
        (
            f"{OUTBOX}::test_it_has_every_effect_once_through_twenty_deaths",
            f"{OUTBOX}::test_it_loses_nothing_with_a_broker_that_forgets_and_a_worker_that_dies",
        ),
        (
            f"{OUTBOX}::test_it_would_lose_effects_without_the_guard",
            f"{OUTBOX}::test_it_would_double_effects_without_the_guard",
        ),
    ),
    Row(
        "F1",
        "foreign and missing are the same answer, on every address, by every method",
        (
            f"{TENANTS}::test_it_tells_a_stranger_nothing",
            f"{TENANTS}::test_it_finds_no_row_of_another_shop_by_its_id",
            f"{TENANTS}::test_it_asks_somebody_who_is_not_logged_in_to_log_in_and_tells_nothing",
            f"{TENANTS}::test_it_opens_an_order_to_its_buyer_only",
            f"{TENANTS}::test_it_takes_a_key_for_its_own_shop_only",
            f"{TENANTS}::test_it_closes_the_admin_to_everybody_but_staff",
            f"{TENANTS}::test_it_opens_every_address_to_the_owner",
        ),
        (
            f"{TENANTS}::test_it_tells_strangers_nothing_without_the_guard_is_seen",
            f"{TENANTS}::test_it_finds_rows_without_the_guard_is_seen",
        ),
    ),
    Row(
        "F3",
        "no page of one shop holds a word of another (thin)",
        (f"{TENANTS}::test_it_shows_no_word_of_another_shop",),
        (f"{TENANTS}::test_it_shows_words_without_the_guard_is_seen",),
    ),
    Row(
        "F6",
        "every key between shops carries the shop; a link across is refused by PostgreSQL",
        (
            f"{KEYS}::test_it_carries_the_shop_in_every_key_between_shops",
            f"{KEYS}::test_it_refuses_every_link_across_the_wall",
            f"{KEYS}::test_it_takes_every_link_within_a_shop",
            f"{KEYS}::test_it_refuses_the_application_to_relink_rows_by_sql",
            f"{KEYS}::test_it_refuses_the_application_to_move_a_row_next_door",
        ),
        (f"{KEYS}::test_it_would_cross_the_wall_without_the_guard",),
    ),
    Row(
        "F7",
        "each role gets what the views declare and nothing else (thin)",
        (
            f"{TENANTS}::test_it_grants_each_role_what_is_declared_and_nothing_else",
            f"{TENANTS}::test_it_lets_a_reader_change_nothing",
            f"{TENANTS}::test_it_takes_rights_away_with_the_next_request",
        ),
        (f"{TENANTS}::test_it_lets_a_reader_change_nothing_without_the_guard_is_seen",),
    ),
    Row(
        "G3",
        "a password alone reaches the short list only",
        (
            f"{WALL}::test_a_password_alone_reaches_the_short_list_only",
            f"{WALL}::test_with_the_factor_everything_is_open",
        ),
        (f"{WALL}::test_it_would_reach_the_shop_without_the_wall",),
    ),
    Row(
        "M4",
        "built at once, built in steps, and declared by the models: one schema",
        (
            f"{SCHEMA}::test_it_is_the_same_built_at_once_and_floor_by_floor",
            f"{SCHEMA}::test_it_has_no_change_of_models_without_a_migration",
            f"{SCHEMA}::test_it_has_every_constraint_and_index_of_every_model",
            f"{SCHEMA}::test_it_has_every_trigger_as_the_models_would_make_it_now",
        ),
        (f"{SCHEMA}::test_it_sees_a_difference_without_the_guard",),
    ),
)

#: What the first milestone promised; further rows are a gift.
PROMISED = ("A1", "A4", "B1", "C1", "C4", "C6", "D1", "E1", "F1", "F6", "G3", "M4")


def table() -> str:
    """The rows as a table in Markdown."""
    lines = ["| Row | What holds | Proofs | Negative controls |", "|---|---|---|---|"]
    for row in ROWS:
        lines.append(f"| {row.name} | {row.holds} | {_list(row.proofs)} | {_list(row.controls)} |")
    return "\n".join(lines)


def _list(names: tuple[str, ...]) -> str:
    places: dict[str, list[str]] = {}
    for name in names:
        file, _colons, test = name.partition("::")
        places.setdefault(file, []).append(test)
    return "<br>".join(f"`{file}`: " + ", ".join(f"`{test}`" for test in tests) for file, tests in places.items())


if __name__ == "__main__":
    print(table())
