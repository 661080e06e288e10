"""
What the platform asks of parameters besides their types: lengths and forms by family of operations, and bindings.

The texts of the refusals are the platform's own, as public captures show them.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import frozen

from chainable.loopback import is_loopback
from chainable.sandbox.access import is_private_name
from wechatpay.sandbox.http import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.account import Account

__all__ = ["Limit", "check_together", "empty", "limit_of", "missing", "mistyped", "undocumented"]

LOCATIONS = {"path": "uri_template"}
"""The platform's names for parts of a request that are called differently here."""
LABELS = {
    "account": "分账接收方帐号",
    "appid": "公众号ID",
    "attach": "附加数据",
    "auth_code": "付款码",
    "batch_name": "批次名称",
    "batch_remark": "批次备注",
    "bill_date": "账单日期",
    "bill_type": "账单类型",
    "body": "商品描述",
    "combine_out_trade_no": "合单商户订单号",
    "description": "商品描述",
    "limit": "最大资源条数",
    "mchid": "直连商户号",
    "notify_url": "通知地址",
    "openid": "用户标识",
    "out_batch_no": "商家批次单号",
    "out_bill_no": "商户单号",
    "out_detail_no": "商家明细单号",
    "out_order_no": "商户订单号",
    "out_refund_no": "商户退款单号",
    "out_trade_no": "商户订单号",
    "reason": "退款原因",
    "receivers": "分账接收方列表",
    "refund": "退款金额",
    "scene_info": "场景信息",
    "service_introduction": "服务信息",
    "sp_appid": "服务商应用ID",
    "sp_mchid": "服务商户号",
    "sub_mchid": "子商户号/二级商户号",
    "sub_orders": "子单信息",
    "time_expire": "交易结束时间",
    "total": "总金额",
    "total_amount": "标价金额",
    "total_fee": "标价金额",
    "transfer_amount": "转账金额",
    "transfer_detail_list": "转账明细列表",
    "transfer_remark": "转账备注",
}
"""The platform's names of fields; the others stand under the name they have on the wire."""


def where(location: str, at: str, *, v2: bool = False) -> str:
    """Return where a field stands as the platform writes it: ``/body/amount/total``, ``/body/xml/total_fee``."""
    return f"/{LOCATIONS.get(location, location)}{'/xml' if v2 else ''}{at}"


def label(at: str) -> str:
    """Return the platform's name of a field."""
    name = at.rpartition("/")[2]
    return LABELS.get(name, name)


def refused(location: str, message: str, value: Any) -> Refusal:
    """Return the refusal of a field in the form of captured answers."""
    return Refusal(400, "PARAM_ERROR", message, {"location": LOCATIONS.get(location, location), "value": value})


def missing(location: str, at: str, *, v2: bool = False) -> Refusal:
    """Return the refusal of a request without a required field."""
    source = where(location, at, v2=v2)
    return refused(location, f"输入源“{source}”映射到字段“{label(at)}”必填性规则校验失败，此字段为必填项", "")


def empty(location: str, at: str, *, v2: bool = False) -> Refusal:
    """Return the refusal of an empty text in a required field."""
    source = where(location, at, v2=v2)
    return refused(location, f"输入源“{source}”映射到值字段“{label(at)}”字符串规则校验失败，字符数 0，小于最小值 1", 0)


def undocumented(location: str, pointers: list[str]) -> Refusal:
    """Return the refusal of fields that no page has."""
    value = [where(location, at) for at in pointers]
    return Refusal(400, "PARAM_ERROR", "请求中含有未在API文档中定义的参数", {"location": None, "value": value})


def mistyped(location: str, at: str, kind: str, value: Any, *, text: bool, v2: bool = False) -> Refusal:
    """Return the refusal of a value of another type; ``text``: it stood in a path, a query or XML."""
    expected = "合法的 64 位有符号整数" if kind == "integer" else f" {kind} 类型的 Json 值"
    source = f"{'' if text else ' JSON '}输入源“{where(location, at, v2=v2)}”"
    return refused(location, f"无法将{source}映射到目标字段“{label(at)}”中，此字段需要一个{expected}", value)


