"""One believable story for the demo: what a shop in tea and tableware has to put right this week."""

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
