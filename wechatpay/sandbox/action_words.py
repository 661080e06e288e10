"""The families of actions, and what their parameters mean, in English and Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from chainable.sandbox.actions import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FAMILIES", "PARAMETERS", "described"]

FAMILIES = {
    Words("Payment", "支付"): ("payments",),
    Words("Refunds", "退款"): ("refunds",),
    Words("Profit sharing", "分账"): ("profit_sharing", "profit_sharing_returns", "profit_sharing_receivers"),
    Words("Transfers", "转账"): ("transfers", "transfer_authorizations", "transfer_batches", "receipts"),
    Words("Funds", "资金"): ("balances", "ecommerce_withdrawals", "ecommerce_authorizations"),
    Words("Contracts and deductions", "委托代扣"): ("contracts", "deductions"),
    Words("Pay Score", "支付分"): ("payscore", "payscore_permissions", "payscore_plans"),
    Words("Discount cards", "先享卡"): ("discount_cards",),
    Words("Parking", "停车服务"): ("parking",),
    Words("Insurance", "保险"): ("insurance",),
    Words("Coupons", "代金券"): ("favor", "favor_coupons", "favor_payments"),
    Words("Merchant coupons", "商家券"): ("busifavor", "busifavor_coupons"),
    Words("Gifts after payment", "支付有礼"): ("paygift",),
    Words("Invoices", "电子发票"): ("fapiao_titles", "fapiao"),
    Words("Complaints", "消费者投诉"): ("complaints",),
    Words("Applications of merchants", "商户进件"): ("applyment", "applications", "sub_merchants"),
    Words("Risk of merchants", "商户风险与注销"): ("merchant_risk",),
    Words("The sandbox itself", "沙箱自身"): ("platform", "sandbox"),
}
"""The modules of actions by product, in the order in which actions are listed."""

_ORDER = Words("that of the order, the merchant's or the platform's", "商户订单号或微信支付订单号")
_STOCK = Words("the stock_id", "批次号 stock_id")
_INVOICES = Words("the fapiao_apply_id", "发票申请单号 fapiao_apply_id")
_SUB_MERCHANT = Words("the merchant number of the sub-merchant", "特约商户或二级商户的商户号")
_CONTRACT = Words("the contract code or the contract_id", "签约协议号或委托代扣协议 id（contract_id）")
_PLATE = Words("the plate number, such as 粤B888888", "车牌号，如 粤B888888")
_CODE = Words("the authorization_code", "授权协议号 authorization_code")
_PLAN = Words("the merchant_sign_plan_no", "商户签约计划单号 merchant_sign_plan_no")
_BATCH = Words("the out_batch_no", "商家批次单号 out_batch_no")
_PAUSED = Words("the change in the console", "商户平台上的操作")
PARAMETERS = {
    "account": Words("which account", "账户类型"),
    "activity": Words("the activity_id", "活动 id（activity_id）"),
    "after": Words("how many pass first", "先放过几次"),
    "change": Words(
        "the change of its state table; by default the next one on the way to the good end",
        "要执行的状态变更；缺省为通往成功的下一步",
    ),
    "channel": Words("how it is sent: MINIAPP, H5 or another channel", "领券渠道：MINIAPP、H5 或其他渠道"),
    "code": Words("the error code", "错误码"),
    "color": Words("the colour of the plate", "车牌颜色"),
    "coupon": Words("the coupon_id", "代金券 id（coupon_id）"),
    "coupon_code": Words("the code of the coupon, made by default", "券码，缺省自动生成"),
    "detail": Words("the out_detail_no", "商家明细单号 out_detail_no"),
    "email": Words("of the user", "用户的邮箱"),
    "executed": Words("true: the request is carried out all the same", "true 表示请求照常执行，再出故障"),
    "fail": Words("why it fails; it ends well without", "失败原因，缺省为成功"),
    "fapiao_id": Words("one invoice; all of the application without", "单张发票的 fapiao_id，缺省为申请单的全部发票"),
    "field": Words("which field is wrong, of a rejection", "驳回时有问题的字段"),
    "how": Words("how it ends: kept, not kept in time, or quit", "结束方式：完成、到期未完成或提前退出"),
    "immediate": Words("true: the user waits for an answer at once", "true 表示用户需要即时服务"),
    "kind": Words("which one", "种类"),
    "match": Words(
        "what they say: out_refund_no=R2, amount.refund>=100", "内容条件，如 out_refund_no=R2、amount.refund>=100"
    ),
    "message": Words("the error message", "错误说明"),
    "mode": Words("who ends it, as contract_termination_mode", "解约方式 contract_termination_mode"),
    "name": Words("its name", "名称"),
    "number": Words("its number, the merchant's or the platform's", "商户单号或平台单号"),
    "openid": Words("which user", "用户的 openid"),
    "operation": Words(
        "requests, POST v3/refund/*, or notifications, notify TRANSACTION.*; all requests by default",
        "作用的请求（POST v3/refund/*）或通知（notify TRANSACTION.*），缺省为全部请求",
    ),
    "owner": Words("number of a sub-merchant; by default the merchant itself", "子商户号，缺省为商户自己"),
    "phone": Words("of the user", "用户的手机号"),
    "plan": Words("the punishment", "处罚方案"),
    "problem": Words("what the user wants: REFUND asks for the money back", "问题类型，REFUND 为要求退款"),
    "ratio": Words("in ten thousandths: 2000 is 20 %", "万分比：2000 为 20%"),
    "reason": Words("why, as the platform writes it", "原因，按平台的写法"),
    "reject": Words("why it is rejected; it is approved without", "驳回原因，缺省为通过"),
    "remark": Words("why, in words", "备注"),
    "result": Words("how it ends", "最终结果"),
    "risk": Words("the risk_type", "风险类型 risk_type"),
    "seconds": Words("how many", "秒数"),
    "serial": Words("of the platform certificate", "平台证书序列号"),
    "state": Words("the state it ends in", "最终状态"),
    "status": Words("the state it ends in", "最终状态"),
    "taxpayer_id": Words("of the company; empty: the title is that of a person", "企业税号，留空为个人抬头"),
    "text": Words("what the user writes", "用户留言"),
    "times": Words("how often it applies, for ever by default", "生效次数，缺省为一直"),
    "url": Words("where notifications go", "通知地址"),
    "verify": Words("true: ask for a verification of its account first", "true 表示先要求账户验证"),
    "finish_split.number": Words("the out_order_no", "商户分账单号 out_order_no"),
    "finish_split.account": Words("the part of this receiver only", "只结束该接收方的部分"),
    "finish_return.number": Words("the out_return_no", "商户回退单号 out_return_no"),
    "set_sharing_ratio.number": Words("number of the merchant, sub-merchant or brand", "商户号、子商户号或品牌 ID"),
    "finish_receipt.number": Words(
        "its signature_no, or what it is of: batch OUT_BATCH_NO, batch OUT_BATCH_NO OUT_DETAIL_NO or bill OUT_BILL_NO",
        "电子回单申请单号 signature_no，或所属单据：batch 批次单号、batch 批次单号 明细单号、bill 转账单号",
    ),
    "finish_batch.number": _BATCH,
    "finish_batch_detail.number": _BATCH,
    "deposit.number": Words("the amount in fen", "金额，单位为分"),
    "finish_withdrawal.number": Words("the out_request_no", "商户提现单号 out_request_no"),
    "permit_transfers.number": _SUB_MERCHANT,
    "sign_contract.number": _CONTRACT,
    "terminate_contract.number": _CONTRACT,
    "refuse_transfer.number": Words(
        "the out_authorization_no or the authorization_id", "商户授权单号 out_authorization_no 或 authorization_id"
    ),
    "refuse_deduction.number": Words(
        "the contract code or the contract_id; for parking the plate number",
        "签约协议号或 contract_id；停车服务为车牌号",
    ),
    "open_service.number": _CODE,
    "close_service.number": _CODE,
    "sign_plan.number": _PLAN,
    "cancel_plan.number": _PLAN,
    "open_parking.number": _PLATE,
    "block_parking.number": _PLATE,
    "block_parking.reason": Words("whether it is closed or paused", "关闭或暂停"),
    "change_insurance_order.state": Words("the new order_receive_state", "新的 order_receive_state"),
    "pay.number": _ORDER,
    "fail_payment.number": _ORDER,
    "enter_password.number": _ORDER,
    "complain.number": _ORDER,
    "complain.detail": Words("what the user complains about", "投诉内容"),
    "use_coupon.number": _ORDER,
    "claim_gift.number": _ORDER,
    "return_coupon_budget.number": _STOCK,
    "receive_coupon.number": _STOCK,
    "receive_merchant_coupon.number": _STOCK,
    "change_merchant_stock.number": _STOCK,
    "change_merchant_stock.change": _PAUSED,
    "delete_merchant_coupon.number": Words("the code of the coupon", "券码"),
    "change_gift_activity.number": Words("the activity_id", "活动 id（activity_id）"),
    "change_gift_activity.change": _PAUSED,
    "fill_title.number": Words(
        "the fapiao_apply_id, or the number of a paid order that was placed with support_fapiao",
        "发票申请单号，或下单时传入 support_fapiao 的已支付订单号",
    ),
    "fill_title.name": Words("the title: of a company or a person", "发票抬头：企业或个人名称"),
    "issue_fapiao.number": _INVOICES,
    "insert_fapiao.number": _INVOICES,
    "reverse_fapiao.number": _INVOICES,
    "fail_fapiao.number": _INVOICES,
    "review_applyment.reject": Words(
        "the fields that are rejected: a,b; it is approved without", "驳回的字段：a,b；缺省为通过"
    ),
    "add_sub_merchant.number": _SUB_MERCHANT,
    "fail_settlement.number": _SUB_MERCHANT,
    "review_settlement.number": Words("the application_no", "修改申请单号 application_no"),
    "report_violation.number": _SUB_MERCHANT,
    "review_cancellation.number": Words("the out_apply_no", "商户注销申请单号 out_apply_no"),
    "finish_verification.number": Words("the verification_id", "身份核实单号 verification_id"),
    "fault.status": Words("the HTTP status of error", "error 的 HTTP 状态码"),
    "fault.code": Words("the error code of error", "error 的错误码"),
    "fault.seconds": Words("how long latency and late last", "latency 与 late 的秒数"),
}
"""What the parameters mean, by name; in one action by ``action.name``."""

_PLACES = {
    module: (place, family) for place, (family, module) in enumerate((f, m) for f, ms in FAMILIES.items() for m in ms)
}
_LAST = (len(_PLACES), next(reversed(FAMILIES)))


def described(actions: Mapping[str, Callable[..., Any]]) -> dict[str, dict[str, Any]]:
    """Return what each action does and takes as JSON objects, ordered by family."""
    places = {name: _place(action) for name, action in actions.items()}
    ordered = sorted(actions, key=lambda name: places[name][0])
    return {name: describe(name, actions[name], places[name][1], PARAMETERS) for name in ordered}


def _place(action: Callable[..., Any]) -> tuple[int, Words]:
    module: str = getattr(action, "func", action).__module__
    return _PLACES.get(module.rpartition(".")[2], _LAST)
