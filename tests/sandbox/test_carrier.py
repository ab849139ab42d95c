"""The carrier."""

import base64

import pytest

from sandbox import journeys
from tests.sandbox import asking


def statuses(sandbox, number: str) -> list[str]:
    return [scan["status"] for scan in sandbox.get(f"/carrier/tracking/{number}")[1]["scans"]]


def buy(sandbox, key: str, **changes: object) -> dict:
    status, answer = sandbox.post("/carrier/labels", asking.label(**changes), key)
    assert status == 201, answer
    return answer


def test_it_rates_by_weight_and_zone(sandbox_server):
    def rate(**changes: object) -> int:
        body = asking.label(**changes)
        return sandbox_server.post("/carrier/rates", body)[1]["rates"][0]["amount_minor"]

    near = rate(to=asking.address("10999"))
    assert near < rate(to=asking.address("94105")) < rate(to=asking.address("SW1A 1AA", country="GB"))
    assert near < rate(to=asking.address("10999"), weight_grams=5000)
    offers = sandbox_server.post("/carrier/rates", asking.label())[1]["rates"]
    assert [offer["service"] for offer in offers] == ["ground", "express"]
    pounds = asking.label(**{"from": asking.address("N1 1AA", country="GB"), "to": asking.address("E1", country="GB")})
    assert sandbox_server.post("/carrier/rates", pounds)[1]["rates"][0]["currency"] == "GBP"


def test_it_sells_a_label_with_a_number_and_a_document(sandbox_server, new_key):
    key = new_key()
    label = buy(sandbox_server, key)
    number = label["tracking_number"]
    assert number.startswith("SBX")
    assert number[-1] == str(journeys.check_digit(number[3:-1]))
    document = sandbox_server.get(f"/carrier/labels/{key}/document")[1]
    content = base64.b64decode(document["content"])
    assert content.startswith(b"%PDF-")
    assert b"/MediaBox [ 0 0 288 432 ]" in content
    assert sandbox_server.get(f"/carrier/labels/{key}/document")[1] == document, "printed again the same"


def test_it_brings_a_parcel_from_pick_up_to_the_door(own_sandbox):
    number = buy(own_sandbox, "label")["tracking_number"]
    assert statuses(own_sandbox, number) == []
    own_sandbox.pass_time(days=8)
    path = statuses(own_sandbox, number)
    assert path[0] == "accepted"
    assert 1 <= path.count("in_transit") <= 3
    assert path[-2:] == ["out_for_delivery", "delivered"]
    assert own_sandbox.get("/carrier/labels/label")[1]["status"] == "delivered"


def test_it_collects_within_hours_of_the_hand_over_else_a_day_later(own_sandbox):
    slow = buy(own_sandbox, "slow")["tracking_number"]
    fast = buy(own_sandbox, "fast")["tracking_number"]
    form = buy(own_sandbox, "form")["tracking_number"]
    done = own_sandbox.post("/carrier/handover", {"tracking_numbers": [fast, "SBX0"]}, "hand")
    assert done == (200, {"handed_over": [fast], "unknown": ["SBX0"]})
    manifest = own_sandbox.post("/carrier/manifests", {"tracking_numbers": [form]}, "manifest")[1]
    assert manifest["tracking_numbers"] == [form]
    own_sandbox.pass_time(hours=5)
    assert [statuses(own_sandbox, number) for number in (slow, fast, form)] == [[], ["accepted"], ["accepted"]]
    own_sandbox.pass_time(hours=24)
    assert statuses(own_sandbox, slow)[:1] == ["accepted"]


def test_it_does_not_collect_twice_when_handed_over_again(own_sandbox):
    number = buy(own_sandbox, "label")["tracking_number"]
    for key in ("one", "two"):
        own_sandbox.post("/carrier/handover", {"tracking_numbers": [number]}, key)
        own_sandbox.pass_time(hours=30)
    own_sandbox.pass_time(days=8)
    assert statuses(own_sandbox, number).count("accepted") == 1
    assert statuses(own_sandbox, number).count("delivered") == 1


