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
    "cainiao": CarrierName("Cainiao", "菜鸟国际", CN, "https://global.cainiao.com/detail.htm?mailNoList={number}"),
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
    "amazon": CarrierName("Amazon Logistics", "亚马逊物流", "America/Los_Angeles", "https://track.amazon.com/tracking/{number}"),
    "canpar": CarrierName("Canpar Express", "Canpar", "America/Toronto", "https://www.canpar.com/en/tracking/track.htm?barcode={number}"),
    "evri": CarrierName("Evri", "Evri", "Europe/London", "https://www.evri.com/track/parcel/{number}"),
    "gofo": CarrierName("GOFO Express", "GOFO", "America/New_York", "https://www.gofoexpress.com/tracking.html?searchID={number}"),
    "hermes": CarrierName("Hermes Germany", "德国 Hermes", "Europe/Berlin", "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation#{number}"),
    "landmark": CarrierName("Landmark Global", "Landmark Global", "America/New_York", "https://track.landmarkglobal.com/?search={number}"),
    "lasership": CarrierName("LaserShip", "LaserShip", "America/New_York", "https://www.ontrac.com/tracking/?number={number}"),
    "old_dominion": CarrierName("Old Dominion", "Old Dominion", "America/New_York", "https://www.odfl.com/Trace/standardResult.faces?pro={number}"),
    "parcelforce": CarrierName("Parcelforce Worldwide", "英国 Parcelforce", "Europe/London", "https://www.parcelforce.com/track-trace?trackNumber={number}"),
    "purolator": CarrierName("Purolator", "Purolator", "America/Toronto", "https://www.purolator.com/en/shipping/tracker?pin={number}"),
    "speedee": CarrierName("Spee-Dee Delivery", "Spee-Dee", "America/Chicago", "https://www.speedeedelivery.com/track/?tracking={number}"),
    "yamato": CarrierName("Yamato Transport", "雅玛多运输", "Asia/Tokyo", "https://toi.kuronekoyamato.co.jp/cgi-bin/tneko?number01={number}"),
    "yodel": CarrierName("Yodel", "Yodel", "Europe/London", "https://www.yodel.co.uk/tracking/{number}"),
    # Posts that number international items (UPU S10)
    "upu": CarrierName("International post", "国际邮政", "UTC", "https://globaltracktrace.ptc.post/gtt.web/Search.aspx"),
    "anpost": CarrierName("An Post", "爱尔兰邮政", "Europe/Dublin", "https://www.anpost.com/Post-Parcels/Track/History?item={number}"),
    "austrianpost": CarrierName("Austrian Post", "奥地利邮政", "Europe/Vienna", "https://www.post.at/sv/sendungsdetails?snr={number}"),
    "bpost": CarrierName("bpost", "比利时邮政", "Europe/Brussels", "https://track.bpost.cloud/btr/web/#/search?itemCode={number}"),
    "chunghwapost": CarrierName("Chunghwa Post", "中华邮政", "Asia/Taipei", "https://postserv.post.gov.tw/pstmail/main_mail.html"),
    "correios": CarrierName("Correios", "巴西邮政", "America/Sao_Paulo", "https://rastreamento.correios.com.br/app/index.php"),
    "correos": CarrierName("Correos", "西班牙邮政", "Europe/Madrid", "https://www.correos.es/es/es/herramientas/localizador/envios/detalle?tracking-number={number}"),
    "correosmexico": CarrierName("Correos de México", "墨西哥邮政", "America/Mexico_City", "https://www.correosdemexico.gob.mx/"),
    "ctt": CarrierName("CTT", "葡萄牙邮政", "Europe/Lisbon", "https://www.ctt.pt/"),
    "czechpost": CarrierName("Czech Post", "捷克邮政", "Europe/Prague", "https://www.postaonline.cz/trackandtrace/-/zasilka/cislo?parcelNumbers={number}"),
    "elta": CarrierName("Hellenic Post", "希腊邮政", "Europe/Athens", "https://itemsearch.elta.gr/"),
    "emiratespost": CarrierName("Emirates Post", "阿联酋邮政", "Asia/Dubai", "https://www.emiratespost.ae/"),
    "hongkongpost": CarrierName("Hongkong Post", "香港邮政", "Asia/Hong_Kong", "https://www.hongkongpost.hk/en/mail_tracking/index.html"),
    "indiapost": CarrierName("India Post", "印度邮政", "Asia/Kolkata", "https://www.indiapost.gov.in/"),
    "israelpost": CarrierName("Israel Post", "以色列邮政", "Asia/Jerusalem", "https://israelpost.co.il/"),
    "koreapost": CarrierName("Korea Post", "韩国邮政", "Asia/Seoul", "https://service.epost.go.kr/trace.RetrieveEmsRigiTraceList.comm?POST_CODE={number}"),
    "laposte": CarrierName("La Poste", "法国邮政", "Europe/Paris", "https://www.laposte.fr/outils/suivre-vos-envois?code={number}"),
    "magyarposta": CarrierName("Magyar Posta", "匈牙利邮政", "Europe/Budapest", "https://www.posta.hu/nyomkovetes/nyitooldal?searchvalue={number}"),
    "nzpost": CarrierName("NZ Post", "新西兰邮政", "Pacific/Auckland", "https://www.nzpost.co.nz/tools/tracking?trackid={number}"),
    "phlpost": CarrierName("PHLPost", "菲律宾邮政", "Asia/Manila", "https://tracking.phlpost.gov.ph/"),
    "polishpost": CarrierName("Poczta Polska", "波兰邮政", "Europe/Warsaw", "https://emonitoring.poczta-polska.pl/?numer={number}"),
    "posindonesia": CarrierName("Pos Indonesia", "印度尼西亚邮政", "Asia/Jakarta", "https://www.posindonesia.co.id/"),
    "posmalaysia": CarrierName("Pos Malaysia", "马来西亚邮政", "Asia/Kuala_Lumpur", "https://www.pos.com.my/"),
    "posteitaliane": CarrierName("Poste Italiane", "意大利邮政", "Europe/Rome", "https://www.poste.it/cerca/#/risultati-spedizioni/{number}"),
    "posten": CarrierName("Posten Norge", "挪威邮政", "Europe/Oslo", "https://sporing.posten.no/sporing/{number}"),
    "posti": CarrierName("Posti", "芬兰邮政", "Europe/Helsinki", "https://www.posti.fi/en/tracking#/lahetys/{number}"),
    "postnl": CarrierName("PostNL", "荷兰邮政", "Europe/Amsterdam", "https://www.internationalparceltracking.com/"),
    "postnord": CarrierName("PostNord", "北欧邮政", "Europe/Stockholm", "https://www.postnord.se/en/our-tools/track-and-trace?shipmentId={number}"),
    "ptt": CarrierName("PTT", "土耳其邮政", "Europe/Istanbul", "https://gonderitakip.ptt.gov.tr/Track/Verify?q={number}"),
    "romanianpost": CarrierName("Poșta Română", "罗马尼亚邮政", "Europe/Bucharest", "https://www.posta-romana.ro/track-trace.html"),
    "russianpost": CarrierName("Russian Post", "俄罗斯邮政", "Europe/Moscow", "https://www.pochta.ru/tracking?barcode={number}"),
    "saudipost": CarrierName("Saudi Post", "沙特邮政", "Asia/Riyadh", "https://splonline.com.sa/en/"),
    "singpost": CarrierName("SingPost", "新加坡邮政", "Asia/Singapore", "https://www.singpost.com/track-items"),
    "swisspost": CarrierName("Swiss Post", "瑞士邮政", "Europe/Zurich", "https://service.post.ch/ekp-web/ui/entry/search/{number}"),
    "thailandpost": CarrierName("Thailand Post", "泰国邮政", "Asia/Bangkok", "https://track.thailandpost.co.th/?trackNumber={number}"),
    "ukrposhta": CarrierName("Ukrposhta", "乌克兰邮政", "Europe/Kyiv", "https://track.ukrposhta.ua/tracking_EN.html?barcode={number}"),
    "vnpost": CarrierName("Vietnam Post", "越南邮政", "Asia/Ho_Chi_Minh", "https://vnpost.vn/"),
}  # fmt: skip
"""Slug -> names, zone, page. A slug that is not here is shown as it is."""