@frozen
class Limit:
    """
    A documented limit of one field.

    Args:
        longest: The longest text, the highest number, or the most elements of a list.
        shortest: The shortest text, the lowest number, or the fewest elements of a list.
        pattern: The regular expression of a text, as the platform shows it.
        unit: What a text is measured in: ``字节数`` (bytes of UTF-8) or ``字符数`` (characters).
        says: The platform's whole message, where it is another one.
        issue: ``issue`` of the refusal, where the official page gives one.
    """

    longest: int | None = None
    shortest: int | None = None
    pattern: str = ""
    unit: str = "字节数"
    says: str = ""
    issue: str = ""

    def holds(self, value: Any) -> bool:
        """Return whether a value keeps it."""
        measured = self._measured(value)
        if (self.shortest is not None and measured < self.shortest) or (
            self.longest is not None and measured > self.longest
        ):
            return False
        return not self.pattern or form(self.pattern).fullmatch(str(value)) is not None

    def _measured(self, value: Any) -> Any:
        if isinstance(value, list):
            return len(value)
        if not isinstance(value, str):
            return value
        return len(value.encode(errors="replace") if self.unit == "字节数" else value)

    def refusal(self, location: str, at: str, value: Any, *, v2: bool = False) -> Refusal:
        """Return the refusal of a value that does not keep it."""
        measured = self._measured(value)
        source = f"输入源“{where(location, at, v2=v2)}”映射到"
        if isinstance(value, list):
            source += f"字段“{label(at)}”多重性规则校验失败，此字段个数为 {measured} 个，"
            low, high = "低于最小值", "高于最大值"
        elif isinstance(value, str):
            source += f"值字段“{label(at)}”字符串规则校验失败，"
            low, high = f"{self.unit} {measured}，小于最小值", f"{self.unit} {measured}，大于最大值"
        else:
            source += f"数值字段“{label(at)}”规则校验失败，"
            low, high = "值低于最小值", "值高于最大值"
        if self.shortest is not None and measured < self.shortest:
            return refused(location, self.says or f"{source}{low} {self.shortest}", measured)
        if self.longest is not None and measured > self.longest:
            return refused(location, self.says or f"{source}{high} {self.longest}", measured)
        if self.issue:
            return Refusal.of_field(location, at, self.issue, value=value, message="参数错误")
        return refused(location, self.says or f"{source}字符串必须匹配正则表达式“{self.pattern}”", value)


@cache
def form(pattern: str) -> re.Pattern[str]:
    """Return the whole text that a pattern of the platform describes."""
    return re.compile(pattern.removeprefix("^").removesuffix("$"))


URL = r"^https?://([^\s/?#\[\]\@]+\@)?([^\s/?#\@:]+)(?::\d{2,5})?([^\s?#\[\]]*)$"
NUMBER = r"^[0-9a-zA-Z_\-\|\*]+$"
NUMBER_AT = r"^[0-9a-zA-Z_\-\|\*\@]+$"
PLAIN = r"^[0-9a-zA-Z]+$"
DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
ADDRESS = r"^[0-9a-fA-F.:]{7,45}$"
PAYMENT_CODE = "^1[0-5][0-9]{16}$"
"""https://pay.weixin.qq.com/wiki/doc/api/micropay.php?chapter=5_1."""
CNY = Limit(pattern="^CNY$", issue="Currency code is invalid")  # 4012081709
OPENID = Limit(128, 1, pattern="^[0-9a-zA-Z_-]{28}$", unit="字符数")
POSITIVE = Limit(shortest=1)
TRADE_NUMBER = Limit(32, 6, NUMBER)  # 4012791877
TRANSFER_NUMBER = Limit(32, 1, PLAIN)  # 4012716434
HTTPS = Limit(pattern=URL.replace("https?", "https"))
"""https://pay.weixin.qq.com/docs/merchant/products/batch-transfer-to-balance/apilist.html, …/v3/partner/4015469096."""
REMARK = Limit(32, 1, unit="字符数")
SHORT = Limit(20, unit="字符数")
LONG = Limit(80, 1, unit="字符数")
SUBS = Limit(10, 1)
"""How many orders a merchant combines; the page also says two at least, and its example has one: https://pay.weixin.qq.com/docs/merchant/products/combine-payment/preparation-jsapi.html."""

HOME = ("v3/pay/transactions/", "v3/pay/partner/transactions/")
COMBINED = ("v3/combine-transactions/",)
COMBINING = tuple(f"v3/combine-transactions/{kind}" for kind in ("app", "h5", "jsapi", "native", "miniprogram"))
TRANSFERS = ("v3/fund-app/mch-transfer/", "v3/ecommerce/mch-transfer/")
BATCHES = ("v3/transfer/batches", "v3/partner-transfer/batches")
SHARING = ("v3/profitsharing/", "v3/brand/profitsharing/", "v3/ecommerce/profitsharing/")
ORDERS_V2 = ("v2/pay/unifiedorder", "v2/pay/micropay", "v2/pay/contractorder", "v2/pay/facepay", "v2/deposit/")

