"""Shipping and following packages: refusals, repeats, order of scans, labels, papers."""

import pytest
from django.core.management import CommandError, call_command

from catalog.models import StockMovement
from orders import fulfilment, holds, labels, lateness, papers, printing, tracking
from orders.carriers import ImplausibleNumber
from orders.carriers import Label as Bought
from orders.models import Hold, Label, Order, Package, PackageLine, TrackingCursor, TrackingEvent
from seller_center.kernel.http import HttpRefused, Unreachable
from seller_center.kernel.lock_order import LockOrder
from shops import review_queue
from shops.models import Deadline, ShopEvent
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product, sku_of
from tests.factories.shops import make_application, make_staff

HOUR, DAY = make.HOUR, make.DAY


def mark(package, number, at, carrier="sandbox"):
    return fulfilment.mark_shipped(package=package, carrier=carrier, tracking_number=number, by=None, at=at)


def test_it_consumes_the_units_keeps_the_promise_and_starts_the_carriers_clocks(shop, packer, at):
    product = make_product(shop, on_hand=5)
    order = make.make_open_order(shop, product=product, quantity=2, at=at)
    with LockOrder():
        package = make.ship(order, by=packer, at=at + 3 * HOUR)
    stock = item_of(product)
    assert (stock.on_hand, stock.reserved) == (3, 0)
    assert StockMovement.objects.get(why="sold").quantity == -2
    assert (package.shipped_by, package.shipped_at) == (packer, at + 3 * HOUR)
    ended = dict(Deadline.objects.filter(subject_code=order.code).values_list("kind", "ended_as"))
    assert (ended["order.ship_by"], ended["order.auto_cancel"]) == ("met", "met")
    running = dict(Deadline.objects.filter(subject_code=package.code).values_list("kind", "due_at"))
    assert running["package.collect_by"] == order.ship_by + 48 * HOUR
    assert running["package.deliver_by"] == package.shipped_at + 5 * DAY
    assert ShopEvent.objects.get(kind="package.shipped").facts["in_time"] is True


def test_it_takes_the_same_number_again_as_a_repeated_click(shop, at):
    order = make.make_open_order(shop, at=at)
    package, number = make.package_of(order), make.tracking_number()
    mark(package, number, at + 2 * HOUR)
    again = mark(package, f" {number[:6]}-{number[6:]} ", at + 3 * HOUR)
    assert again.shipped_at == at + 2 * HOUR
    assert ShopEvent.objects.filter(kind="package.shipped").count() == 1
    with pytest.raises(fulfilment.AlreadyShipped, match="Correct the number"):
        mark(package, make.tracking_number(), at + 3 * HOUR)


def test_it_refuses_an_implausible_number(shop, at):
    package = make.package_of(make.make_open_order(shop, at=at))
    with pytest.raises(ImplausibleNumber):
        mark(package, "1Z999AA10123456785", at, carrier="ups")
    assert make.package_of(package.order).in_house


def test_it_refuses_a_package_on_hold_with_the_reason(shop, reviewer, at):
    order = make.make_open_order(shop, at=at)
    hold = holds.place(order=order, kind=Hold.Kind.FRAUD, reason="The card was reported", by=reviewer, at=at)
    with pytest.raises(holds.OrderHeld, match="The card was reported"):
        make.ship(order)
    with pytest.raises(holds.OrderHeld, match="already on hold"):
        holds.place(order=order, kind=Hold.Kind.FRAUD, reason="Twice", by=reviewer, at=at)
    holds.release(hold=hold, reason="Checked", by=reviewer, at=at)
    assert make.ship(order).shipped


def test_it_refuses_a_cancelled_package(shop, at):
    from orders import cancellation

    order = make.make_open_order(shop, at=at)
    package = make.package_of(order)
    cancellation.cancel(order=order, reason="out_of_stock", by=None, at=at)
    with pytest.raises(fulfilment.NotShippable, match="cancelled"):
        mark(package, make.tracking_number(), at)


def test_it_refuses_units_that_were_never_set_aside(shop, at):
    product = make_product(shop, on_hand=1)
    order = make.make_open_order(shop, product=product, quantity=2, at=at, sold=True)
    package = make.package_of(order)
    hold = Hold.objects.get()
    assert hold.kind == "stock"
    Hold.objects.update(released_at=at, release_reason="by a trick")
    with pytest.raises(fulfilment.NotShippable, match="not set aside"):
        mark(package, make.tracking_number(), at)


