"""Every kind of event, with its typed facts, its audience and its sentence: one module per floor."""

from shops.event_kinds import of_catalog, of_marketing, of_orders, of_payouts, of_shops, of_support
from shops.event_kinds.declaring import AUDIENCES, KINDS, SUBJECTS, Kind, sentence_of

__all__ = [
    "AUDIENCES",
    "KINDS",
    "SUBJECTS",
    "Kind",
    "of_catalog",
    "of_marketing",
    "of_orders",
    "of_payouts",
    "of_shops",
    "of_support",
    "sentence_of",
]
