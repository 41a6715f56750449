"""
Royal Mail's event codes in our words.

The list is Royal Mail's own, of the tracking file and the API. What it prints to the public says
less than its name: a "damaged" scan reads "Item Received". So the name of a code decides.
"""

from __future__ import annotations

from tracking.carriers.base import NEWS, Meaning
from tracking.scans import ErrorKind
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S

VERSION = 1

_BY = Party
_UNKNOWN_THERE = Meaning(S.RETURNING, Reason.BAD_ADDRESS, _BY.RECIPIENT)
_REFUSED = Meaning(S.RETURNING, Reason.REFUSED, _BY.RECIPIENT)
_UNCLAIMED = Meaning(S.RETURNING, Reason.PICKUP_NOT_COLLECTED, _BY.RECIPIENT)

_TABLE: tuple[tuple[Meaning, str], ...] = (
    (Meaning(S.INFO_RECEIVED), "EVAIE EVAIP EVAPA EVPPB"),
    # Taken over the counter, from a collection, or at the first mail centre.
    (Meaning(S.PICKED_UP), "EVNPB EVOAC EVOBC EVPPA"),
    (Meaning(S.PICKED_UP), "EVBAH EVBAV EVBAW EVBOF EVBPM EVBPR EVBRS EVBSM EVBSR EVBSS EVBSW"),
    (Meaning(S.PICKED_UP), "EVDAA EVDAC EVDAV EVDAW EVDLS EVDOF EVDPL EVDPM EVDPR EVDRO EVDRS"),
    (Meaning(S.PICKED_UP), "EVDSL EVDSM EVDSR EVDSS"),  # EVDLS: lost by a machine, not by the post
    (Meaning(S.IN_TRANSIT), "EVCAH EVCAV EVCOF EVCPS EVCPW EVCRS EVCRW EVGDO EVHAC EVHOE EVIAV"),
    (Meaning(S.IN_TRANSIT), "EVILC EVIMC EVIMS EVIOF EVIPR EVIPS EVIPW EVIRM EVIRO EVJDU EVJJV"),
    (Meaning(S.IN_TRANSIT), "EVJLV EVJMV EVJOE EVNDO EVNMC EVNRD EVOCO EVODO EVOLB EVOOC EVORC"),
    (Meaning(S.IN_TRANSIT), "EVORI EVORW EVOUF EVOVB"),
    (Meaning(S.IN_TRANSIT), "EVNKS EVNRT"),  # kept back because the recipient asked
    (Meaning(S.IN_TRANSIT, Reason.MISSORTED, _BY.CARRIER), "EVBMI EVCMI EVCPI EVDMI EVGMI EVIMI"),
    (Meaning(S.IN_TRANSIT, Reason.MISSORTED, _BY.CARRIER), "EVIPI EVNMI EVOMI"),
    (Meaning(S.IN_TRANSIT, Reason.BAD_ADDRESS, _BY.RECIPIENT), "EVNWA"),
    (Meaning(S.CUSTOMS), "EVJEA EVJFC EVJIA EVJIC EVJNT"),
    (Meaning(S.CUSTOMS, Reason.PAYMENT_DUE, _BY.RECIPIENT), "EVJDP"),
    (Meaning(S.CUSTOMS, Reason.CUSTOMS_INSPECTION, _BY.CUSTOMS), "EVJAP EVJCA EVJCC EVJES"),
    (Meaning(S.CUSTOMS, Reason.SECURITY, _BY.CUSTOMS), "EVJBA"),
    (Meaning(S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, _BY.MERCHANT), "EVJCD EVJCO EVJEM EVJIN EVJML"),
    (Meaning(S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, _BY.MERCHANT), "EVJSR"),
    (Meaning(S.CUSTOMS, Reason.PROHIBITED, _BY.MERCHANT), "EVJPA"),
    (Meaning(S.EXCEPTION, Reason.DAMAGED, _BY.CARRIER), "EVBDM EVBSD EVCDM EVCPD EVDDM EVDSD"),
    (Meaning(S.EXCEPTION, Reason.DAMAGED, _BY.CARRIER), "EVGDM EVIDM EVIPD"),
    (Meaning(S.EXCEPTION, Reason.LOST, _BY.CARRIER), "EVNCL"),
    (Meaning(S.EXCEPTION, Reason.DELAYED, _BY.CARRIER), "EVNDN"),
    (Meaning(S.EXCEPTION, Reason.PAYMENT_DUE, _BY.RECIPIENT), "EVHAP EVNCF"),
    (Meaning(S.EXCEPTION, Reason.PROHIBITED, _BY.MERCHANT), "EVSGS EVSUS"),
    (Meaning(S.EXCEPTION, Reason.CUSTOMS_DOCUMENTS, _BY.MERCHANT), "EVHNC"),
    (Meaning(S.EXCEPTION, Reason.OTHER, _BY.FORCE_MAJEURE), "EVHFM"),
    (Meaning(S.EXCEPTION, Reason.OTHER, _BY.RECIPIENT), "EVHAR"),
    (Meaning(S.EXCEPTION, Reason.OTHER, _BY.MERCHANT), "EVHSR"),
    (Meaning(S.DESTROYED, Reason.OTHER, _BY.CARRIER), "EVNDL"),
    (Meaning(S.DESTROYED, Reason.PROHIBITED, _BY.MERCHANT), "EVSGD"),
    (Meaning(S.OUT_FOR_DELIVERY), "EVGPD"),
    (Meaning(S.ATTEMPT_FAILED), "EVKNR EVKSU"),
    (Meaning(S.ATTEMPT_FAILED, Reason.NOT_HOME, _BY.RECIPIENT), "EVKNA EVNBA EVNSA EVPON EVPXN"),
    (Meaning(S.ATTEMPT_FAILED, Reason.BAD_ADDRESS, _BY.RECIPIENT), "EVNUL EVNUO EVPOU EVPXU"),
    (Meaning(S.ATTEMPT_FAILED, Reason.OTHER), "EVKAA EVNIL EVNIO EVPOA EVPXA"),  # out of reach
    (Meaning(S.AVAILABLE_FOR_PICKUP), "EVKLC EVKLS EVNAE EVNLC EVPLA"),
    (Meaning(S.AVAILABLE_FOR_PICKUP, Reason.NOT_HOME, _BY.RECIPIENT), "EVNDA"),
    (Meaning(S.AVAILABLE_FOR_PICKUP, Reason.OTHER), "EVNAA"),
    (Meaning(S.DELIVERED), "EVKOP EVKSP EVNFS EVNLP EVNPO"),
    (Meaning(S.DELIVERED, handed=Handed.SAFE_PLACE), "EVKSF"),
    (Meaning(S.DELIVERED, handed=Handed.NEIGHBOUR), "EVKDN EVKNS"),
    (Meaning(S.DELIVERED, handed=Handed.RECIPIENT), "EVNCE EVNCO EVNOC EVNSC EVPLC EVPLF"),
    (Meaning(S.RETURNING), "EVBRT EVNRN EVNRS EVORR EVORT EVPLX EVPUX"),
    (_UNKNOWN_THERE, "EVBRA EVBSA EVCPA EVCRA EVDRA EVDSA"),
    (_UNKNOWN_THERE, "EVHCA EVIPA EVKAI EVKGA EVNAC EVNAI"),
    (_UNKNOWN_THERE, "EVNGA EVNGL EVNLA EVNLG EVNLI EVNSI"),
    (_UNKNOWN_THERE, "EVNUK EVPLU EVPOG EVPOI EVPXG EVPXI"),
    (_REFUSED, "EVKRF EVNAB EVNHR EVNLR EVNRF EVNRO EVNRR"),
    (_REFUSED, "EVPLR EVPOR EVPXR"),
    (_UNCLAIMED, "EVNAD EVNHE EVNRE EVNRL EVPLN"),
    (Meaning(S.RETURNING, Reason.DAMAGED, _BY.CARRIER), "EVHDI"),
    (Meaning(S.RETURNING, Reason.CUSTOMS_DOCUMENTS, _BY.MERCHANT), "EVHCR EVHID"),
    # The barcode, the weight, or the sender's own wish.
    (Meaning(S.RETURNING, Reason.OTHER, _BY.MERCHANT), "EVBRB EVBRW EVCRB EVDRB EVDRW EVDSW EVPLI"),
    (Meaning(S.RETURNED), "EVRTS"),
    # Wishes for another delivery, book-keeping, and the guess that what left was delivered.
    (NEWS, "EVNAR EVNDS EVNOI EVNOU EVNRC EVNSR ASRXS RFRXS RNRXS RORXS RPRXS RSRXS"),
    (NEWS, "EVZAM EVZBF EVZDM EVZDR EVZLM EVZRD EVZRM EVZSO"),
)  # fmt: skip

