"""The pages of floor 1."""

from shops.views.files import private_file, public_picture

__all__ = ["private_file", "public_picture"]