# The families a path begins with; then the field's pointer, * for any index of a list.
FAMILIES: tuple[tuple[tuple[str, ...], Mapping[str, Limit]], ...] = (
    (
        HOME,
        {
            "/description": Limit(127, 1, unit="字符数"),
            "/out_trade_no": TRADE_NUMBER,
            "/attach": Limit(128),
            "/amount/total": POSITIVE,
            "/amount/currency": CNY,
            "/time_expire": Limit(pattern=TIME),
            "/goods_tag": Limit(32),
            "/payer/auth_code": Limit(pattern=PAYMENT_CODE),
            **dict.fromkeys(("/payer/openid", "/payer/sp_openid", "/payer/sub_openid"), OPENID),
        },
    ),
    (
        COMBINED,
        {
            "/combine_out_trade_no": Limit(32, 1, NUMBER_AT),
            "/sub_orders": Limit(50, 1),  # https://pay.weixin.qq.com/doc/v3/partner/4012760633
            "/sub_orders/*/out_trade_no": TRADE_NUMBER,
            "/sub_orders/*/description": Limit(127, 1, unit="字符数"),
            "/sub_orders/*/attach": Limit(128, 1),
            "/sub_orders/*/amount/total_amount": Limit(1_000_000_000, 1),  # 4013421298
            "/sub_orders/*/goods_tag": Limit(32),
            "/sub_orders/*/amount/currency": CNY,
            "/time_expire": Limit(pattern=TIME),
            "/combine_payer_info/openid": OPENID,
        },
    ),
    (
        ("v3/refund/domestic/refunds", "v3/ecommerce/refunds"),  # 4012791883
        {
            "/out_refund_no": Limit(64, 1, NUMBER_AT),
            "/reason": Limit(80, unit="字符数"),
            "/amount/refund": POSITIVE,
            "/amount/total": POSITIVE,
            "/amount/currency": CNY,
        },
    ),
    (
        TRANSFERS,
        {
            "/out_bill_no": TRANSFER_NUMBER,
            "/openid": OPENID,
            "/transfer_remark": REMARK,
            "/transfer_amount": POSITIVE,
            "/transfer_scene_report_infos/*/info_type": Limit(15, 1, unit="字符数"),
            "/transfer_scene_report_infos/*/info_content": Limit(32, 1, unit="字符数"),
        },
    ),
    (
        BATCHES,  # 4012458841
        {
            "/out_batch_no": TRANSFER_NUMBER,
            "/batch_name": REMARK,
            "/batch_remark": REMARK,
            "/limit": Limit(100, 20),
            "/transfer_detail_list": Limit(1000, 1),
            "/transfer_detail_list/*/out_detail_no": TRANSFER_NUMBER,
            "/transfer_detail_list/*/transfer_remark": REMARK,
            "/transfer_detail_list/*/openid": OPENID,
            "/transfer_detail_list/*/transfer_amount": POSITIVE,
        },
    ),
    (
        SHARING,  # 4012525463; how the platform refuses no receivers: developers.weixin.qq.com 000c622f78ccb82d89021471665c00
        {
            "/out_order_no": Limit(64, 1, NUMBER_AT),
            "/out_return_no": Limit(64, 1, NUMBER_AT),
            "/description": LONG,
            "/receivers": Limit(shortest=1),
            "/receivers/*/account": Limit(64, 1, unit="字符数"),
            "/receivers/*/description": LONG,
        },
    ),
    (
        (
            "v3/payscore/serviceorder",
            "v3/payscore/partner/serviceorder",
        ),  # https://pay.weixin.qq.com/docs/merchant/products/weixin-pay-score/apilists.html
        {
            "/out_order_no": Limit(32, 1, NUMBER),
            "/service_introduction": Limit(20, 1, unit="字符数"),
            "/attach": Limit(256, unit="字符数"),
            "/post_payments": Limit(100),
            "/post_discounts": Limit(30),
            "/post_payments/*/name": SHORT,
            "/post_payments/*/description": Limit(30, unit="字符数"),
            "/post_payments/*/count": Limit(100, 1),
            "/post_discounts/*/name": SHORT,
        },
    ),
    (
        ("v3/marketing/favor/coupon-stocks",),  # https://pay.weixin.qq.com/doc/v3/partner/4012534537
        {
            "/stock_name": Limit(20, 1, "^[^_,;|]+$", unit="字符数"),
            "/comment": Limit(60, unit="字符数"),
        },
    ),
    (
        (
            "v3/marketing/busifavor/stocks",
        ),  # https://pay.weixin.qq.com/docs/merchant/products/merchant-exclusive-coupon/apilist.html
        {
            "/stock_name": Limit(21, 1, unit="字符数"),
            "/comment": SHORT,
            "/goods_name": Limit(15, 1, unit="字符数"),
        },
    ),
    (
        ("v3/bill/tradebill",),
        {"/bill_date": Limit(pattern=DAY), "/bill_type": Limit(pattern="^(?!RECHARGE_REFUND$)[A-Z_]+$")},
    ),
    (("v3/bill/", "v3/ecommerce/bill/", "v3/profitsharing/bills"), {"/bill_date": Limit(pattern=DAY)}),
    (
        ORDERS_V2,  # https://pay.weixin.qq.com/doc/v2/merchant/4011935214
        {
            "/body": Limit(128, 1),
            "/out_trade_no": Limit(32, 1, NUMBER_AT),
            "/attach": Limit(127),
            "/total_fee": POSITIVE,
            "/fee_type": CNY,
            "/openid": OPENID,
            "/spbill_create_ip": Limit(pattern=ADDRESS, says="invalid spbill_create_ip"),
            "/time_start": Limit(pattern="^[0-9]{14}$"),
            "/time_expire": Limit(pattern="^[0-9]{14}$"),
            "/trade_type": Limit(pattern="^(JSAPI|NATIVE|APP|MWEB|MICROPAY)$"),
        },
    ),
    (
        ("v2/secapi/pay/refund",),  # https://pay.weixin.qq.com/doc/v2/merchant/4011935217
        {
            "/out_refund_no": Limit(64, 1, NUMBER_AT),
            "/total_fee": POSITIVE,
            "/refund_fee": POSITIVE,
            "/refund_fee_type": CNY,
            "/refund_desc": Limit(80, unit="字符数"),
        },
    ),
    (("v2/pay/downloadbill", "v2/pay/downloadfundflow"), {"/bill_date": Limit(pattern="^[0-9]{8}$")}),
)
EVERYWHERE = {"/notify_url": Limit(255, 1, URL)}
INDEX = re.compile(r"/\d+(?=/|$)")


