"""
How carriers outside China number their parcels.

NOTICE: patterns, check rules and look-ups of Amazon, Canada Post, Canpar, DHL, DPD, FedEx, GOFO,
Landmark, LaserShip, Old Dominion, OnTrac, Purolator, Spee-Dee, UPS, USPS, Yodel, YunExpress and S10
restate facts gathered by tracking_number_data (https://github.com/jkeen/tracking_number_data,
MIT License, Copyright (c) Jeff Keen and contributors). Sources of the others stand beside them and
in docs/recognition.md.
"""

from __future__ import annotations

from tracking.recognition.checksums import LUHN, MOD7, MOD_37_36, mod10, weighted
from tracking.recognition.format import LEADING, MINOR, RARE, SELDOM, USUAL, Format

_31 = mod10(evens=3, odds=1)
_13 = mod10(evens=1, odds=3)
_12 = mod10(evens=1, odds=2)
_EXPRESS = weighted((3, 1, 7) * 3 + (3, 1), first=11, second=10)
_THIRTEEN = weighted((1, 7, 3) * 4 + (1,), first=11, second=10)
_TO = r"(?:420\d{5}(?:\d{4}(?=.{20}(?:..)?$))?)"
"""The routing prefix with the destination's ZIP, or ZIP+4 where 20 or 22 digits follow."""
_MAILER = r"(?:9\d{8}(?:\d{11}|\d{7})|[0-8]\d{5}(?:\d{14}|\d{10}))"
"""A Mailer ID, nine digits when it begins with 9 and six otherwise, and the parcel's number."""