def test_it_never_scans_a_voided_label_and_voids_nothing_under_way(own_sandbox):
    voided = buy(own_sandbox, "voided")["tracking_number"]
    moving = buy(own_sandbox, "moving")["tracking_number"]
    assert own_sandbox.post("/carrier/labels/voided/void", {}, "void")[1]["status"] == "voided"
    own_sandbox.post("/carrier/handover", {"tracking_numbers": [voided]}, "hand")
    own_sandbox.pass_time(days=10)
    assert statuses(own_sandbox, voided) == []
    assert statuses(own_sandbox, moving) != []
    assert own_sandbox.post("/carrier/labels/moving/void", {}, "void2")[0] == 409


@pytest.mark.parametrize(
    ("scenario", "last", "contains"),
    [
        ("delay", "delivered", "delayed"),
        ("lost", "lost", "in_transit"),
        ("damaged", "returned_to_sender", "damaged"),
        ("returned", "returned_to_sender", "undeliverable"),
    ],
)
def test_it_plays_a_scenario_asked_for_by_body_address_or_control(own_sandbox, scenario, last, contains):
    own_sandbox.choose("carrier", "by-control", scenario)
    numbers = [
        buy(own_sandbox, "by-body", scenario=scenario)["tracking_number"],
        buy(own_sandbox, "by-address", to=asking.address("60601", line2=f"Sandbox {scenario}"))["tracking_number"],
        buy(own_sandbox, "by-control")["tracking_number"],
    ]
    own_sandbox.pass_time(days=30)
    for number in numbers:
        path = statuses(own_sandbox, number)
        assert path[-1] == last
        assert contains in path


def test_it_takes_an_ordinary_second_line_for_an_address(sandbox_server, new_key):
    buy(sandbox_server, new_key(), to=asking.address("60601", line2="Sandbox Street 12"))


def test_it_waits_for_the_hand_over_where_nobody_collects(own_sandbox):
    number = buy(own_sandbox, "label", scenario="no_pickup")["tracking_number"]
    own_sandbox.pass_time(days=20)
    assert statuses(own_sandbox, number) == []
    own_sandbox.post("/carrier/handover", {"tracking_numbers": [number]}, "hand")
    own_sandbox.pass_time(hours=5)
    assert statuses(own_sandbox, number) == ["accepted"]


def test_it_gives_the_scans_of_all_parcels_after_a_cursor(own_sandbox):
    numbers = {buy(own_sandbox, f"label:{number}")["tracking_number"] for number in range(20)}
    own_sandbox.pass_time(days=4)
    first = own_sandbox.get("/carrier/tracking?since=0&limit=7")[1]
    assert len(first["events"]) == 7
    assert first["more"]
    own_sandbox.pass_time(days=6)
    rest, cursor, more = [], first["next"], True
    while more:
        page = own_sandbox.get(f"/carrier/tracking?since={cursor}")[1]
        rest, cursor, more = rest + page["events"], page["next"], page["more"]
    scans = first["events"] + rest
    assert len({event["id"] for event in scans}) == len(scans)
    delivered = [event["data"]["tracking_number"] for event in scans if event["data"]["status"] == "delivered"]
    assert sorted(delivered) == sorted(numbers)


def test_it_decides_a_journey_by_seed_and_number_alone():
    service = journeys.SERVICES["ground"]
    assert journeys.journey("1", "SBX1", service, "") == journeys.journey("1", "SBX1", service, "")
    some = {journeys.journey("1", f"SBX{number}", service, "")[-1].after_seconds for number in range(50)}
    assert len(some) > 40
    assert all(1.9 * journeys.DAY < seconds < 5.1 * journeys.DAY for seconds in some)
    for number in range(300):
        for outcome in ("", "delay", "lost", "damaged", "returned"):
            scans = journeys.journey("1", f"SBX{number}", service, outcome)
            after = [scan.after_seconds for scan in scans]
            assert after == sorted(after)
            assert after[0] == 0


def test_it_has_as_many_mishaps_as_told():
    def count(percent: int) -> int:
        return sum(bool(journeys.mishap("1", f"SBX{number}", percent)) for number in range(2000))

    assert count(0) == 0
    assert count(100) == 2000
    assert 60 < count(5) < 140


def test_it_checks_digits_so_that_single_errors_and_swaps_show():
    assert journeys.check_digit("799273987130"[:10]) == int("79927398713"[10])
    number = journeys.tracking_number("1", "label", 0)[3:]
    for place in range(len(number) - 1):
        for digit in set("0123456789") - {number[place]}:
            wrong = number[:place] + digit + number[place + 1 : -1]
            assert journeys.check_digit(wrong) != int(number[-1])
