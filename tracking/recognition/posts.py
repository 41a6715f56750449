"""
Items between posts, UPU standard S10: two letters, nine digits, the country that numbered it.

The countries are the members of the Universal Postal Union and the territories that number items of
their own, by ISO 3166 (UPU, "S10: Identification of postal items - 13-character identifier").
"""

from __future__ import annotations

from tracking.recognition.checksums import S10
from tracking.recognition.format import LEADING, Format

OURS = {
    "AE": "emiratespost", "AT": "austrianpost", "AU": "auspost", "BE": "bpost",
    "BR": "correios", "CA": "canadapost", "CH": "swisspost", "CN": "chinapost",
    "CZ": "czechpost", "DE": "dhl_de", "DK": "postnord", "ES": "correos", "FI": "posti",
    "FR": "laposte", "GB": "royalmail", "GR": "elta", "HK": "hongkongpost", "HU": "magyarposta",
    "ID": "posindonesia", "IE": "anpost", "IL": "israelpost", "IN": "indiapost",
    "IT": "posteitaliane", "JP": "japanpost", "KR": "koreapost", "MX": "correosmexico",
    "MY": "posmalaysia", "NL": "postnl", "NO": "posten", "NZ": "nzpost", "PH": "phlpost",
    "PL": "polishpost", "PT": "ctt", "RO": "romanianpost", "RU": "russianpost",
    "SA": "saudipost", "SE": "postnord", "SG": "singpost", "TH": "thailandpost", "TR": "ptt",
    "TW": "chunghwapost", "UA": "ukrposhta", "US": "usps", "VN": "vnpost",
}  # fmt: skip
"""Country -> the carrier that we know by name."""

_ELSEWHERE = """
AD AF AG AI AL AM AO AR AW AZ BA BB BD BF BG BH BI BJ BM BN BO BQ BS BT BW BY BZ CD CF CG CI CK CL
CM CO CR CU CV CW CY DJ DM DO DZ EC EE EG ER ET FJ FK FM FO GA GD GE GF GG GH GI GL GM GN GP GQ GT
GU GW GY HN HR HT IM IQ IR IS JE JM JO KE KG KH KI KM KN KP KW KY KZ LA LB LC LI LK LR LS LT LU LV
LY MA MC MD ME MG MH MK ML MM MN MO MQ MR MS MT MU MV MW MZ NA NC NE NG NI NP NR NU OM PA PE PF PG
PK PM PR PS PW PY QA RE RS RW SB SC SD SH SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TJ TK TL
TM TN TO TT TV TZ UG UY UZ VA VC VE VG VI VU WF WS XK YE YT ZA ZM ZW
"""
ELSEWHERE = frozenset(_ELSEWHERE.split())
"""Countries whose post we only know as a member of the union."""


def courier(number: str) -> str | None:
    """Return the carrier of an S10 number by its country; None where no such country is."""
    country = number[-2:]
    if country == "CN" and number[0] == "E":
        return "ems"
    return OURS.get(country) or ("upu" if country in ELSEWHERE else None)


FORMATS = (
    Format(
        name="s10",
        carrier="upu",
        courier=courier,
        share=LEADING,
        chance=(len(OURS) + len(ELSEWHERE)) / 676,
        check=S10,
        pattern=r"[A-Z]{2}(?P<serial>\d{8})(?P<check>\d)[A-Z]{2}",
    ),
)
