"""The nouns of floor 1, one file each."""

from shops.models.agreement import AgreementAcceptance
from shops.models.application import Application, Document, DocumentPage, Submission
from shops.models.bank_account import BankAccount
from shops.models.clock import ClockOffset
from shops.models.deadline import Deadline
from shops.models.eligibility import EligibilityReview
from shops.models.event import EventHandled, ShopEvent
from shops.models.file import FileAccess, StoredFile
from shops.models.guarded_count import GuardedCount
from shops.models.invitation import Invitation
from shops.models.job import ApiKey, BatchRun, IdempotencyKey, Job, Tick
from shops.models.key import DataKey
from shops.models.known_device import KnownDevice
from shops.models.market import Market, PolicyVersion, TradeClass
from shops.models.notice import Notice
from shops.models.owned import (
    OwnedQuerySet,
    PeerManager,
    PeerQuerySet,
    ShopOwned,
    owned_manager,
    shop_as_key,
    tenant_key,
)
from shops.models.saved_view import SavedView
from shops.models.shop import AREAS, Membership, Role, Shop
from shops.models.tier import TierReview
from shops.models.user import User
from shops.models.violation import Appeal, Restriction, Violation

__all__ = [
    "AREAS",
    "AgreementAcceptance",
    "ApiKey",
    "Appeal",
    "Application",
    "BankAccount",
    "BatchRun",
    "ClockOffset",
    "DataKey",
    "Deadline",
    "Document",
    "DocumentPage",
    "EligibilityReview",
    "EventHandled",
    "FileAccess",
    "GuardedCount",
    "IdempotencyKey",
    "Invitation",
    "Job",
    "KnownDevice",
    "Market",
    "Membership",
    "Notice",
    "OwnedQuerySet",
    "PeerManager",
    "PeerQuerySet",
    "PolicyVersion",
    "Restriction",
    "Role",
    "SavedView",
    "Shop",
    "ShopEvent",
    "ShopOwned",
    "StoredFile",
    "Submission",
    "Tick",
    "TierReview",
    "TradeClass",
    "User",
    "Violation",
    "owned_manager",
    "shop_as_key",
    "tenant_key",
]
