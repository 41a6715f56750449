"""The couriers we can name, in both languages, with their home zone and their own tracking page."""

from __future__ import annotations

from typing import NamedTuple


class CarrierName(NamedTuple):
    """How a courier is called and where it lives; ``{number}`` in the address is replaced."""

    name_en: str
    name_zh: str
    timezone: str
    tracking_url: str


CN = "Asia/Shanghai"

CARRIERS: dict[str, CarrierName] = {
    "generic": CarrierName("Your carrier", "承运商", "UTC", ""),
    "simulator": CarrierName("Harbour Express", "港湾速运", CN, ""),
    # China
    "sf": CarrierName("SF Express", "顺丰速运", CN, "https://www.sf-express.com/chn/sc/waybill/waybill-detail/{number}"),
    "yto": CarrierName("YTO Express", "圆通速递", CN, "https://www.yto.net.cn/"),
    "sto": CarrierName("STO Express", "申通快递", CN, "https://www.sto.cn/"),
    "zto": CarrierName("ZTO Express", "中通快递", CN, "https://www.zto.com/"),
    "yunda": CarrierName("Yunda Express", "韵达快递", CN, "https://www.yundaex.com/"),
    "jt": CarrierName("J&T Express", "极兔速递", CN, "https://www.jtexpress.com.cn/"),
    "ems": CarrierName("EMS China", "中国邮政速递", CN, "https://www.ems.com.cn/"),
    "chinapost": CarrierName("China Post", "中国邮政", CN, "https://yjcx.ems.com.cn/"),
    "jd": CarrierName("JD Logistics", "京东物流", CN, "https://www.jdl.com/"),
    "deppon": CarrierName("Deppon Express", "德邦快递", CN, "https://www.deppon.com/"),
    "best": CarrierName("BEST Express", "百世快递", CN, "https://www.800best.com/"),
    "danniao": CarrierName("Danniao", "丹鸟", CN, "https://www.danniao.com/"),
    "annto": CarrierName("Annto Logistics", "安得物流", CN, "https://www.annto.com/"),
    "ane": CarrierName("ANE Logistics", "安能快运", CN, "https://www.ane56.com/"),
    "kye": CarrierName("KYE Express", "跨越速运", CN, "https://www.ky-express.com/"),
    "rrs": CarrierName("RRS Logistics", "日日顺物流", CN, "https://www.rrswl.com/"),
    "suning": CarrierName("Suning Logistics", "苏宁物流", CN, "https://wuliu.suning.com/"),
    "ttk": CarrierName("TTK Express", "天天快递", CN, ""),
    "uce": CarrierName("UCE Express", "优速快递", CN, "https://www.uce.cn/"),
    "zjs": CarrierName("ZJS Express", "宅急送", CN, "https://www.zjs.com.cn/"),
    "yunexpress": CarrierName("YunExpress", "云途物流", CN, "https://www.yuntrack.com/parcelTracking?id={number}"),
    "yanwen": CarrierName("Yanwen", "燕文物流", CN, "https://track.yw56.com.cn/"),
    "4px": CarrierName("4PX", "递四方", CN, "https://track.4px.com/#/result/0/{number}"),
    # The world
    "ups": CarrierName("UPS", "UPS", "America/New_York", "https://www.ups.com/track?tracknum={number}"),
    "fedex": CarrierName("FedEx", "联邦快递", "America/Chicago", "https://www.fedex.com/fedextrack/?trknbr={number}"),
    "dhl": CarrierName("DHL", "DHL", "Europe/Berlin", "https://www.dhl.com/global-en/home/tracking.html?tracking-id={number}"),
    "dhl_de": CarrierName("DHL Paket", "德国 DHL", "Europe/Berlin", "https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode={number}"),
    "usps": CarrierName("USPS", "美国邮政", "America/New_York", "https://tools.usps.com/go/TrackConfirmAction?tLabels={number}"),
    "tnt": CarrierName("TNT", "TNT", "Europe/Amsterdam", "https://www.tnt.com/express/en_us/site/shipping-tools/tracking.html?cons={number}"),
    "dpd": CarrierName("DPD", "DPD", "Europe/Berlin", "https://tracking.dpd.de/status/en_US/parcel/{number}"),
    "dpd_uk": CarrierName("DPD UK", "英国 DPD", "Europe/London", "https://track.dpd.co.uk/parcels/{number}"),
    "gls": CarrierName("GLS", "GLS", "Europe/Berlin", "https://gls-group.com/track/{number}"),
    "aramex": CarrierName("Aramex", "Aramex", "Asia/Dubai", "https://www.aramex.com/track/shipments?ShipmentNumber={number}"),
    "royalmail": CarrierName("Royal Mail", "英国皇家邮政", "Europe/London", "https://www.royalmail.com/track-your-item#/tracking-results/{number}"),
    "canadapost": CarrierName("Canada Post", "加拿大邮政", "America/Toronto", "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={number}"),
    "auspost": CarrierName("Australia Post", "澳大利亚邮政", "Australia/Melbourne", "https://auspost.com.au/mypost/track/details/{number}"),
    "japanpost": CarrierName("Japan Post", "日本邮政", "Asia/Tokyo", "https://trackings.post.japanpost.jp/services/srv/search/direct?reqCodeNo1={number}"),
    "sagawa": CarrierName("Sagawa Express", "佐川急便", "Asia/Tokyo", "https://k2k.sagawa-exp.co.jp/p/web/okurijosearch.do?okurijoNo={number}"),
    "ontrac": CarrierName("OnTrac", "OnTrac", "America/Los_Angeles", "https://www.ontrac.com/tracking/?number={number}"),
}  # fmt: skip
"""Slug -> names, zone, page. A slug that is not here is shown as it is."""
