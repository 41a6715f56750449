"""Show enough of a fact to recognise it and no more."""

from __future__ import annotations

import re
from collections.abc import Iterable

DOT = "•"


def email(address: str) -> str:
    """Mask an e-mail address: ``w•••@example.org``. The number of dots says nothing."""
    name, _at, place = address.rpartition("@")
    return f"{name[:1]}{DOT * 3}@{place}"


def postcode(code: str) -> str:
    """Mask the last third of a postcode, at least two characters: ``2000**``."""
    code = code.strip()
    hidden = max(2, len(code) // 3)
    return code[:-hidden] + "*" * min(hidden, len(code)) if code else ""


def tail(text: str, *, keep: int = 4) -> str:
    """Mask all but the last characters: ``•••• 0731``. Short texts are masked whole."""
    return f"{DOT * 4} {text[-keep:]}" if len(text) > keep * 2 else DOT * 4


_PHONE = re.compile(
    r"""(?x)(?<![\w.])(?:
    (?:\+|00)\d[\d\s().-]{6,16}\d                  # +1 555 010 0100
    | \(\d{3}\)\s?\d{3}[-\s.]\d{4}                 # (555) 010-0100
    | (?:1[-.\s])?\d{3}[-.\s]\d{3}[-.\s]\d{4}                   # 555-010-0100
    | 1[3-9]\d[-\s]?[\d*]{4}[-\s]?\d{4}             # 138 0000 0000
    | 0\d{2,3}[-\s]?\d{7,8}                          # 021-12345678
    | 400[-\s]?\d{3,4}[-\s]?\d{3,4}
    )(?!\w)"""
)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ANYBODY_ZH = (
    "本人|家人|家属|同事|门卫|保安|物业|前台|邻居|他人|朋友|亲友|代收|收发室|收件人|客户|凭|驿站|快递柜|"
    "自提|其他|已|菜鸟|丰巢|超市|便利店|门口"
)
_STAFF_WORDS_ZH = (
    "快递员|派件员|派送员|业务员|揽件员|揽收员|收派员|配送员|投递员|取件员|"
    "快递小哥|骑手|司机|派件人"
)
_LABELS_ZH = f"联系电话|联系方式|电话|手机|手机号|客服|热线|签收人|{_STAFF_WORDS_ZH}"
_SIGNED_ZH = re.compile(
    rf"((?:签收人|签收方|代收人|收货人|联系人)(?:是|为)?[:：\s【\[]*)(?!(?:{_ANYBODY_ZH}|是|为|{DOT}))"
    r"([\w·*]{1,12})"
)
_BY_ZH = re.compile(
    rf"((?:已由|由)\s*【?)(?!(?:{_ANYBODY_ZH}))([\u4e00-\u9fff·*]{{2,4}}?)(?=】?\s*(?:代收|代签|签收))"
)
_STAFF_ZH = re.compile(
    rf"((?:{_STAFF_WORDS_ZH})[:：\s【\[（(]*)"
    rf"(?!(?:{_ANYBODY_ZH}|{_LABELS_ZH}|正在|将|会|即将|到|上门|取|派|联系|揽|收))"
    r"([\u4e00-\u9fff·*]{2,4})(?=[，,、。；;：:\s】\])）(（【\[•]|电话|手机|$)"
)
_BESIDE_PHONE_ZH = re.compile(
    rf"(?<=[【\[（(，,：:\s])(?!(?:{_LABELS_ZH}))([\u4e00-\u9fff·]{{2,4}})"
    rf"(?=[，,、：:\s]*(?:联系)?(?:电话|手机)?[：:\s]*{DOT}{{3}})"
)
_ANYBODY = (
    r"(?:the|a|an|your|you|another|other|us|door|guard|mail|agent)\b|front|recept|recipient|resident|"
    "neighbo|customer|security|concierge|mail ?room|individual|someone|carrier|office|locker|"
    "garage|porch|driver|household"
)
_SIGNED = re.compile(
    rf"(?i)\b((?:signed(?:\s+for)?|received|accepted|collected)\s+by|signature|signed|left\s+with"
    rf"|released\s+to|driver|courier)(\s*[:=]\s*|\s+(?:is\s+)?)(?!{_ANYBODY})"
    r"((?-i:[A-Z*][\w.'’*-]*)(?:\s+(?-i:[A-Z*][\w.'’*-]*)){0,3})"
)


_SUSPECT = re.compile(
    r"@|\d{3}[\d*\s().-]{4}|[签收]|件员|送员|业务员|投递员|配送员|小哥|骑手|司机|联系人"
    r"|(?i:sign|received|accepted|collected|left\s|released|driver|courier)"
)
"""What at least stands in a text that any of the others changes; most texts hold none of it."""


def people(text: str) -> str:
    """
    Mask names, telephone numbers and e-mail addresses in a carrier's words.

    Where a carrier names whoever signed or drives, and who can be reached there, is known; what
    stands elsewhere in free text may stay.
    """
    if not _SUSPECT.search(text):
        return text
    hidden = DOT * 3
    text = _ADDRESS.sub(hidden, text)
    text = _PHONE.sub(hidden, text)
    text = _BESIDE_PHONE_ZH.sub(hidden, text)
    text = _SIGNED_ZH.sub(rf"\1{hidden}", text)
    text = _BY_ZH.sub(rf"\1{hidden}", text)
    text = _STAFF_ZH.sub(rf"\1{hidden}", text)
    return _SIGNED.sub(rf"\1\2{hidden}", text)


def without(text: str, secrets: Iterable[str]) -> str:
    """Take these very texts out of another, in whatever case; short ones stay."""
    folded = text.casefold()
    for secret in secrets:
        secret = secret.strip()
        if len(secret) >= (4 if secret.isascii() else 2) and secret.casefold() in folded:
            text = re.sub(re.escape(secret), DOT * 3, text, flags=re.IGNORECASE)
    return text
