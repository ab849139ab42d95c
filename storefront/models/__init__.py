"""The nouns of floor 8, one file each."""

from storefront.models.basket import Basket, BasketLine

__all__ = ["Basket", "BasketLine"]
