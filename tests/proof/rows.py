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
ILEAVE, LAST = "tests/proof/test_interleavings.py", "tests/proof/test_last_units.py"
TRADING, KILLED = "tests/proof/test_trading.py", "tests/proof/test_trading_killed.py"
TENANTS, KEYS = "tests/proof/test_tenants.py", "tests/proof/test_tenant_keys.py"
OUTBOX, SCHEMA = "tests/proof/test_outbox.py", "tests/proof/test_schema.py"
COUPON_STORM, SUMS, ANSWERS = (
    "tests/proof/test_coupon_storm.py",
    "tests/proof/test_sums.py",
    "tests/proof/test_answers.py",
)
EARNING, PAYRACES, HOSTILE = (
    "tests/payouts/test_earning.py",
    "tests/payouts/test_races.py",
    "tests/payouts/test_hostile_bank.py",
)
TIME, DEADLINES = "tests/proof/test_time.py", "tests/shops/test_deadlines.py"
POINTS, TIMERS, WORKERS = (
    "tests/proof/test_payout_points.py",
    "tests/proof/test_timers.py",
    "tests/proof/test_workers.py",
)
DELIVERIES, LOST, AWAY, MATRIX = (
    "tests/proof/test_deliveries.py",
    "tests/proof/test_lost_answers.py",
    "tests/proof/test_database_away.py",
    "tests/proof/test_resiliency.py",
)
JOBS, FACTOR = "tests/shops/test_jobs.py", "tests/accounts/test_second_factor.py"
CSV, CALENDAR = "tests/kernel/test_csvio.py", "tests/kernel/test_calendar.py"
MONEY, WALL = "tests/kernel/test_money.py", "tests/accounts/test_wall.py"
SIGNATURES, TEXT = "tests/sandbox/test_signatures.py", "tests/kernel/test_text.py"
STORED, API, REGISTRY = (
    "tests/proof/test_stored_files.py",
    "tests/proof/test_api_description.py",
    "tests/proof/test_registry.py",
)
CLEAR, SCRIPTS, TOLD, ALIVE, AUDIT = (
    "tests/proof/test_clear_text.py",
    "tests/proof/test_scripts.py",
    "tests/proof/test_scripts_told.py",
    "tests/proof/test_migrations_alive.py",
    "tests/proof/test_audit_rows.py",
)
COUPONS, KILLS, ATTACKS = (
    "tests/marketing/test_redemption.py",
    "tests/payouts/test_kills.py",
    "tests/payouts/test_attacks.py",
)
BRUTE, LOGGING_IN = "tests/accounts/test_brute_force.py", "tests/accounts/test_logging_in.py"
SAME_POST, API_LIMITS = "tests/proof/test_same_post.py", "tests/proof/test_api_limits.py"
FOREIGN, REVOCATION = "tests/proof/test_foreign_rows.py", "tests/proof/test_revocation.py"
TEAM = "tests/shops/test_team.py"
DIFFERENTIAL = "tests/proof/test_differential.py"
ELSEWHERE = "tests/accounts/test_other_sites.py"

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
        "A2",
        "nobody is told «sold out» while a unit is left, though half decline and a third never pay "
        "(CI: 50 rounds; 1,000 in `make deep`)",
        (
            f"{LAST}::test_no_unit_is_left_while_somebody_was_told_sold_out",
            f"{ILEAVE}::test_a_deed_that_waited_for_stock_sees_it_as_it_is_then",
            f"{STOCK}::test_it_leaves_nothing_while_somebody_got_sold_out",
        ),
        (f"{LAST}::test_control_a_reserve_that_skips_locked_rows_says_sold_out_too_early",),
    ),
    Row(
        "A3",
        "two deeds at once end as one after the other would, in whatever order their statements meet "
        "(CI: 24 pairs, twelve schedules each; `make deep`: 150 of each of these and 16 of every other pair, 9,500 in all)",
        (f"{ILEAVE}::test_pairs_of_deeds_end_as_one_after_the_other_would",),
        (
            f"{ILEAVE}::test_control_the_explorer_finds_a_reserve_that_looks_first",
            f"{ILEAVE}::test_control_the_judge_finds_an_update_that_is_lost",
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
        "A5",
        "the same SKU in several lines of a cart wants their sum: all of it, or nothing (500 carts)",
        (
            f"{LAST}::test_a_cart_wants_the_sum_of_its_lines",
            f"{LAST}::test_an_order_with_a_sku_in_two_lines_is_one_line_of_their_sum",
        ),
        (f"{LAST}::test_control_a_cart_that_is_looked_at_line_by_line_takes_more_than_is_there",),
    ),
    Row(
        "A6",
        "a reservation ends once: paid, expired or cancelled "
        "(CI: 160 schedules and 200 races; all schedules in `make deep`)",
        (
            f"{ILEAVE}::test_a_reservation_ends_once_in_every_order_of_paying_and_expiring",
            f"{STOCK}::test_it_ends_a_reservation_once_when_paying_expiry_and_cancelling_meet",
            f"{ORDERS}::test_it_expires_or_confirms_an_order_at_the_same_instant_never_both",
            f"{ORDERS}::test_it_ships_or_cancels_at_the_same_instant_never_both",
        ),
        (
            f"{STOCK}::test_control_ending_without_looking_gives_units_back_twice",
            f"{ILEAVE}::test_control_without_locks_paying_and_expiring_both_win",
        ),
    ),
    Row(
        "B1",
        "a coupon is redeemed exactly as often as its limit says",
        (
            f"{COUPON_STORM}::test_it_redeems_each_of_twenty_coupons_exactly_a_hundred_times",
            f"{COUPONS}::test_it_redeems_exactly_the_limit_in_a_storm",
        ),
        (f"{COUPONS}::test_it_would_pass_the_limit_without_the_guard",),
    ),
    Row(
        "B2",
        "one use per buyer, of sixteen baskets at once, fifty rounds; a first order is the first",
        (
            f"{COUPON_STORM}::test_it_redeems_once_per_buyer_of_sixteen_baskets_at_once",
            f"{ORDERS}::test_it_lets_the_same_new_buyer_redeem_once_of_sixteen_at_once",
        ),
        (f"{COUPON_STORM}::test_control_a_use_per_buyer_that_is_read_first_is_passed",),
    ),
    Row(
        "B3",
        "a budget in money is spent but never passed",
        (f"{COUPON_STORM}::test_it_spends_a_budget_that_does_not_divide_and_never_more",),
        (f"{COUPON_STORM}::test_control_a_budget_that_is_read_first_is_passed",),
    ),
    Row(
        "B4",
        "the limit holds when the order is made, whatever was quoted before",
        (f"{COUPONS}::test_it_holds_the_limit_when_redeeming_and_not_only_when_quoting",),
        (f"{COUPONS}::test_it_would_pass_the_limit_without_the_guard",),
    ),
    Row(
        "C1",
        "never more is refunded than was captured, and one of two wins where one can "
        "(100 races; CI: 12 schedules of each of six pairs, all of them in `make deep`)",
        (
            f"{ILEAVE}::test_money_goes_back_once_in_every_order_of_refund_cancellation_and_return",
            f"{ORDERS}::test_it_refunds_sixty_of_a_hundred_units_once_of_eight_times",
            f"{ORDERS}::test_it_gives_money_back_once_when_a_refund_and_a_cancellation_meet",
        ),
        (
            f"{ILEAVE}::test_control_a_refund_that_reads_first_gives_back_too_much",
            f"{ORDERS}::test_control_reading_first_refunds_too_much",
            f"{ORDERS}::test_control_locking_in_repeatable_read_refunds_too_much",
        ),
    ),
    Row(
        "C2",
        "a machine trades, a model works it out a second time: equal to the cent after every step "
        "(CI: 2,250 steps; 50,000 in `make deep`)",
        (f"{TRADING}::test_every_step_of_trade_leaves_the_books_as_worked_out",),
        (
            f"{TRADING}::test_control_the_machine_finds_a_coupon_that_is_not_given_back",
            f"{TRADING}::test_control_the_machine_finds_refunds_that_round_each_unit_by_itself",
            f"{TRADING}::test_control_the_machine_finds_a_commission_given_back_short",
        ),
    ),
    Row(
        "C3",
        "three processes trade in one shop and are killed on the way: nothing is half done "
        "(CI: 1,000 steps, 25 deaths; 5,000 and 125 in `make deep`)",
        (f"{KILLED}::test_processes_that_are_killed_leave_nothing_half_done",),
        (f"{KILLED}::test_control_a_deed_that_is_committed_halfway_is_found",),
    ),
    Row(
        "C4",
        "the ledger cannot be broken by SQL, as the application's role",
        (f"{ATTACKS}::test_it_refuses_every_attack", f"{ATTACKS}::test_it_takes_a_posting_as_it_should_be"),
        (f"{ATTACKS}::test_every_attack_succeeds_without_its_guard",),
    ),
    Row(
        "C5",
        "a business event is posted once, however often, in whatever order and by how many it is told",
        (
            f"{EARNING}::test_it_ends_the_same_however_the_news_comes",
            f"{EARNING}::test_every_event_has_exactly_one_posting_of_its_kind",
            f"{PAYRACES}::test_eight_at_once_keep_the_books_of_an_order_once",
            f"{PAYRACES}::test_eight_at_once_post_an_event_once",
        ),
        (f"{PAYRACES}::test_without_the_lock_the_database_still_refuses_a_second_posting",),
    ),
    Row(
        "C6",
        "money is split to the last unit, whatever the lines, discounts and currencies (20,000 orders)",
        (
            f"{SUMS}::test_every_part_of_an_order_adds_up_in_any_currency",
            f"{MONEY}::test_it_splits_to_the_last_unit",
            f"{MONEY}::test_a_discount_never_exceeds_a_line_in_any_currency",
        ),
        (
            f"{SUMS}::test_control_a_naive_split_would_miss_often",
            f"{MONEY}::test_a_naive_split_would_lose_a_unit",
            f"{MONEY}::test_a_split_by_position_alone_would_depend_on_the_order",
        ),
    ),
    Row(
        "C7",
        "units go back in any steps: exactly what was paid, never more before (20,000 lines)",
        (
            f"{SUMS}::test_units_go_back_in_any_order_and_bring_exactly_what_was_paid",
            f"{MONEY}::test_shares_add_up_in_any_steps_and_never_run_ahead",
        ),
        (
            f"{SUMS}::test_control_the_rounded_price_of_a_unit_would_miss_often",
            f"{MONEY}::test_naive_shares_would_not_add_up",
        ),
    ),
    Row(
        "C8",
        "a whole refund leaves no commission, whatever the rate became (20,000 sales)",
        (
            f"{SUMS}::test_a_whole_refund_leaves_no_commission_whatever_the_rate_became",
            "tests/payouts/test_shares.py::test_it_takes_back_everything_in_any_steps",
        ),
        (f"{SUMS}::test_control_the_rate_of_the_day_would_miss_often",),
    ),
    Row(
        "C9",
        "a post with the same key has one effect and equal answers; another body is refused; shops do not meet",
        (
            f"{SAME_POST}::test_every_unsafe_route_takes_a_key_or_is_harmless_when_repeated",
            f"{SAME_POST}::test_eight_at_once_with_one_key_have_one_effect_and_equal_answers",
            f"{SAME_POST}::test_two_bodies_at_once_under_one_key_have_the_effect_of_one",
            f"{SAME_POST}::test_a_post_that_broke_off_leaves_no_key_and_may_be_sent_again",
            f"{SAME_POST}::test_an_order_that_breaks_off_at_any_point_may_be_pushed_again",
            f"{JOBS}::test_thirty_two_twins_of_a_post_have_one_effect",
            f"{JOBS}::test_the_same_key_with_another_body_is_refused",
        ),
        (
            f"{SAME_POST}::test_control_without_the_key_the_answers_of_eight_differ",
            f"{ORDERS}::test_control_eight_keys_and_numbers_have_eight_effects",
            f"{JOBS}::test_without_the_key_the_twins_have_many_effects",
        ),
    ),
    Row(
        "C10",
        "the answer to a post that moves money is lost, the client repeats it: done once (200 cuts)",
        (f"{LOST}::test_a_lost_answer_and_a_second_try_do_it_once",),
        (f"{LOST}::test_control_whoever_repeats_without_the_key_does_it_twice",),
    ),
    Row(
        "C12",
        "`manage.py prove` finds 32 planted corruptions and names the row, and nothing in a clean database",
        (
            "tests/payouts/test_prove.py::test_it_finds_nothing_in_a_clean_database",
            "tests/payouts/test_prove.py::test_it_changes_nothing",
        ),
        ("tests/payouts/test_prove.py::test_it_finds_every_planted_corruption_and_names_the_row",),
    ),
    Row(
        "D1",
        "two hundred kills while paying out: nothing lost, nothing paid twice",
        (f"{KILLS}::test_kills_lose_nothing_and_pay_nothing_twice",),
        (f"{KILLS}::test_without_the_key_kills_pay_twice",),
    ),
    Row(
        "D2",
        "whoever sends a payout dies or fails before or after any statement, commit or call: one transfer, one posting",
        (f"{POINTS}::test_whoever_dies_or_fails_at_any_point_leaves_one_payment_and_one_posting",),
        (f"{POINTS}::test_control_without_the_key_the_same_deaths_pay_twice",),
    ),
    Row(
        "D3",
        "fifty workers fall asleep past their lease, others take over, they wake up: one transfer, one posting",
        (f"{POINTS}::test_a_worker_that_wakes_up_after_its_lease_pays_and_posts_nothing_again",),
        (f"{POINTS}::test_control_without_the_key_the_same_deaths_pay_twice",),
    ),
    Row(
        "D4",
        "five hundred payouts and a bank that misbehaves: each ends once, unknown ones are never sent again",
        (f"{HOSTILE}::test_it_ends_each_payout_once_whatever_the_bank_does",),
        (f"{HOSTILE}::test_control_a_program_that_believes_every_word_loses_its_books",),
    ),
    Row(
        "D5",
        "eight clicks on a payday draft it once; of eight second releases one wins (thin: 1 round)",
        (
            f"{PAYRACES}::test_eight_clicks_on_a_payday_draft_it_once",
            f"{PAYRACES}::test_only_one_of_two_second_releases_wins",
        ),
        (f"{PAYRACES}::test_without_the_lock_the_database_still_refuses_a_second_posting",),
    ),
    Row(
        "E1",
        "two hundred deaths and a broker that forgets: effects equal commits",
        (
            f"{OUTBOX}::test_it_has_every_effect_once_through_two_hundred_deaths",
            f"{OUTBOX}::test_it_loses_nothing_with_a_broker_that_forgets_and_a_worker_that_dies",
        ),
        (
            f"{OUTBOX}::test_it_would_lose_effects_without_the_guard",
            f"{OUTBOX}::test_it_would_double_effects_without_the_guard",
        ),
    ),
    Row(
        "E2",
        "workers and their children are killed at work: nothing lost or doubled; what kills every time is a dead letter "
        "(20 children, 4 workers; deep 20)",
        (
            f"{WORKERS}::test_nothing_is_lost_or_told_twice_when_workers_and_children_are_killed",
            f"{WORKERS}::test_what_kills_its_worker_every_time_becomes_a_dead_letter_and_holds_up_nobody",
        ),
        (f"{WORKERS}::test_control_a_broker_that_delivers_again_by_itself_kills_without_end",),
    ),
    Row(
        "E3",
        "every reaction of the registry, three times, by eight at once, in any order: equal state, each mail once",
        (
            f"{DELIVERIES}::test_every_reaction_leaves_the_same_however_often_and_by_how_many_it_is_delivered",
            "tests/shops/test_events.py::test_thirty_two_twins_at_once_have_one_effect",
            "tests/shops/test_events.py::test_it_is_effective_once_however_often_it_is_delivered",
        ),
        (
            f"{DELIVERIES}::test_control_without_the_mark_every_delivery_counts",
            "tests/shops/test_events.py::test_without_the_mark_the_twins_have_many_effects",
        ),
    ),
    Row(
        "E4",
        "PostgreSQL crashes under load: no acknowledged order is lost, the site recovers by itself (8 crashes)",
        (f"{AWAY}::test_no_order_that_was_acknowledged_is_lost_in_a_crash",),
        (f"{AWAY}::test_control_a_database_that_may_forget_loses_what_it_acknowledged",),
    ),
    Row(
        "E5",
        "a slow database, a dry pool, a row that is held: 503 with a time to come back, then all is well, no half orders",
        (
            f"{AWAY}::test_a_dry_pool_is_said_to_be_dry_and_recovers",
            f"{AWAY}::test_a_slow_database_makes_slow_pages_and_whole_orders",
            f"{AWAY}::test_a_row_that_somebody_holds_is_given_up_in_words_where_the_control_waits_on",
        ),
        (f"{AWAY}::test_a_row_that_somebody_holds_is_given_up_in_words_where_the_control_waits_on",),
    ),
    Row(
        "E7",
        "the resiliency matrix: 19 journeys against 9 services, each down, slow and senseless (359 cells)",
        (
            f"{MATRIX}::test_each_journey_does_what_the_matrix_says",
            f"{MATRIX}::test_the_page_shows_the_matrix",
            f"{MATRIX}::test_no_cell_is_forgotten",
            "tests/accounts/test_tiktok.py::test_a_broken_way_to_tiktok_costs_that_log_in_only_and_is_said",
        ),
        (f"{MATRIX}::test_control_an_error_that_says_nothing_is_seen",),
    ),
    Row(
        "F1",
        "foreign and missing are the same answer, on every address, by every method (9,500 probes; deep: as every role)",
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
        "F2",
        "no field, box, question, body, file or cookie that names a row reaches one of another shop",
        (
            f"{FOREIGN}::test_no_input_that_names_a_row_reaches_one_of_another_shop",
            f"{FOREIGN}::test_every_input_is_tried_or_known_to_name_no_row",
            f"{FOREIGN}::test_every_part_of_the_api_that_names_a_row_is_tried",
            f"{FOREIGN}::test_a_file_of_another_shops_skus_makes_rows_of_ones_own",
            f"{FOREIGN}::test_a_basket_of_another_shop_is_no_basket_here",
            f"{FOREIGN}::test_a_coupon_of_another_shop_gives_nothing_to_a_program",
            f"{FOREIGN}::test_what_a_saved_view_asks_is_asked_in_ones_own_shop",
            f"{FOREIGN}::test_a_key_is_made_for_the_shop_it_was_asked_in_and_a_job_stays_in_its_shop",
        ),
        (f"{FOREIGN}::test_control_queries_without_the_shop_reach_foreign_rows",),
    ),
    Row(
        "F3",
        "nothing that one shop is shown or sent, and no row it owns, holds a word of another "
        "(900 pages and the answers of F1; deep: every page as every role)",
        (
            f"{TENANTS}::test_it_shows_no_word_of_another_shop",
            f"{TENANTS}::test_it_tells_nobody_a_word_of_another_shop",
        ),
        (f"{TENANTS}::test_it_shows_words_without_the_guard_is_seen",),
    ),
    Row(
        "F4",
        "a shop's deeds and pages are the same whether there is another shop beside it or not (500 deeds)",
        (f"{DIFFERENTIAL}::test_a_shop_is_the_same_whether_there_is_another_beside_it_or_not",),
        (f"{DIFFERENTIAL}::test_control_queries_without_the_shop_make_a_difference",),
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
        "each role gets what the views declare and nothing else: roles × addresses × methods from one table",
        (
            f"{TENANTS}::test_it_opens_each_gate_to_the_roles_of_the_table_and_to_nobody_else",
            f"{TENANTS}::test_it_grants_each_role_what_is_declared_and_nothing_else",
            f"{TENANTS}::test_it_lets_a_reader_change_nothing",
            f"{TENANTS}::test_it_names_the_deeds_of_readers",
            f"{TENANTS}::test_it_lets_a_reader_touch_nothing_of_others",
        ),
        (
            f"{TENANTS}::test_it_opens_gates_to_everybody_without_the_guard_is_seen",
            f"{TENANTS}::test_it_lets_a_reader_change_nothing_without_the_guard_is_seen",
        ),
    ),
    Row(
        "F8",
        "what was taken away is gone with the next request on every address: membership, role, person, key, shop, job",
        (
            f"{REVOCATION}::test_who_is_removed_finds_nothing_with_the_next_request",
            f"{REVOCATION}::test_who_is_switched_off_is_out_with_the_next_request",
            f"{REVOCATION}::test_who_is_made_less_keeps_what_the_lesser_role_may",
            f"{REVOCATION}::test_a_key_that_is_revoked_opens_nothing_with_the_next_request",
            f"{REVOCATION}::test_a_shop_that_is_closed_sells_nothing_and_takes_no_order_from_the_next_request_on",
            f"{REVOCATION}::test_a_job_that_waits_is_not_done_for_whoever_left",
            f"{TENANTS}::test_it_takes_rights_away_with_the_next_request",
        ),
        (f"{REVOCATION}::test_control_a_membership_that_is_remembered_goes_on_without_the_question",),
    ),
    Row(
        "F9",
        "a shop changes hands by a second owner and a leave: nothing stale, never without an owner (there is no transfer)",
        (
            f"{REVOCATION}::test_whoever_hands_a_shop_over_keeps_nothing_of_it",
            f"{REVOCATION}::test_a_shop_is_never_without_an_owner_and_nobody_makes_themselves_one",
            f"{TEAM}::test_two_owners_who_remove_each_other_leave_one",
        ),
        (f"{REVOCATION}::test_control_without_the_question_for_an_owner_a_shop_would_be_taken_over",),
    ),
    Row(
        "G1",
        "guessing at once, from anywhere, in any spelling gains nothing, and the owner still gets in "
        "(1,024 tries of an account; 128 over accounts, deep 10,240)",
        (
            f"{BRUTE}::test_of_many_tries_at_once_five_are_evaluated_and_the_owner_still_gets_in",
            f"{BRUTE}::test_one_address_tries_few_names_whatever_it_says_of_itself",
            f"{LOGGING_IN}::test_it_counts_all_spellings_and_names_of_an_account_together",
            f"{LOGGING_IN}::test_it_counts_by_the_address_that_our_proxy_saw",
            f"{LOGGING_IN}::test_it_goes_on_counting_while_the_cache_is_away",
        ),
        (f"{BRUTE}::test_control_without_limits_every_try_is_evaluated",),
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
        "G2",
        "a code opens once of 32 at once (100 rounds), each recovery code once of 16",
        (
            f"{FACTOR}::test_it_takes_one_of_32_equal_codes_at_once",
            f"{FACTOR}::test_it_takes_each_recovery_code_once_of_16_at_once",
            f"{FACTOR}::test_it_takes_a_code_as_people_type_it_but_once",
            f"{FACTOR}::test_nothing_in_the_house_goes_around_the_lock",
        ),
        (f"{FACTOR}::test_it_would_take_several_without_the_lock",),
    ),
    Row(
        "G8",
        "no address in a link leads to another site (300 of them, at five doors); no host of a request is in a mail",
        (
            f"{ELSEWHERE}::test_no_address_in_a_link_leads_to_another_site",
            f"{ELSEWHERE}::test_addresses_of_our_own_are_followed",
            f"{ELSEWHERE}::test_a_code_that_is_given_leads_to_no_other_site",
            f"{ELSEWHERE}::test_no_host_of_a_request_gets_into_a_mail",
            f"{ELSEWHERE}::test_an_unknown_host_is_refused",
        ),
        (
            f"{ELSEWHERE}::test_control_without_the_question_for_the_host_they_lead_away",
            f"{ELSEWHERE}::test_control_a_mail_that_held_the_host_is_found_without_the_setting",
        ),
    ),
    Row(
        "G9",
        "nothing happens without the form's token, from another site, or by looking",
        (
            f"{ANSWERS}::test_nothing_happens_without_the_forms_token",
            f"{ANSWERS}::test_nothing_happens_from_another_site_even_with_a_token",
            f"{ANSWERS}::test_nothing_of_the_shop_changes_by_looking",
        ),
        (f"{ANSWERS}::test_control_without_the_question_for_the_token_things_happen",),
    ),
    Row(
        "H4",
        "a private file opens for those whose area it is, is 404 for all others, and never opens without a trace",
        (
            f"{STORED}::test_a_file_opens_for_those_whose_area_it_is_and_leaves_a_trace",
            f"{STORED}::test_a_file_does_not_exist_for_strangers_and_nobody",
            f"{STORED}::test_a_password_alone_opens_no_file_where_a_second_factor_is_set_up",
            f"{STORED}::test_no_path_that_can_be_guessed_leads_to_a_file",
            f"{STORED}::test_staff_open_the_kinds_of_their_desk_and_no_other",
            f"{STORED}::test_a_member_never_reaches_the_desk",
        ),
        (
            f"{STORED}::test_control_without_the_question_whose_area_it_is_everybody_in_the_shop_would_look",
            f"{STORED}::test_control_without_the_trace_or_a_header_it_would_be_seen",
        ),
    ),
    Row(
        "H6",
        "bank and tax numbers stand in clear nowhere: database, Valkey, logs, mails, files, pages",
        (f"{CLEAR}::test_no_number_stands_in_clear_anywhere",),
        (
            f"{CLEAR}::test_control_a_planted_number_would_be_found_in_every_place",
            f"{CLEAR}::test_control_every_spelling_of_a_number_would_be_found",
        ),
    ),
    Row(
        "I1",
        "more than two hundred bad files are refused with row and column",
        (
            f"{CSV}::test_it_refuses_with_row_and_column",
            f"{CSV}::test_the_same_faults_are_found_in_every_dress",
            f"{CSV}::test_any_bytes_are_read_or_refused_in_words",
            "tests/catalog/test_importing.py::test_it_says_where_a_file_is_no_file_and_applies_nothing",
        ),
        ("tests/catalog/test_importing.py::test_control_without_a_transaction_half_a_chunk_stays",),
    ),
    Row(
        "I4",
        "no formula leaves in a cell (CI: by our reader; `make deep`: opened by LibreOffice, which calculates nothing)",
        (
            f"{CSV}::test_no_formula_leaves_as_a_formula",
            f"{CSV}::test_a_header_and_every_kind_of_cell_is_escaped",
            f"{CSV}::test_escaping_is_undone_exactly",
        ),
        (f"{CSV}::test_without_escaping_a_formula_would_stand_there",),
    ),
    Row(
        "J1",
        "the partner API keeps its description, whatever is asked (20 requests an operation; the deep run 200)",
        (
            f"{API}::test_it_keeps_its_description_whatever_is_asked",
            f"{API}::test_it_keeps_its_description_along_its_links",
        ),
        (
            f"{API}::test_control_a_view_that_breaks_would_be_seen",
            f"{API}::test_control_an_answer_without_a_promised_word_would_be_seen",
            f"{API}::test_control_without_the_shop_in_the_question_the_other_shop_would_answer",
        ),
    ),
    Row(
        "J2",
        "a callback is believed by its signature alone: 500 bits turned, other hours, other secrets, lies and replays",
        (
            f"{SIGNATURES}::test_it_believes_what_was_signed",
            f"{SIGNATURES}::test_it_believes_nothing_with_a_bit_turned",
            f"{SIGNATURES}::test_it_believes_five_minutes_and_not_a_second_longer",
            f"{SIGNATURES}::test_it_believes_no_other_secret_and_no_bare_word",
            f"{SIGNATURES}::test_it_believes_both_secrets_while_they_change_and_then_the_new_one_only",
            f"{SIGNATURES}::test_a_replay_has_no_second_effect",
            f"{SIGNATURES}::test_a_signed_lie_has_no_effect",
        ),
        (
            f"{SIGNATURES}::test_control_without_the_signature_turned_bits_are_believed",
            f"{SIGNATURES}::test_control_a_door_that_believes_the_words_would_take_the_lie",
        ),
    ),
    Row(
        "K1",
        "145 payloads over every text column come to life on no page of anybody, in no mail and no file; Chromium runs"
        " none, policy or not",
        (
            f"{SCRIPTS}::test_no_text_comes_to_life_on_any_page",
            f"{SCRIPTS}::test_chromium_runs_nothing_with_the_policy_and_nothing_without_it",
            f"{TOLD}::test_no_text_comes_to_life_in_a_mail",
            f"{TOLD}::test_no_line_break_in_a_name_adds_a_header",
            f"{TOLD}::test_no_template_of_a_mail_lets_a_text_live",
            f"{TOLD}::test_no_file_runs_or_calculates_what_was_written",
        ),
        (
            f"{TOLD}::test_control_a_mail_that_runs_or_has_a_foreign_header_would_be_seen",
            f"{TOLD}::test_control_a_template_that_does_not_escape_would_be_seen",
            f"{TOLD}::test_control_without_the_apostrophe_files_would_calculate",
            f"{SCRIPTS}::test_control_without_escaping_the_texts_would_come_to_life",
            f"{SCRIPTS}::test_control_every_payload_that_is_markup_would_be_seen",
            f"{SCRIPTS}::test_control_chromium_would_run_the_payloads_where_they_stand_bare",
        ),
    ),
    Row(
        "K2",
        "texts become what is on the list and nothing else, and what is clean stays as it is (1,000 documents)",
        (
            f"{TEXT}::test_any_document_renders_to_what_is_allowed_and_stays_as_it_is",
            f"{TEXT}::test_nothing_comes_alive",
        ),
        (f"{TEXT}::test_control_without_cleaning_and_without_escaping_attacks_come_alive",),
    ),
    Row(
        "J5",
        "limits of the API hold exactly for a burst of 64, by key, shop and address; batch, page and body end where told",
        (
            f"{API_LIMITS}::test_a_key_passes_exactly_as_often_as_its_limit_in_a_burst_of_64",
            f"{API_LIMITS}::test_the_keys_of_a_shop_share_its_limit_and_no_other_shop_feels_it",
            f"{API_LIMITS}::test_an_address_guesses_few_keys_whatever_it_says_of_itself_and_others_go_on",
            f"{API_LIMITS}::test_a_batch_a_page_and_a_body_end_exactly_where_the_description_says",
            f"{API_LIMITS}::test_a_body_that_is_too_much_is_refused_in_words",
            f"{API_LIMITS}::test_without_the_cache_nobody_is_shut_out",
        ),
        (f"{API_LIMITS}::test_control_counting_without_the_counter_lets_more_through",),
    ),
    Row(
        "K3",
        "every answer carries every header, refusals and redirects as well",
        (f"{ANSWERS}::test_it_sends_every_header_with_every_answer",),
        (f"{ANSWERS}::test_control_an_answer_without_a_header_is_seen",),
    ),
    Row(
        "K4",
        "cookies belong to this host alone and to no script",
        (
            f"{ANSWERS}::test_cookies_belong_to_this_host_and_to_no_script",
            f"{ANSWERS}::test_every_cookie_that_is_set_is_closed_to_scripts_and_to_other_sites",
        ),
        (f"{ANSWERS}::test_control_without_https_the_same_question_finds_bare_cookies",),
    ),
    Row(
        "K5",
        "no cache keeps what a person saw",
        (f"{ANSWERS}::test_it_lets_nobody_keep_what_a_person_saw",),
        (f"{ANSWERS}::test_control_an_answer_that_could_be_shared_is_seen",),
    ),
    Row(
        "L1",
        "business days agree with a naive walk over the days, 50,000 pairs",
        (f"{CALENDAR}::test_business_days_agree_with_the_oracle_on_50_000_pairs",),
        (f"{CALENDAR}::test_the_oracle_would_find_a_missing_holiday",),
    ),
    Row(
        "L2",
        "each minute round the cut-off, on days of changing clocks, before holidays, at the year's end",
        (f"{CALENDAR}::test_every_minute_round_the_cut_off_agrees_with_the_oracle",),
        (f"{CALENDAR}::test_the_oracle_would_find_a_missing_holiday",),
    ),
    Row(
        "L3",
        "clocks that change lose and double nothing: 24 zones, ten years, each minute two hours around",
        (
            f"{TIME}::test_nothing_is_lost_or_doubled_while_clocks_change",
            f"{CALENDAR}::test_days_and_months_join_without_gap_or_overlap",
        ),
        (f"{TIME}::test_control_adding_to_what_a_wall_clock_shows_would_double_and_lose_order",),
    ),
    Row(
        "L4",
        "what is due is done once, by eight sweeps at once, late, and by workers of whom fifty are killed",
        (
            f"{TIMERS}::test_what_is_due_is_done_once_though_its_workers_are_killed_and_late",
            f"{DEADLINES}::test_eight_sweeps_at_once_end_each_clock_once",
            f"{DEADLINES}::test_a_crash_in_the_sweep_undoes_it_whole",
            f"{DEADLINES}::test_a_night_slept_through_is_one_reminder",
            f"{ORDERS}::test_it_ships_or_cancels_at_the_same_instant_never_both",
        ),
        (
            f"{TIMERS}::test_control_an_effect_in_a_transaction_of_its_own_happens_again_after_a_death",
            f"{TIME}::test_control_a_sweep_that_looks_without_locking_would_end_a_clock_many_times",
        ),
    ),
    Row(
        "M1",
        "migrations run while people write: they let go after two seconds and are tried again (20,000 rows a table)",
        (
            f"{ALIVE}::test_every_migration_runs_while_people_write",
            f"{ALIVE}::test_a_migration_that_must_wait_lets_writers_through_and_is_tried_again",
        ),
        (
            f"{ALIVE}::test_control_without_the_limit_writers_would_wait_as_long_as_somebody_holds_the_table",
            f"{ALIVE}::test_control_without_trying_again_the_migration_would_end_in_an_error",
        ),
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
    Row(
        "N1",
        "whoever does something leaves one row that names shop and person; what is refused or breaks leaves none"
        " (every unsafe route of the site, asked by somebody who may, or declared with its reason and its tables)",
        (
            f"{AUDIT}::test_every_unsafe_route_leaves_one_row_or_says_why_it_leaves_none",
            "tests/proof/test_undone_deeds.py::test_what_is_undone_leaves_no_row",
            "tests/accounts/test_trail.py::test_without_its_row_the_deed_is_undone",
        ),
        (
            f"{AUDIT}::test_control_a_route_that_nobody_reaches_would_be_named",
            f"{AUDIT}::test_control_a_route_that_is_declared_and_writes_something_else_would_be_found",
            f"{AUDIT}::test_control_without_the_row_every_deed_would_be_found",
            f"{AUDIT}::test_control_a_row_that_is_written_twice_or_by_nobody_would_be_found",
            f"{AUDIT}::test_control_without_a_transaction_of_its_own_a_broken_deed_would_leave_its_row",
        ),
    ),
    Row(
        "P1",
        "every row that is promised has proofs and controls that exist, run before every merge and can fail",
        (
            f"{REGISTRY}::test_it_has_every_promised_row",
            f"{REGISTRY}::test_every_row_has_proofs_and_controls_that_can_fail",
        ),
        (f"{REGISTRY}::test_control_a_row_without_a_control_a_test_or_an_assertion_would_be_seen",),
    ),
)

#: What is promised; the catalogue has further rows.
PROMISED = (
    *("A1", "A2", "A3", "A4", "A5", "A6", "B1", "B2", "B3", "B4"),
    *("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C12", "D1", "D2", "D3", "D4"),
    *("E1", "E2", "E3", "E4", "E5", "E7", "F1", "F2", "F3", "F4", "F6", "F7", "F8", "F9", "G1", "G2", "G3", "G8", "G9"),
    *("H4", "H6", "I1", "I4", "J1", "J2", "J5", "K1", "K2", "K3", "K4", "K5"),
    *("L1", "L2", "L3", "L4", "M1", "M4", "N1", "P1"),
)


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
