"""A demonstration with the local sandbox: ``wechatpay demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.demo import ReceivedRequest, Show, six_forms
from chainable.i18n import Words
from wechatpay.sensitive import Sensitive

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay.client import WeChatPay
    from wechatpay.sandbox import Sandbox

__all__ = ["ORDER", "contract", "main"]

ORDER = {
    "out_order_no": "6e8369071cd942c0476613f9d1ce9ca3",
    "openid": "2323dfsdf342342",
    "notify_url": "https://api.test.com",
    "service_id": "实例值",
}
"""The body of an insurance order."""


def contract(name: str, number: str) -> dict[str, Any]:
    """Return the body of an insurance contract; name and number of the identity card are sent encrypted."""
    return {
        "appid": "wx426a3015555a46be",
        "openid": "o-MYE42l80oelYMDE34nYD456Xoy",
        "plan_id": 12535,
        "out_contract_code": "demo100001256",
        "insured_display_name": "张三",
        "contract_notify_url": "https://api.test.com/contract",
        "policy_start_date": "2026-01-01",
        "policy_end_date": "2026-12-31",
        "policy_periods": [
            {
                "policy_period_id": 1,
                "estimated_deduct_date": "2026-01-01",
                "estimated_deduct_amount": {"total": 1000, "currency": "CNY"},
            },
            {
                "policy_period_id": 2,
                "estimated_deduct_date": "2026-02-01",
                "estimated_deduct_amount": {"total": 1000, "currency": "CNY"},
            },
        ],
        "amount": {"total": 1000, "currency": "CNY"},
        "out_trade_no": "demo20260101000001",
        "description": "一年期意外险",
        "transaction_notify_url": "https://api.test.com/transaction",
        "out_user_code": "demo-user-1",
        "goods_tag": "WXG",
        "attach": "demo",
        "can_auto_insure": False,
        "can_auto_reinsure": False,
        "real_identity": {
            "real_name": Sensitive(name),
            "id_card_number": Sensitive(number),
            "identity_type": "ID_CARD",
        },
    }


def main(put: Callable[[str], object] = print) -> int:
    """Start a sandbox, make calls in all six forms, and print the results; return 0 if every call succeeded, else 1."""
    from wechatpay.sandbox import Sandbox

    with Sandbox() as sandbox, sandbox.client() as client:
        put(
            Words(
                f"WeChat Pay sandbox at {sandbox.base_url}, merchant {sandbox.account.mchid}",
                f"微信支付沙箱：{sandbox.base_url}，商户号 {sandbox.account.mchid}",
            )
        )
        show = Show(put, lambda: _arrival(sandbox))
        _calls(client, show)
        return show.end()


def _calls(client: WeChatPay, show: Show) -> None:
    path: str = "v3/hire-power-bank/insurance-orders"
    show.heading(Words(f"Create an insurance order  POST {path}", f"创建保险订单  POST {path}"))
    for form in six_forms(
        (
            ("client.v3.hire_power_bank.insurance_orders", client.v3.hire_power_bank.insurance_orders),
            (f"client.chain({path!r})", client.chain(path)),
            (f"client[{path!r}]", client[path]),
        ),
        "post",
        "json=order",
        {"json": ORDER},
    ):
        show.call(*form)

    query = "GET v3/hire-power-bank/insurance-orders/{out_order_no}"
    show.heading(Words(f"Query the insurance order  {query}", f"查询保险订单  {query}"))
    show.call(
        Words("by out_order_no", "按商户单号"),
        "client.v3.hire_power_bank.insurance_orders._out_order_no_.get(out_order_no=…)",
        lambda: client.v3.hire_power_bank.insurance_orders._out_order_no_.get(out_order_no=ORDER["out_order_no"]),
    )

    path = "v3/papay/insurance-sign/contracts/pre-entrust-sign/jsapi"
    show.heading(Words(f"Pre-sign an insurance contract (JSAPI)  POST {path}", f"保险商户JSAPI预签约  POST {path}"))
    chain = client.v3.papay.insurance_sign.contracts.pre_entrust_sign.jsapi
    for form in six_forms(
        (
            ("client.v3.papay.insurance_sign.contracts.pre_entrust_sign.jsapi", chain),
            (f"client.chain({path!r})", client.chain(path)),
            (f"client[{path!r}]", client[path]),
        ),
        "post",
        "json=contract('张三', …)",
        {"json": contract("张三", "11010119900101001X")},
    ):
        show.call(*form)


def _arrival(sandbox: Sandbox) -> ReceivedRequest:
    entry = sandbox.journal[-1]
    notes = []
    if entry.opened:
        names = ", ".join(sorted(entry.opened))
        notes.append(Words(f"decrypted {names}", f"已解密 {names}"))
    if entry.code:
        notes.append(Words(f"{entry.code}: {entry.message}", f"{entry.code}：{entry.message}"))
    note = Words("; ".join(notes), "；".join(each.zh for each in notes))
    return ReceivedRequest(
        f"{entry.request.method} {entry.request.target}", len(entry.request.body), entry.verified, note
    )
