"""The nouns of floor 4."""


def test_it_migrates(db):
    from orders.models import Order

    assert not Order.objects.exists()