def test_it_releases_a_hold_for_stock_only_when_there_is_some(shop, owner, at):
    from catalog import stock

    product = make_product(shop, on_hand=1)
    order = make.make_open_order(shop, product=product, quantity=2, at=at, sold=True)
    hold = Hold.objects.get()
    with pytest.raises(stock.OutOfStock):
        holds.release(hold=hold, reason="Let go", by=owner, at=at)
    stock.receive(sku=sku_of(product), quantity=5, by=owner, at=at)
    holds.release(hold=hold, reason="New units came", by=owner, at=at)
    assert item_of(product).reserved == 2
    assert make.ship(order).shipped


def test_it_refuses_a_number_of_somebody_elses_parcel_and_takes_one_of_the_same_buyer(shop, at):
    product, number = make_product(shop, on_hand=9), make.tracking_number()
    one, two = (make.make_open_order(shop, product=product, at=at, email="same@example.com") for _n in range(2))
    other = make.make_open_order(shop, product=product, at=at)
    make.ship(one, number=number)
    assert make.ship(two, number=number).shipped
    with pytest.raises(fulfilment.NumberInUse, match="another buyer"):
        make.ship(other, number=number)


def test_it_ships_parts_of_a_line_in_several_packages(shop, at):
    product = make_product(shop, on_hand=5)
    order = make.make_open_order(shop, product=product, quantity=3, at=at)
    first, line = make.package_of(order), make.line_of(order)
    PackageLine.objects.filter(package=first).update(quantity=1)
    second = Package.objects.create(shop=shop, order=order, code=f"{order.code}-2", opened_at=at)
    PackageLine.objects.create(shop=shop, package=second, line=line, quantity=2)
    mark(first, make.tracking_number(), at + 2 * HOUR)
    order = make.fresh(order)
    assert (order.shown_status, item_of(product).on_hand, item_of(product).reserved) == ("partly_shipped", 4, 2)
    assert Deadline.objects.get(kind="order.ship_by").ended_at is None
    mark(second, make.tracking_number(), at + 3 * HOUR)
    assert (make.fresh(order).shown_status, item_of(product).on_hand) == ("shipped", 2)
    assert Deadline.objects.get(kind="order.ship_by").ended_as == "met"


def test_it_corrects_a_number_for_a_while(shop, owner, at):
    order = make.make_open_order(shop, at=at)
    package = make.ship(order, at=at + 2 * HOUR)
    number = make.tracking_number()
    given = {"package": package, "carrier": "sandbox", "by": owner}
    fulfilment.correct_number(tracking_number=number, at=at + 3 * HOUR, **given)
    assert make.package_of(order).tracking_number == number
    with pytest.raises(fulfilment.TooLateToCorrect):
        fulfilment.correct_number(tracking_number=make.tracking_number(), at=at + 80 * HOUR, **given)
    make.scan(make.package_of(order), "accepted", at=at + 4 * HOUR)
    with pytest.raises(fulfilment.TooLateToCorrect):
        fulfilment.correct_number(tracking_number=make.tracking_number(), at=at + 5 * HOUR, **given)


# -- scans ------------------------------------------------------------------------------------------------------------


def test_it_takes_each_scan_once(shop, at):
    package = make.ship(make.make_open_order(shop, at=at))
    for _repeat in range(3):
        make.scan(package, "accepted", at=at + 6 * HOUR, id="evt-1")
    assert TrackingEvent.objects.count() == 1
    assert ShopEvent.objects.filter(kind="package.collected").count() == 1


def test_it_ends_in_the_same_state_whatever_the_order_of_scans(shop, at):
    product = make_product(shop, on_hand=10)
    steps = [("accepted", 6), ("in_transit", 20), ("delivered", 60)]
    for way in ([0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]):
        order = make.make_open_order(shop, product=product, at=at)
        package = make.ship(order)
        for step in way:
            status, hours = steps[step]
            make.scan(package, status, at=at + hours * HOUR)
        package, order = make.package_of(order), make.fresh(order)
        assert (package.status, package.collected_at, package.delivered_at) == (
            "delivered",
            at + 6 * HOUR,
            at + 60 * HOUR,
        )
        assert (order.shown_status, order.delivered_at) == ("delivered", at + 60 * HOUR)
        running = Deadline.objects.filter(ended_at=None, subject_code__startswith=order.code)
        assert [row.kind for row in running] == ["order.complete"]
    assert ShopEvent.objects.filter(kind="package.delivered").count() == 4


