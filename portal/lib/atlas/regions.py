"""States and provinces by which cities of one name are told apart, and US postcodes' states."""

from __future__ import annotations

import re

REGION_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "US": {
        "AL": ("Alabama",), "AK": ("Alaska",), "AZ": ("Arizona",), "AR": ("Arkansas",),
        "CA": ("California",), "CO": ("Colorado",), "CT": ("Connecticut",), "DE": ("Delaware",),
        "DC": ("District of Columbia",), "FL": ("Florida",), "GA": ("Georgia",), "HI": ("Hawaii",),
        "ID": ("Idaho",), "IL": ("Illinois",), "IN": ("Indiana",), "IA": ("Iowa",),
        "KS": ("Kansas",), "KY": ("Kentucky",), "LA": ("Louisiana",), "ME": ("Maine",),
        "MD": ("Maryland",), "MA": ("Massachusetts",), "MI": ("Michigan",), "MN": ("Minnesota",),
        "MS": ("Mississippi",), "MO": ("Missouri",), "MT": ("Montana",), "NE": ("Nebraska",),
        "NV": ("Nevada",), "NH": ("New Hampshire",), "NJ": ("New Jersey",), "NM": ("New Mexico",),
        "NY": ("New York",), "NC": ("North Carolina",), "ND": ("North Dakota",), "OH": ("Ohio",),
        "OK": ("Oklahoma",), "OR": ("Oregon",), "PA": ("Pennsylvania",), "RI": ("Rhode Island",),
        "SC": ("South Carolina",), "SD": ("South Dakota",), "TN": ("Tennessee",), "TX": ("Texas",),
        "UT": ("Utah",), "VT": ("Vermont",), "VA": ("Virginia",), "WA": ("Washington",),
        "WV": ("West Virginia",), "WI": ("Wisconsin",), "WY": ("Wyoming",),
    },
    "CA": {
        "AB": ("Alberta",), "BC": ("British Columbia",), "MB": ("Manitoba",),
        "NB": ("New Brunswick",), "NL": ("Newfoundland and Labrador",), "NS": ("Nova Scotia",),
        "ON": ("Ontario",), "PE": ("Prince Edward Island",), "QC": ("Quebec", "Québec"),
        "SK": ("Saskatchewan",), "YT": ("Yukon",), "NT": ("Northwest Territories",),
        "NU": ("Nunavut",),
    },
    "AU": {
        "ACT": ("Australian Capital Territory",), "NSW": ("New South Wales",),
        "NT": ("Northern Territory",), "QLD": ("Queensland",), "SA": ("South Australia",),
        "TAS": ("Tasmania",), "VIC": ("Victoria",), "WA": ("Western Australia",),
    },
    "CN": {
        "AH": ("Anhui", "安徽"), "ZJ": ("Zhejiang", "浙江"), "JX": ("Jiangxi", "江西"),
        "JS": ("Jiangsu", "江苏"), "JL": ("Jilin", "吉林"), "QH": ("Qinghai", "青海"),
        "FJ": ("Fujian", "福建"), "HL": ("Heilongjiang", "黑龙江"), "HA": ("Henan", "河南"),
        "HE": ("Hebei", "河北"), "HN": ("Hunan", "湖南"), "HB": ("Hubei", "湖北"),
        "XJ": ("Xinjiang", "新疆维吾尔自治区", "新疆"),
        "XZ": ("Tibet", "Xizang", "西藏自治区", "西藏"),
        "GS": ("Gansu", "甘肃"), "GX": ("Guangxi", "广西壮族自治区", "广西"),
        "GZ": ("Guizhou", "贵州"), "LN": ("Liaoning", "辽宁"),
        "NM": ("Inner Mongolia", "Neimenggu", "内蒙古自治区", "内蒙古"),
        "NX": ("Ningxia", "宁夏回族自治区", "宁夏"), "BJ": ("Beijing", "北京市", "北京"),
        "SH": ("Shanghai", "上海市", "上海"), "SX": ("Shanxi", "山西"), "SD": ("Shandong", "山东"),
        "SN": ("Shaanxi", "陕西"), "TJ": ("Tianjin", "天津市", "天津"), "YN": ("Yunnan", "云南"),
        "GD": ("Guangdong", "广东"), "HI": ("Hainan", "海南"), "SC": ("Sichuan", "四川"),
        "CQ": ("Chongqing", "重庆市", "重庆"),
    },
}  # fmt: skip
"""Country -> code -> names. Elsewhere carriers name no region."""

GEONAMES_REGIONS: dict[str, dict[str, str]] = {
    "CA": {
        "01": "AB", "02": "BC", "03": "MB", "04": "NB", "05": "NL", "07": "NS", "08": "ON",
        "09": "PE", "10": "QC", "11": "SK", "12": "YT", "13": "NT", "14": "NU",
    },
    "AU": {
        "01": "ACT", "02": "NSW", "03": "NT", "04": "QLD", "05": "SA", "06": "TAS", "07": "VIC",
        "08": "WA",
    },
    "CN": {
        "01": "AH", "02": "ZJ", "03": "JX", "04": "JS", "05": "JL", "06": "QH", "07": "FJ",
        "08": "HL", "09": "HA", "10": "HE", "11": "HN", "12": "HB", "13": "XJ", "14": "XZ",
        "15": "GS", "16": "GX", "18": "GZ", "19": "LN", "20": "NM", "21": "NX", "22": "BJ",
        "23": "SH", "24": "SX", "25": "SD", "26": "SN", "28": "TJ", "29": "YN", "30": "GD",
        "31": "HI", "32": "SC", "33": "CQ",
    },
}  # fmt: skip
"""What GeoNames calls them; the United States it calls as everybody does."""

_ZIPS = {
    "AK": "995-999", "AL": "350-369", "AR": "716-729", "AZ": "850-865", "CA": "900-961",
    "CO": "800-816", "CT": "060-069", "DC": "200 202-205", "DE": "197-199", "FL": "320-349",
    "GA": "300-319 398-399", "HI": "967-968", "IA": "500-528", "ID": "832-838", "IL": "600-629",
    "IN": "460-479", "KS": "660-679", "KY": "400-427", "LA": "700-714", "MA": "010-027 055",
    "MD": "206-219", "ME": "039-049", "MI": "480-499", "MN": "550-567", "MO": "630-658",
    "MS": "386-397", "MT": "590-599", "NC": "270-289", "ND": "580-588", "NE": "680-693",
    "NH": "030-038", "NJ": "070-089", "NM": "870-884", "NV": "889-898", "NY": "005 100-149",
    "OH": "430-459", "OK": "730-732 734-749", "OR": "970-979", "PA": "150-196", "PR": "006-009",
    "RI": "028-029", "SC": "290-299", "SD": "570-577", "TN": "370-385", "TX": "733 750-799 885",
    "UT": "840-847", "VA": "201 220-246", "VT": "050-054 056-059", "WA": "980-994",
    "WI": "530-549", "WV": "247-268", "WY": "820-831",
}  # fmt: skip
"""State -> the first three digits of its postcodes."""
_STATES = {
    f"{number:03}": state
    for state, spans in _ZIPS.items()
    for span in spans.split()
    for number in range(int(span[:3]), int(span[-3:]) + 1)
}


def state_of_zip(postcode: str) -> str:
    """Return the state of a postcode of the United States, empty for none."""
    return _STATES.get(postcode.strip()[:3], "") if re.match(r"\s*\d{5}", postcode) else ""
