"""Variables of the path are keyword arguments of the verb."""

from wechatpay import WeChatPay


def good(client: WeChatPay) -> None:
    client.v3.hire_power_bank.insurance_orders._out_order_no_.get(out_order_no="1")
    client.v3.hire_power_bank.insurance_orders._out_order_no_.get(out_order_no=1)


def missing(client: WeChatPay) -> None:
    client.v3.hire_power_bank.insurance_orders._out_order_no_.get()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def misspelt(client: WeChatPay) -> None:
    client.v3.hire_power_bank.insurance_orders._out_order_no_.get(out_order_no="1", out_order="1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def no_text(client: WeChatPay) -> None:
    client.v3.hire_power_bank.insurance_orders._out_order_no_.get(out_order_no=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.v3.hire_power_bank.insurance_orders._out_order_no_.get(out_order_no=1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def with_one_possible_value(client: WeChatPay) -> None:
    client.v3.merchant.fund.withdraw.bill_type._bill_type_.get(params={"bill_date": "2026-11-20"})
    client.v3.merchant.fund.withdraw.bill_type._bill_type_.get(bill_type="NO_SUCC", params={"bill_date": "2026-11-20"})
