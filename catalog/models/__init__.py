"""The nouns of floor 2, one file each."""

from catalog.models.alert import LowStockAlert
from catalog.models.category import Category
from catalog.models.import_run import ImportChunk, ImportRow, ImportRun
from catalog.models.media import Media, PictureAddress
from catalog.models.price_history import PriceHistory
from catalog.models.product import Product, ProductOption
from catalog.models.sku import Sku
from catalog.models.stock import Reservation, StockItem, StockMovement, Warehouse

__all__ = [
    "Category",
    "ImportChunk",
    "ImportRow",
    "ImportRun",
    "LowStockAlert",
    "Media",
    "PictureAddress",
    "PriceHistory",
    "Product",
    "ProductOption",
    "Reservation",
    "Sku",
    "StockItem",
    "StockMovement",
    "Warehouse",
]