def test_it_counts_a_package_as_shipped_that_the_carrier_has(shop, at):
    order = make.make_open_order(shop, at=at)
    package, number = make.package_of(order), make.tracking_number()
    Label.objects.create(
        shop=shop,
        package=package,
        carrier="sandbox",
        service="ground",
        weight_grams=500,
        wanted_at=at,
    )
    Label.objects.update(status="bought", tracking_number=number, bought_at=at)
    package.tracking_number = number
    assert make.scan(package, "accepted", at=at + 6 * HOUR) == 1
    package = make.package_of(order)
    assert (package.status, package.shipped_at) == ("in_transit", at + 6 * HOUR)


def test_it_ignores_scans_of_parcels_that_are_not_ours(shop, at):
    package = make.ship(make.make_open_order(shop, at=at))
    package.code, package.tracking_number = "ZZZZ00000000-1", make.tracking_number()
    assert make.scan(package, "delivered", at=at) == 0
    assert not TrackingEvent.objects.exists()


def test_it_loses_a_package_after_ten_days_of_silence_and_finds_it_again(shop, at):
    order = make.make_open_order(shop, at=at)
    package = make.ship(order, at=at + 2 * HOUR)
    make.scan(package, "accepted", at=at + 3 * DAY)
    make.sweep("package.silence", package, at=at + 11 * DAY, verb=lateness.mark_lost)
    assert make.package_of(order).status == "in_transit"
    assert Deadline.objects.get(kind="package.silence").next_check_at == at + 13 * DAY
    make.sweep("package.silence", package, at=at + 14 * DAY, verb=lateness.mark_lost)
    assert (make.package_of(order).status, make.fresh(order).shown_status) == ("lost", "lost")
    make.scan(package, "delivered", at=at + 15 * DAY)
    assert make.fresh(order).shown_status == "delivered"


def test_it_notes_a_parcel_that_comes_back(shop, at):
    order = make.make_open_order(shop, at=at)
    package = make.ship(order)
    make.scan(package, "undeliverable", at=at + DAY)
    assert make.fresh(order).shown_status == "returned_to_sender"


def test_it_polls_by_cursor_and_survives_a_carrier_that_is_away(shop, at, monkeypatch):
    from orders import carriers

    package = make.ship(make.make_open_order(shop, at=at))

    def told(number, status, hours):
        return carriers.Scan(
            package.tracking_number, package.code, status, status, "Austin", at + hours * HOUR, f"e{number}", number
        )

    pages = {
        0: carriers.Scans([told(1, "accepted", 6)], 1, more=True),
        1: carriers.Scans([told(2, "delivered", 50)], 2, more=False),
        2: carriers.Scans([], 2, more=False),
    }
    monkeypatch.setattr(carriers.CARRIERS["sandbox"], "scans", lambda since: pages[since])
    assert tracking.poll(at, dry_run=True) == {"sandbox": 2}
    assert not TrackingEvent.objects.exists()
    assert tracking.poll(at) == {"sandbox": 2}
    assert tracking.poll(at) == {"sandbox": 0}
    assert TrackingCursor.objects.get().position == 2

    def away(since):
        raise Unreachable("down", sent=False)

    monkeypatch.setattr(carriers.CARRIERS["sandbox"], "scans", away)
    assert tracking.poll(at) == {"sandbox": 0}
    assert TrackingCursor.objects.get().last_error == "down"


# -- labels and papers ------------------------------------------------------------------------------------------------


class FakeCarrier:
    code, name, sells_labels = "sandbox", "Sandbox Carrier", True

    def __init__(self, *script):
        self.script, self.bought, self.keys = list(script), {}, []

    def buy_label(self, *, key, parcel, service):
        self.keys.append(key)
        how = self.script.pop(0) if self.script else "ok"
        if how == "refuse":
            raise HttpRefused(422, {"sentence": "No such place."})
        number = self.bought.setdefault(key, make.tracking_number())
        if how == "lost":
            raise Unreachable("lost", sent=True)
        return Bought(key, "lab_1", number, service, "bought", 650, "USD")


@pytest.fixture
def carrier(monkeypatch):
    def use(*script):
        fake = FakeCarrier(*script)
        monkeypatch.setattr(labels.carriers, "carrier", lambda code: fake)
        return fake

    return use


def buy(package, at):
    return labels.buy(package=package, carrier="sandbox", service="ground", by=None, at=at)


def test_it_buys_one_label_however_often_it_is_asked(shop, at, carrier):
    fake = carrier("lost")
    package = make.package_of(make.make_open_order(shop, at=at))
    with pytest.raises(labels.CarrierSilent, match="not pay for two"):
        buy(package, at)
    assert Label.objects.get().status == "unknown"
    label = buy(package, at)
    assert (label.status, label.tracking_number) == ("bought", next(iter(fake.bought.values())))
    assert buy(package, at).pk == label.pk
    assert len(set(fake.keys)) == 1
    assert len(fake.bought) == 1