@cache
def family(path: str) -> Mapping[str, Limit]:
    """Return the limits of an operation's fields."""
    found = [limits for prefixes, limits in FAMILIES if path.startswith(prefixes)]
    return {at: limit for limits in reversed(found) for at, limit in limits.items()}


@lru_cache(maxsize=4096)
def limit_of(path: str, at: str) -> Limit | None:
    """Return the limit of a field of an operation."""
    return family(path).get(INDEX.sub("/*", at)) or EVERYWHERE.get(at[at.rfind("/") :])


# parameters that have to go together

SCENES = {
    "1000": {"活动名称", "奖励说明"},
    "1002": {"补贴类型"},
    "1004": {"保险产品备案编号", "保险名称", "保险操作单号"},
    "1005": {"岗位类型", "报酬说明"},
    "1009": {"采购商品名称"},
    "1010": {"回收商品名称"},
    "1011": {"赔付原因"},
    "1013": {"公益活动名称", "公益活动备案编号"},
}
"""What has to be reported of a transfer, by its scene: https://pay.weixin.qq.com/doc/v3/merchant/4012711988."""
NAMED_FROM, NAMED_NOT_BELOW, LEAST = 200_000, 30, 10
"""Fen from which a transfer needs its user's name, below which it must have none, and the least that can be sent."""


def bound(code: str, status: int, message: str, *names: str) -> Callable[[Account, Mapping[str, Any]], None]:
    """Return the check that the appids of a request belong to the merchant."""

    def check(account: Account, sent: Mapping[str, Any]) -> None:
        if any(name in sent and sent[name] not in account.appids for name in names):
            raise Refusal(status, code, message)

    return check


