"""
How carriers in China number their parcels. None of them publishes a check digit.

Sources: the rules for waybill numbers that Taobao's ``taobao.logistics.companies.get`` hands to its
sellers, forms in use today as open projects collect them (BF-zh/Courier-Validation), the carriers'
own labels. docs/recognition.md tells more.
"""

from __future__ import annotations

from tracking.recognition.format import LEADING, MINOR, RARE, RETIRED, USUAL, Format

FORMATS: tuple[Format, ...] = (
    Format(name="sf", carrier="sf", share=LEADING, chance=1 / 676, pattern=r"SF[A-Z0-9]\d{12}"),
    Format(name="sf_12", carrier="sf", share=RARE, chance=1, pattern=r"\d{12}"),
    Format(name="yto", carrier="yto", share=LEADING, chance=1 / 676, pattern=r"YT\d{13}"),
    Format(name="yto_18", carrier="yto", share=RETIRED, chance=0.2, pattern=r"[89]\d{17}"),
    Format(name="zto", carrier="zto", share=LEADING, chance=0.05, pattern=r"7[3-68]\d{12}"),
    Format(name="sto", carrier="sto", share=LEADING, chance=0.01, pattern=r"77\d{13}"),
    Format(name="sto_14", carrier="sto", share=USUAL, chance=0.01, pattern=r"77\d{12}"),
    Format(name="sto_43", carrier="sto", share=RARE, chance=0.01, pattern=r"43\d{13}"),
    Format(name="sto_12", carrier="sto", share=RETIRED, chance=0.011,
           pattern=r"(?:268|368|468|568|588|668|688|768|868|888|968)\d{9}"),
    Format(name="yunda", carrier="yunda", share=LEADING, chance=0.2, pattern=r"[34]\d{14}"),
    Format(name="yunda_13", carrier="yunda", share=RARE, chance=0.19,
           pattern=r"(?:1\d|3[19]|5[058]|66|77|80|88)\d{11}"),
    Format(name="jt", carrier="jt", share=LEADING, chance=1 / 676, pattern=r"JT\d{12,13}"),
    Format(name="jd", carrier="jd", share=LEADING, chance=1 / 676,
           pattern=r"JD[A-Z0-9]{2}\d{11}"),
    Format(name="ems_13", carrier="ems", share=USUAL, chance=0.09,
           pattern=r"(?:1[0-3]|5[0-2]|9[57])\d{11}"),
    Format(name="chinapost_13", carrier="chinapost", share=USUAL, chance=0.03,
           pattern=r"9[689]\d{11}"),
    Format(name="chinapost_13_ems", carrier="chinapost", share=MINOR, chance=0.09,
           pattern=r"(?:1[0-3]|5[0-2]|9[57])\d{11}"),
    Format(name="chinapost_lettered", carrier="chinapost", share=RARE, chance=28 / 676,
           pattern=r"(?:GA|KQ|P[A-Z])\d{11}"),
    Format(name="deppon", carrier="deppon", share=USUAL, chance=26**-3, pattern=r"DPK\d{12}"),
    Format(name="deppon_short", carrier="deppon", share=RARE, chance=1, pattern=r"\d{8,10}"),
    Format(name="best_14", carrier="best", share=RETIRED, chance=0.22,
           pattern=r"(?:5[01]|[67]\d)\d{12}"),
    Format(name="best_lettered", carrier="best", share=RETIRED, chance=4 / 26,
           pattern=r"[ABDE]\d{12}|BXA\d{10}|K8\d{11}"),
    # Danniao is the last mile of Cainiao; LP numbers are Cainiao's own, across borders
    Format(name="danniao", carrier="danniao", share=MINOR, chance=0.001, pattern=r"621\d{12}"),
    Format(name="cainiao_lp", carrier="cainiao", share=USUAL, chance=1 / 676, pattern=r"LP\d{14}"),
    Format(name="yunexpress", carrier="yunexpress", share=USUAL, chance=1 / 676,
           pattern=r"YT\d{16}"),
    Format(name="4px", carrier="4px", share=MINOR, chance=26**-4 / 10, pattern=r"4PX\d{13}CN"),
    Format(name="yanwen", carrier="yanwen", share=MINOR, chance=1 / 676,
           pattern=r"[A-Z]{2}\d{9}YP"),
    Format(name="zjs", carrier="zjs", share=RARE, chance=26**-3, pattern=r"ZJS\d{12}"),
    Format(name="uce", carrier="uce", share=RARE, chance=1 / 26, pattern=r"V\d{11}|VIP\d{9}"),
    Format(name="ttk", carrier="ttk", share=RETIRED, chance=0.05 / 676,
           pattern=r"TT(?:5[67]|66|88|99)\d{11}"),
)  # fmt: skip
