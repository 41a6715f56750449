import pgtrigger
from django.db import migrations

FIRST_DAY = "2020-01-01"
LIMITS = {
    "AUD": 30_000,
    "CAD": 28_000,
    "CHF": 18_000,
    "CNY": 140_000,
    "EUR": 18_000,
    "GBP": 16_000,
    "HKD": 155_000,
    "JPY": 30_000,
    "KRW": 280_000,
    "KWD": 60_000,
    "SGD": 26_000,
    "TWD": 640_000,
    "USD": 20_000,
}
RULES = (
    {
        "reason": "lost",
        "code": "4.1",
        "text_en": "If a parcel has had no scan for 7 days, or is 48 hours past its promised day, we give back what you paid for the things in it, and the delivery fee when none of it came.",
        "text_zh": "包裹连续 7 天没有扫描记录，或超过承诺送达日 48 小时仍未送达的，退还其中商品的实付金额；全部未送达的，一并退还运费。",
        "window_days": 60,
        "wait_days": 7,
        "decide_days": 3,
        "answer_days": 7,
    },
    {
        "reason": "damaged",
        "code": "4.2",
        "text_en": "Things that arrive broken are paid back at the price you paid if you tell us within 30 days of delivery. If everything in the parcel is affected, the delivery fee is paid back too.",
        "text_zh": "商品到货破损，在签收后 30 天内告知我们的，按实付金额退款；整个包裹均受影响的，一并退还运费。",
        "window_days": 30,
        "wait_days": 0,
        "decide_days": 3,
        "answer_days": 7,
    },
    {
        "reason": "wrong_item",
        "code": "4.3",
        "text_en": "If something other than what you ordered came, we pay back its price if you tell us within 15 days of delivery, and the delivery fee when nothing in the parcel was right.",
        "text_zh": "收到的商品与订购的不符，在签收后 15 天内告知我们的，按实付金额退款；整个包裹均不符的，一并退还运费。",
        "window_days": 15,
        "wait_days": 0,
        "decide_days": 3,
        "answer_days": 7,
    },
)
ASKS = (
    (
        "damaged",
        "item",
        ("What broke", "破损的商品"),
        ("The damage close up, in good light.", "在光线充足处近拍破损处。"),
        "item",
        1,
        1,
    ),
    (
        "damaged",
        "box",
        ("The whole box", "整个外箱"),
        (
            "Two photos from opposite corners, so that we see all six sides.",
            "从两个对角各拍一张，能看到全部六个面。",
        ),
        "box",
        2,
        2,
    ),
    (
        "damaged",
        "padding",
        ("The padding inside", "箱内的填充物"),
        (
            "How it was packed: paper, foam or whatever held it.",
            "商品是如何包装的：纸、泡沫或其他填充物。",
        ),
        "padding",
        1,
        3,
    ),
    (
        "damaged",
        "label",
        ("The shipping label", "快递面单"),
        ("The tracking number must be readable.", "运单号须清晰可读。"),
        "label",
        1,
        4,
    ),
    (
        "wrong_item",
        "item",
        ("What came", "收到的商品"),
        (
            "The whole thing, with its name or barcode if it has one.",
            "拍下整件商品；如有名称或条码，请一并拍到。",
        ),
        "item",
        1,
        1,
    ),
    (
        "wrong_item",
        "label",
        ("The shipping label", "快递面单"),
        ("The tracking number must be readable.", "运单号须清晰可读。"),
        "label",
        1,
        2,
    ),
    (
        "wrong_item",
        "slip",
        ("The packing slip", "装箱单"),
        ("The paper that lists what should be inside.", "列明箱内应有商品的单据。"),
        "slip",
        0,
        3,
    ),
)


def lay_down(apps, schema_editor):
    """Lay down the rules of the first release; rows that stand are left as they are."""
    policies = apps.get_model("claims", "ReasonPolicy")
    asks = apps.get_model("claims", "EvidenceAsk")
    limits = apps.get_model("claims", "ApprovalLimit")
    for rule in RULES:
        policy, is_new = policies.objects.get_or_create(
            reason=rule["reason"], valid_from=FIRST_DAY, defaults=rule
        )
        if is_new:
            asks.objects.bulk_create(
                asks(
                    policy=policy,
                    kind=kind,
                    title_en=title[0],
                    title_zh=title[1],
                    hint_en=hint[0],
                    hint_zh=hint[1],
                    sketch=sketch,
                    minimum=minimum,
                    position=place,
                )
                for reason, kind, title, hint, sketch, minimum, place in ASKS
                if reason == rule["reason"]
            )
    for currency, single_minor in LIMITS.items():
        if not limits.objects.filter(currency=currency).exists():
            limits.objects.create(
                currency=currency, single_minor=single_minor, valid_from=FIRST_DAY
            )


def take_up(apps, schema_editor):
    """Remove the rows of ``lay_down``; refused by the database once claims refer to them."""
    apps.get_model("claims", "EvidenceAsk").objects.filter(policy__valid_from=FIRST_DAY).delete()
    apps.get_model("claims", "ReasonPolicy").objects.filter(valid_from=FIRST_DAY).delete()
    # Limits are append-only for everybody else.
    with pgtrigger.ignore("claims.ApprovalLimit:approval_limit_is_never_rewritten"):
        apps.get_model("claims", "ApprovalLimit").objects.filter(
            valid_from=FIRST_DAY, currency__in=LIMITS
        ).delete()


class Migration(migrations.Migration):
    dependencies = [("claims", "0001_initial")]
    operations = [migrations.RunPython(lay_down, take_up)]