def reported(_account: Account, sent: Mapping[str, Any]) -> None:
    """Check that all is reported that the scene of a transfer asks for."""
    infos = sent.get("transfer_scene_report_infos")
    asked = SCENES.get(str(sent.get("transfer_scene_id")))
    if infos is not None and asked is not None and {each.get("info_type") for each in infos} != asked:
        raise Refusal(400, "PARAM_ERROR", "未传入完整且对应的转账场景报备信息，请根据接口文档检查")


def named(_account: Account, sent: Mapping[str, Any]) -> None:
    """Check that the user of a large transfer is named, and that of a tiny one is not."""
    for each in sent.get("transfer_detail_list") or [sent]:
        amount = each.get("transfer_amount")
        if amount is None:  # an authorization moves nothing
            continue
        if amount < LEAST:
            raise Refusal(400, "INVALID_REQUEST", "超过单笔转账上下限")
        if amount >= NAMED_FROM and not each.get("user_name"):
            raise Refusal(400, "PARAM_ERROR", "转账金额大于等于2000元时，必须传入收款用户姓名")
        if amount < NAMED_NOT_BELOW and each.get("user_name"):
            raise Refusal(400, "PARAM_ERROR", "转账金额小于0.3元时，不允许传入收款用户姓名")


def payer_v2(_account: Account, sent: Mapping[str, Any]) -> None:
    """Check that an order by JSAPI names its payer."""
    if sent.get("trade_type") == "JSAPI" and not (sent.get("openid") or sent.get("sub_openid")):
        raise Refusal(200, "PARAM_ERROR", "JSAPI支付必须传openid")


def combined(_account: Account, sent: Mapping[str, Any]) -> None:
    """Check how many orders are combined, where one of them is a merchant's own and no sub-merchant's."""
    subs = sent["sub_orders"]
    if not all(each.get("sub_mchid") for each in subs) and not SUBS.holds(subs):
        raise SUBS.refusal("body", "/sub_orders", subs)


def is_public(host: str) -> bool:
    """Return whether a host is one that the platform can reach; not this machine, and no other container."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return not (is_loopback(host) or is_private_name(host))


def https(_account: Account, sent: Mapping[str, Any]) -> None:
    """Check that notifications of a transfer go to HTTPS; plain HTTP is good for tests on this machine and containers."""
    url = str(sent.get("notify_url") or "")
    if url.startswith("http:") and is_public(urlsplit(url).hostname or ""):
        raise HTTPS.refusal("body", "/notify_url", url)


def code_v2(_account: Account, sent: Mapping[str, Any]) -> None:
    """Check that a payment code is one of WeChat's: https://pay.weixin.qq.com/doc/v2/merchant/4011937125."""
    if form(PAYMENT_CODE).fullmatch(str(sent.get("auth_code"))) is None:
        raise Refusal(200, "AUTH_CODE_INVALID", "请扫描微信支付授权码（以10/11/12/13/14/15为前缀的18位数字）")


UNBOUND = ("APPID_MCHID_NOT_MATCH", 400, "appid和mch_id不匹配，请检查后再试")
UNBOUND_V2 = ("APPID_MCHID_NOT_MATCH", 200, "商户号mch_id与appid不匹配")
UNKNOWN = ("INVALID_REQUEST", 400, "APPID不存在")
TOGETHER: tuple[tuple[tuple[str, ...], Callable[[Account, Mapping[str, Any]], None]], ...] = (
    ((*HOME, *COMBINED), bound(*UNBOUND, "appid", "sp_appid", "combine_appid")),
    ((*ORDERS_V2, "v2/pay/combinedorder"), bound(*UNBOUND_V2, "appid", "combine_appid")),
    ((*TRANSFERS, *BATCHES), bound(*UNKNOWN, "appid", "sp_appid")),
    (TRANSFERS, reported),
    ((*TRANSFERS, *BATCHES), named),
    ((*TRANSFERS, *BATCHES), https),
    (COMBINING, combined),
    (("v2/pay/unifiedorder", "v2/pay/contractorder"), payer_v2),
    (("v2/pay/micropay", "v2/deposit/micropay"), code_v2),
)


@cache
def conditions(path: str) -> tuple[Callable[[Account, Mapping[str, Any]], None], ...]:
    """Return the checks of an operation."""
    return tuple(check for prefixes, check in TOGETHER if path.startswith(prefixes))


def check_together(operation: Operation, account: Account, sent: Mapping[str, Any]) -> None:
    """Check what the parameters of a POST have to be to one another and to the merchant."""
    if operation.method == "POST" and sent:
        for check in conditions(operation.path):
            check(account, sent)