def test_it_passes_the_carriers_refusal_on_and_asks_anew(shop, at, carrier):
    fake = carrier("refuse")
    package = make.package_of(make.make_open_order(shop, at=at))
    with pytest.raises(labels.CarrierRefused, match="No such place"):
        buy(package, at)
    assert buy(package, at).status == "bought"
    assert fake.keys == [f"label:{package.code}:1", f"label:{package.code}:2"]


def test_it_buys_no_label_for_what_has_left(shop, at, carrier):
    carrier()
    order = make.make_open_order(shop, at=at)
    package = make.package_of(order)
    Package.objects.filter(pk=package.pk).update(
        status="awaiting_collection", shipped_at=at, carrier="ups", tracking_number="1Z"
    )
    with pytest.raises(labels.NoLabelNow):
        buy(package, at)


def test_it_prints_labels_and_slips_with_the_codes_and_all_letters(shop, at, carrier):
    import io

    from pypdf import PdfReader

    carrier()
    order = make.make_open_order(shop, at=at, name="Zoë Łukasz", quantity=2)
    package = make.package_of(order)
    with pytest.raises(printing.NothingToPrint):
        printing.label_pdf([package])
    label = buy(package, at)
    sheet = PdfReader(io.BytesIO(printing.label_pdf([package])))
    assert [round(float(side) / 72) for side in sheet.pages[0].mediabox[2:]] == [4, 6]
    text = sheet.pages[0].extract_text()
    for words in (label.tracking_number, package.code, "Zoë Łukasz", "1 Main Street"):
        assert words in text
    slip = PdfReader(io.BytesIO(printing.slip_pdf([package]))).pages[0].extract_text()
    for words in (package.code, order.code, "2 ×", make.line_of(order).sku_code):
        assert words in slip
    assert printing.slip_pdf([package]) == printing.slip_pdf([package])
    assert papers.labels_pdf([]).startswith(b"%PDF")


def test_it_marks_shipped_by_command(shop, at, capsys):
    order = make.make_open_order(shop, at=at)
    code, number = f"{order.code}-1", make.tracking_number()
    call_command("mark_shipped", code, "sandbox", number, "--dry-run")
    assert make.package_of(order).in_house
    for _repeat in range(2):
        call_command("mark_shipped", code.lower(), "sandbox", number)
    assert f"{code} is shipped with sandbox" in capsys.readouterr().out
    for wrong in (("NOPE", "sandbox", number), (code, "ups", "HELLO"), (code, "pigeon", "1")):
        with pytest.raises(CommandError):
            call_command("mark_shipped", *wrong)


def test_it_writes_the_address_that_the_shop_applied_with_as_the_origin(shop, at):
    application, reviewer = make_application(at=at, until="submitted"), make_staff("reviewer")
    assert "1 Main St" not in labels.sender_of(application.shop).lines, "what nobody has approved proves nothing"
    claimed = review_queue.claim(application=application, by=reviewer, at=at)
    review_queue.approve(application=claimed, by=reviewer, at=at)
    assert labels.sender_of(application.shop).lines[1:] == ["1 Main St", "Los Angeles CA 90012", "US"]
    assert "Los Angeles CA 90012" not in labels.sender_of(shop).lines


@pytest.mark.parametrize(("letters", "size"), [(8, 16), (30, 11), (80, 9)])
def test_it_keeps_the_shops_name_off_the_barcode_of_a_slip(letters, size):
    _regular, bold = papers._fonts()
    found, words = papers._fitted("W" * letters, bold, 400)
    assert papers.pdfmetrics.stringWidth(words, bold, found) <= 400
    assert found == size
    assert words.endswith("…") == (letters == 80)


def test_the_search_finds_an_order_by_the_numbers_of_its_parcels(shop, owner, at):
    order = make.make_open_order(shop, at=at)
    package, first, second = make.package_of(order), make.tracking_number(), make.tracking_number()
    assert not Order.objects.in_shop(shop).found_by(first).exists()
    mark(package, first, at + 2 * HOUR)
    assert Order.objects.in_shop(shop).found_by(first).get() == order
    fulfilment.correct_number(package=package, carrier="sandbox", tracking_number=second, by=owner, at=at + 3 * HOUR)
    assert Order.objects.in_shop(shop).found_by(second.lower()).get() == order