FORMATS: tuple[Format, ...] = (
    # --- UPS ---
    Format(name="ups", carrier="ups", share=LEADING, chance=1 / 260, check=_12,
           pattern=r"1Z(?P<serial>[A-Z0-9]{15})(?P<check>\d)"),
    Format(name="ups_waybill", carrier="ups", share=MINOR, chance=6 / 26, check=_12,
           pattern=r"[AHJKTV](?P<serial>\d{9})(?P<check>\d)"),
    # --- FedEx ---
    Format(name="fedex_12", carrier="fedex", share=LEADING, chance=1, check=_EXPRESS,
           pattern=r"(?P<serial>\d{11})(?P<check>\d)"),
    Format(name="fedex_34", carrier="fedex", share=USUAL, chance=0.9, check=_THIRTEEN,
           pattern=r"[0-8]\d{14}\d{5}(?P<serial>\d{13})(?P<check>\d)"),
    Format(name="fedex_astra_32", carrier="fedex", share=RARE, chance=0.1, check=_EXPRESS,
           pattern=r"3\d{15}(?P<serial>\d{11})(?P<check>\d)\d{4}"),
    Format(name="fedex_ground", carrier="fedex", share=LEADING, chance=1, check=_13,
           pattern=r"(?P<serial>\d{14})(?P<check>\d)"),
    Format(name="fedex_ground_sscc_18", carrier="fedex", share=MINOR, chance=1, check=_31,
           pattern=r"\d{2}(?P<serial>\d{15})(?P<check>\d)"),
    Format(name="fedex_ground_96", carrier="fedex", share=LEADING, chance=0.01, check=_13,
           pattern=r"96\d{5}(?P<serial>\d{14})(?P<check>\d)"),
    Format(name="fedex_ground_gsn", carrier="fedex", share=USUAL, chance=0.01, check=_THIRTEEN,
           pattern=r"96\d{18}(?P<serial>\d{13})(?P<check>\d)"),
    # --- USPS ---
    Format(name="usps_20", carrier="usps", share=USUAL, chance=1, check=_31,
           pattern=r"(?P<serial>\d{19})(?P<check>\d)"),
    Format(name="usps_impb_n", carrier="usps", share=LEADING, chance=0.01,
           check=mod10(evens=3, odds=1, is_reversed=True),
           pattern=r"(?:420\d{5}(?=(?:.{22}|.{26})$)|420\d{9}(?=.{22}$))?"
           rf"(?P<serial>94\d{{3}}(?:9\d{{8}}\d{{15}}|{_MAILER}))(?P<check>\d)"),
    Format(name="usps_impb_c", carrier="usps", share=LEADING, chance=0.02, check=_31,
           pattern=rf"{_TO}?(?P<serial>(?:92(?=\d{{3}}9)|93(?=\d{{3}}[0-8])|95)\d{{3}}{_MAILER})"
           r"(?P<check>\d)"),
    Format(name="usps_legacy", carrier="usps", share=USUAL, chance=0.01, check=_31,
           pattern=rf"{_TO}?(?P<serial>91\d{{19}})(?P<check>\d)"),
    Format(name="usps_legacy_routed", carrier="usps", share=MINOR, chance=0.001, check=_31,
           prepend="91", pattern=rf"{_TO}(?P<serial>\d{{19}})(?P<check>\d)"),
    Format(name="usps_legacy_20", carrier="usps", share=MINOR, chance=1, check=_31, prepend="91",
           pattern=r"(?P<serial>\d{19})(?P<check>\d)"),
    # --- DHL; license plates and 3S from dhl.com/cz-en/home/tracking/id-labels.html ---
    Format(name="dhl_express", carrier="dhl", share=LEADING, chance=1, check=MOD7,
           pattern=r"(?P<serial>\d{9})(?P<check>\d)"),
    Format(name="dhl_express_11", carrier="dhl", share=MINOR, chance=1, check=MOD7,
           pattern=r"(?P<serial>\d{10})(?P<check>\d)"),
    Format(name="dhl_express_piece_id", carrier="dhl", share=SELDOM, chance=1 / 26,
           pattern=r"J[A-Z]{2,3}\d{9,10}"),
    Format(name="dhl_license_plate", carrier="dhl", share=USUAL, chance=26**-3,
           pattern=r"(?:JJD|JVGL)\d{10,18}"),
    Format(name="dhl_license_plate_jd", carrier="dhl", share=USUAL, chance=1 / 676,
           pattern=r"JD\d{18}"),
    Format(name="dhl_ecommerce", carrier="dhl", share=MINOR, chance=10 / 676,
           pattern=r"(?:GM|LX|RX|UV|CN|SG|TH|IN|HK|MY)\d[0-9A-Z]{9,38}"),
    Format(name="dhl_ecommerce_14", carrier="dhl", share=MINOR, chance=1, pattern=r"\d{14}"),
    Format(name="dhl_parcel_3s", carrier="dhl", share=MINOR, chance=1 / 260,
           pattern=r"3S[A-Z]{3,4}\d{9}"),
    # An SSCC (GS1) with the company prefix of DHL Paket
    Format(name="dhl_paket_sscc", carrier="dhl_de", share=LEADING, chance=1e-8, check=_31,
           pattern=r"(?P<serial>00340434\d{11})(?P<check>\d)"),
    # --- DPD; bare 14 digits from dpd.com/nl and dpd.com/lv ("begins with 0 or 1") ---
    Format(name="dpd", carrier="dpd", share=USUAL, chance=1, check=MOD_37_36,
           pattern=r"(?P<serial>\d{27})(?P<check>[0-9A-Z])"),
    Format(name="dpd_14", carrier="dpd", share=MINOR, chance=1, check=MOD_37_36,
           pattern=r"(?P<serial>\d{14})(?P<check>[0-9A-Z])"),
    Format(name="dpd_14_plain", carrier="dpd", share=MINOR, chance=0.2, pattern=r"[01]\d{13}"),
    Format(name="dpd_uk_10", carrier="dpd_uk", share=MINOR, chance=1, pattern=r"\d{10}"),
    # --- North America ---
    Format(name="canada_post", carrier="canadapost", share=USUAL, chance=1, check=_31,
           pattern=r"(?P<serial>\d{15})(?P<check>\d)"),
    Format(name="canpar_22", carrier="canpar", share=MINOR, chance=8 / 26,
           pattern=r"[CDKLSUXZ]\d{21}"),
    Format(name="purolator_numeric", carrier="purolator", share=MINOR, chance=0.6, check=LUHN,
           pattern=r"(?P<serial>[0-5]\d{10})(?P<check>\d)"),
    Format(name="purolator_alpha", carrier="purolator", share=USUAL, chance=1,
           pattern=r"[A-Z]{3}\d{9}"),
    Format(name="amazon", carrier="amazon", share=LEADING, chance=3 / 26**3,
           pattern=r"TB[ACM]\d{12}"),  # TBA the United States, TBC Canada, TBM Mexico
    Format(name="gofo_us", carrier="gofo", share=MINOR, chance=26**-4, pattern=r"GFUS\d{14}"),
    Format(name="landmark_global", carrier="landmark", share=RARE, chance=26**-4 / 10,
           pattern=r"LTN\d{8}N1"),
    Format(name="lasership_lx", carrier="lasership", share=MINOR, chance=6 / 676 * 0.3,
           pattern=r"L[AIEHNX][1-3]\d{7}"),
    Format(name="lasership_1ls7_15", carrier="lasership", share=MINOR, chance=0.002 / 676,
           pattern=r"1LS7[12]\d{10}"),
    Format(name="lasership_1ls7_18", carrier="lasership", share=MINOR, chance=8e-7 / 676,
           pattern=r"1LS7[12]\d{2}01[1-4]\d{6}1"),
    Format(name="lasership_1lscx", carrier="lasership", share=MINOR, chance=26**-4 / 10,
           pattern=r"1LSCX[0-9A-Z]{10}"),
    Format(name="old_dominion", carrier="old_dominion", share=SELDOM, chance=0.003, check=LUHN,
           pattern=r"(?P<serial>(?:77[78]|072)\d{7})(?P<check>\d)"),
    Format(name="old_dominion_guaranteed", carrier="old_dominion", share=SELDOM, chance=0.01,
           check=LUHN, pattern=r"(?P<serial>80\d{8})(?P<check>\d)"),
    Format(name="ontrac_c", carrier="ontrac", share=MINOR, chance=1 / 26, check=_12, prepend="4",
           pattern=r"C(?P<serial>\d{13})(?P<check>\d)"),
    Format(name="ontrac_d", carrier="ontrac", share=MINOR, chance=1 / 26, check=_12, prepend="5",
           pattern=r"D(?P<serial>\d{13})(?P<check>\d)"),
    Format(name="speedee", carrier="speedee", share=RARE, chance=1 / 676, pattern=r"SP\d{18}"),
    # --- United Kingdom; Yodel's 0002 from its own numbers, Evri from evri.com/faqs ("16-digit")
    #     and labels, Parcelforce from parcelforce.com "Tracking number formats" ---
    Format(name="yodel", carrier="yodel", share=MINOR, chance=1e-4 / 676,
           pattern=r"J?JD0002\d{12}"),
    Format(name="yodel_other", carrier="yodel", share=RARE, chance=1 / 676,
           pattern=r"J?JD(?!0002)\d{16}"),
    Format(name="evri", carrier="evri", share=USUAL, chance=1, pattern=r"[A-Z][A-Z0-9]{5}\d{10}"),
    Format(name="evri_16", carrier="evri", share=MINOR, chance=1, pattern=r"\d{16}"),
    Format(name="parcelforce", carrier="parcelforce", share=MINOR, chance=1,
           pattern=r"[A-Z]{2}\d{7}|[A-Z]{4}\d{10}"),
    # --- The Continent: GLS from paketda.de (Track-ID, parcel number), Hermes from its labels,
    #     Colissimo and PostNL from their labels ---
    Format(name="gls_track_id", carrier="gls", share=RARE, chance=1,
           pattern=r"(?=.*[A-Z])(?=.*\d)[A-Z0-9]{8}"),
    Format(name="gls_parcel", carrier="gls", share=MINOR, chance=1, pattern=r"\d{11,12}"),
    Format(name="hermes_de", carrier="hermes", share=MINOR, chance=1 / 2600, pattern=r"H10\d{17}"),
    Format(name="colissimo", carrier="laposte", share=USUAL, chance=1, pattern=r"\d[A-Z]\d{11}"),
    Format(name="postnl_3s", carrier="postnl", share=USUAL, chance=1 / 260,
           pattern=r"3S[A-Z]{4}\d{7,9}"),
    Format(name="tnt_ww", carrier="tnt", share=RARE, chance=1 / 676, pattern=r"[A-Z]{2}\d{9}WW"),
    # --- Asia and the Pacific: the remainder of 7 in Japan ("7DR"), eParcel's article number ---
    Format(name="yamato", carrier="yamato", share=USUAL, chance=1, check=MOD7,
           is_check_shared=True, pattern=r"(?P<serial>\d{11})(?P<check>\d)"),
    Format(name="sagawa", carrier="sagawa", share=USUAL, chance=1, check=MOD7,
           is_check_shared=True, pattern=r"(?P<serial>\d{11})(?P<check>\d)"),
    Format(name="japanpost", carrier="japanpost", share=USUAL, chance=1, check=MOD7,
           is_check_shared=True, pattern=r"(?P<serial>\d{11})(?P<check>\d)"),
    Format(name="auspost_eparcel", carrier="auspost", share=USUAL, chance=1,
           pattern=r"[A-Z]{3}\d{18}"),
)  # fmt: skip
