"""The skeleton of floor 1 stands: people, shops, roles and the reference data."""

import pytest
from django.db import IntegrityError, transaction

from seller_center.kernel.errors import Stale
from seller_center.kernel.transitions import move
from shops import reference
from shops.models import DataKey, Market, PolicyVersion, Shop
from shops.policy_book import policy_for
from shops.scope import scope

pytestmark = pytest.mark.django_db


def test_it_has_the_markets_and_their_policies(at):
    assert set(Market.objects.values_list("code", flat=True)) == {"US", "GB"}
    assert policy_for("US", at).sla.ship_hours == 72
    assert policy_for("GB", at).fees.referral_bp == 900
    assert policy_for("US", at).version_id == PolicyVersion.objects.get(market="US").pk


def test_it_loads_reference_data_twice_without_change(at):
    before = Shop.objects.count()
    reference.load(at)
    assert Shop.objects.count() == before


def test_it_knows_the_cast(owner, packer, stranger, reviewer, shop):
    assert list(Shop.objects.of_member(owner)) == [shop]
    assert list(Shop.objects.of_member(stranger)) != [shop]
    assert reviewer.is_staff


def test_it_refuses_a_move_that_the_table_lacks(shop):
    with pytest.raises(Stale), scope(shop, by=None):
        move(shop, "applying")
    with pytest.raises(IntegrityError), transaction.atomic():
        Shop.objects.filter(pk=shop.pk).update(status="applying")


def test_it_makes_one_data_key_per_shop(shop, other_shop):
    from shops.keyring import ShopKeyring

    ring = ShopKeyring()
    kid, key = ring.key_for(shop.pk, None)
    assert ring.key_for(shop.pk, None) == (kid, key)
    assert ring.key_for(other_shop.pk, None)[1] != key
    assert DataKey.objects.filter(shop=shop).count() == 1
    with pytest.raises(LookupError):
        ring.key_for(other_shop.pk, kid)
