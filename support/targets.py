"""Until when an answer is promised. Pure arithmetic over the policy's numbers (rulebook §7)."""

import datetime as dt

from seller_center.kernel.calendar import hours_from
from shops.policy import Policy


def ticket_answer_by(policy: Policy, at: dt.datetime, *, urgent: bool) -> dt.datetime:
    """When the staff owe the next answer to a ticket."""
    hours = policy.support.urgent_answer_hours if urgent else policy.support.first_answer_hours
    return hours_from(at, hours)


def buyer_answer_by(policy: Policy, at: dt.datetime) -> dt.datetime:
    """When a shop owes its buyer an answer."""
    return hours_from(at, policy.support.buyer_message_hours)
