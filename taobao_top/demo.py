"""The main job against the embedded sandbox: ``taobao-top demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.demo import FORMS, ReceivedRequest, Show, six_forms
from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from taobao_top.client import TaobaoTop
    from taobao_top.sandbox import Sandbox
    from taobao_top.types.alibaba.finance import CreateOrderRequest

__all__ = ["ORDER", "main"]

ORDER: CreateOrderRequest = {
    "identifier": "demo-0001",
    "order_id": "demo-order-0001",
    "total_guaranteed_amount": "100",
    "effective_time": "2026-01-01 10:00:00",
    "policy_list": [
        {
            "fee_amount": "10.00",
            "actual_received_amount": "10.00",
            "effective_time": "2026-01-01 10:00:00",
            "expiration_time": "2027-01-01 10:00:00",
            "is_renew_policy": False,
            "policy_no": "demo-policy-0001",
            "is_support_renew": False,
            "plan": "基础方案",
            "guaranteed_amount": "100.00",
            "is_selected_commercial": False,
        }
    ],
    "total_actual_received_amount": "10.00",
    "total_fee_amount": "10.00",
    "out_user_id": "demo-user-1",
    "payment_type": "monthly",
    "item_id": "520813250866",
    "sub_product": "demo",
    "institution": "demo",
    "total_installments": 1,
    "product_code": "demo-product",
    "expiration_time": "2027-01-01 10:00:00",
    "attributes": '{"spm":"a1z10.1"}',
    "apply_time": "2026-01-01 10:00:00",
    "tenant": "DTAO",
}
"""The parameters that create an order of an insurance institution."""


def main(put: Callable[[str], object] = print) -> int:
    """Start a sandbox, make the calls in all six forms, and print the results; 0 if every call did as expected."""
    from taobao_top.sandbox import Sandbox

    with Sandbox() as sandbox, sandbox.client() as top:
        put(
            Words(
                f"TOP sandbox at {sandbox.gateway}, app {sandbox.account.app_key}",
                f"TOP 沙箱：{sandbox.gateway}，app_key {sandbox.account.app_key}",
            )
        )
        show = Show(put, lambda: _arrival(sandbox))
        _calls(top, show)
        return show.end()


def _calls(top: TaobaoTop, show: Show) -> None:
    from taobao_top.errors import TopError

    name: str = "alibaba.finance.insurance.createorder"
    nodes = (
        ("top.alibaba.finance.insurance.createorder", top.alibaba.finance.insurance.createorder),
        (f"top.chain({name!r})", top.chain(name)),
        (f"top[{name!r}]", top[name]),
    )
    show.heading(Words(f"Create an order of an insurance institution  {name}", f"机构投保创单  {name}"))
    for form in six_forms(nodes, "post", "create_order_request=order", {"create_order_request": ORDER}):
        show.call(*form)

    show.heading(Words("A refusal: code 50, isv.invalid-parameter", "平台拒绝：code 50，isv.invalid-parameter"))
    wrong: CreateOrderRequest = {**ORDER, "identifier": "demo-0002", "effective_time": "the first of January"}
    show.call(
        FORMS[0],
        "top.alibaba.finance.insurance.createorder.post(create_order_request=wrong)",
        lambda: top.alibaba.finance.insurance.createorder.post(create_order_request=wrong),
        refused=TopError,
    )


def _arrival(sandbox: Sandbox) -> ReceivedRequest:
    entry = sandbox.journal[-1]
    note = f"{entry.sub_code or entry.code}: {entry.sub_msg or ''}" if entry.code is not None else ""
    target = f"{entry.verb} {entry.path} method={entry.method}"
    body = len(entry.parameters.get("create_order_request", ""))
    return ReceivedRequest(target, body, entry.verified, note)
