"""The shops app."""

from django.apps import AppConfig


class ShopsConfig(AppConfig):
    name = "shops"
    verbose_name = "Shops and people"

    def ready(self) -> None:
        from seller_center.kernel import clock, crypto
        from shops import keyring
        from shops.models.clock import read_offset

        clock.use_offset(read_offset)
        crypto.use_keyring(keyring.ShopKeyring())
