"""Answers a fresh desk begins with; the desk's own rows replace them in the admin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from claims.defaults import Models


@dataclass(frozen=True)
class Reply:
    """One answer in both languages."""

    title: str
    reason: str
    body_en: str
    body_zh: str


REPLIES = (
    Reply(
        "Thank you, we are looking",
        "",
        "Thank you for writing. We are looking at your claim {ref} about {items} and decide by "
        "{decide_by}. You need not do anything now.",
        "感谢您的来信。我们正在处理您的理赔 {ref}（{items}），将于 {decide_by} 前作出决定。"
        "目前您无需任何操作。",
    ),
    Reply(
        "A clearer photo, please",
        "damaged",
        "Thank you for the photos. One more would help: please show the whole item in daylight, "
        "and the label with the number {number} if you still have the box. You can add it on "
        "{link}.",
        "感谢您发来的照片。请再补拍一张：在自然光下拍摄整件商品；如外箱还在，"
        "请一并拍下带单号 {number} 的面单。可在此上传：{link}",
    ),
    Reply(
        "Please look around once more",
        "delivered_not_received",
        "{carrier} recorded parcel {number} as delivered. Please ask your neighbours and look at "
        "the places where parcels are left. If it is not there, just answer, and we go on.",
        "{carrier} 显示包裹 {number} 已送达。请先询问邻居，并查看常放包裹的地方。"
        "如仍未找到，直接回复即可，我们会继续处理。",
    ),
    Reply(
        "We have asked the carrier",
        "lost",
        "We have asked {carrier} where parcel {number} is. You do not have to wait for their "
        "answer: we decide on {ref} by {decide_by} in any case.",
        "我们已向 {carrier} 查询包裹 {number} 的下落。您无需等待对方答复："
        "无论如何，我们都会在 {decide_by} 前就 {ref} 作出决定。",
    ),
    Reply(
        "What exactly is missing",
        "missing_item",
        "Please tell us which of these is missing: {items}. A photo of everything that was in the "
        "box helps us to find out where it went astray.",
        "请告诉我们缺少的是哪一件：{items}。请把箱内所有物品拍一张照片，便于我们查清遗漏环节。",
    ),
)


def install(models: Models) -> None:
    """Lay down the answers that are missing; rows that stand are left as they are."""
    replies: Any = models.get_model("claims", "CannedReply")
    for position, reply in enumerate(REPLIES, start=1):
        replies.objects.get_or_create(
            title=reply.title,
            defaults={
                "reason": reply.reason,
                "body_en": reply.body_en,
                "body_zh": reply.body_zh,
                "position": position,
            },
        )
