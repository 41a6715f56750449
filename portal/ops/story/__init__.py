"""One believable story for the demo: a tea shop has things to put right this week."""

from portal.ops.story.people import ADMINISTRATOR, AGENT, APPROVER, PASSWORD, SHOPPER, SHOPPER_ZH
from portal.ops.story.telling import tell

__all__ = [
    "ADMINISTRATOR",
    "AGENT",
    "APPROVER",
    "PASSWORD",
    "SHOPPER",
    "SHOPPER_ZH",
    "tell",
]