_LETTERS = ("NDE", "NEP", "NFN", "NLC", "NRD", "NRE", "NSF", "NUN")
_OUTCOMES = ("DF", "RF", "RS", "SF", "SS")

EVENT: dict[str, Meaning] = {
    **{code: meaning for meaning, codes in _TABLE for code in codes.split()},
    # Of notifications to the recipient: whether they were asked for, sent, and came.
    **{about + outcome: NEWS for about in _LETTERS for outcome in _OUTCOMES},
}
"""Event code -> meaning."""

CATEGORY: dict[str, Meaning] = {
    "WE'RE EXPECTING IT": Meaning(S.INFO_RECEIVED),
    "WE'VE GOT IT": Meaning(S.PICKED_UP),
    "IN TRANSIT": Meaning(S.IN_TRANSIT),
    "IN CUSTOMS": Meaning(S.CUSTOMS),
    "RELEASED FROM CUSTOMS": Meaning(S.CUSTOMS),
    "READY FOR DELIVERY": Meaning(S.OUT_FOR_DELIVERY),
    "DELIVERY ATTEMPTED": Meaning(S.ATTEMPT_FAILED),
    "DELIVERED": Meaning(S.DELIVERED),
    "COLLECTED": Meaning(S.DELIVERED, handed=Handed.RECIPIENT),
    "RETURNED TO SENDER": Meaning(S.RETURNING),  # printed when it starts on its way back
    "RESTRICTED OR PROHIBITED CONTENTS": Meaning(S.EXCEPTION, Reason.PROHIBITED, Party.MERCHANT),
    "PENDING": NEWS,
    "NOT APPLICABLE": NEWS,
}
"""Category of a summary -> meaning, for an event whose code is new."""

ERRORS: dict[str, ErrorKind] = {
    "E0001": ErrorKind.TRANSIENT,
    "E0009": ErrorKind.TRANSIENT,
    "E0010": ErrorKind.RATE_LIMITED,
    "E0013": ErrorKind.SCHEMA_DRIFT,  # more numbers in a call than it takes
    "E1142": ErrorKind.NOT_FOUND,  # a new barcode is not recognised either
    "E1144": ErrorKind.NOT_FOUND,  # no proof of delivery
    "E1145": ErrorKind.NOT_FOUND,
    "E1283": ErrorKind.INVALID_NUMBER,  # a product without tracking
    "E1284": ErrorKind.NOT_FOUND,
    "E1307": ErrorKind.TRANSIENT,
    "E1308": ErrorKind.NOT_FOUND,
    "400": ErrorKind.SCHEMA_DRIFT,
    "401": ErrorKind.AUTH,
    "403": ErrorKind.AUTH,
    "404": ErrorKind.NOT_FOUND,
    "405": ErrorKind.SCHEMA_DRIFT,
    "429": ErrorKind.RATE_LIMITED,
}
"""Error code, or HTTP status where there is none -> kind."""
WORDS: tuple[tuple[str, ErrorKind], ...] = (
    ("header", ErrorKind.AUTH),  # the terms were not accepted, or the client id is missing
    ("client id", ErrorKind.AUTH),
    ("mailpieceid", ErrorKind.INVALID_NUMBER),
    ("barcode", ErrorKind.INVALID_NUMBER),
    ("validation", ErrorKind.SCHEMA_DRIFT),
)
"""For codes that are not listed: words in the description -> kind."""
