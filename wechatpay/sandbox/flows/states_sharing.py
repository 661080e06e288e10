"""The states of shared money and of money in batches; see :mod:`wechatpay.sandbox.flows.states`."""

from __future__ import annotations

from wechatpay.sandbox.flows.states import States, Transition

__all__ = [
    "BATCH",
    "BATCH_DETAIL",
    "RECEIPT",
    "RETURN",
    "SHARE",
    "SPLIT",
    "SUBSIDY",
    "SUB_MERCHANT",
    "WITHDRAWAL",
]

SPLIT = States(
    first=("PROCESSING",),
    transitions={"finish": Transition(("PROCESSING",), "FINISHED", "platform")},
)
"""https://pay.weixin.qq.com/doc/v3/merchant/4012524936: it is finished when all its receivers are."""

SHARE = States(
    first=("PENDING",),
    transitions={
        "SUCCESS": Transition(("PENDING",), "SUCCESS", "platform", "PROFITSHARING.SUCCESS", "分账"),
        "CLOSED": Transition(("PENDING",), "CLOSED", "platform", books="分账"),
    },
)
"""The part of one receiver, in its ``result``; a closed one goes back to the merchant that shares."""

RETURN = States(
    first=("PROCESSING",),
    transitions={
        "SUCCESS": Transition(("PROCESSING",), "SUCCESS", "platform", "PROFITSHARING.RETURN", "分账回退"),
        "FAILED": Transition(("PROCESSING",), "FAILED", "platform"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/partner/4012467097, in its ``result``."""

BATCH = States(
    first=("ACCEPTED",),
    transitions={
        "start": Transition(("ACCEPTED",), "PROCESSING", "platform"),
        "finish": Transition(("PROCESSING",), "FINISHED", "platform", "MCHTRANSFER.BATCH.FINISHED"),
        "close": Transition(("ACCEPTED",), "CLOSED", "platform", "MCHTRANSFER.BATCH.CLOSED", "商家转账退回"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/merchant/4012269028."""

BATCH_DETAIL = States(
    first=("PROCESSING",),
    transitions={
        "SUCCESS": Transition(("PROCESSING",), "SUCCESS", "platform"),
        "FAIL": Transition(("PROCESSING",), "FAIL", "platform", books="商家转账退回"),
    },
)
"""One transfer of a batch; what fails goes back to the merchant's account."""

RECEIPT = States(
    first=("ACCEPTED",),
    transitions={"finish": Transition(("ACCEPTED",), "FINISHED", "platform")},
)
"""https://pay.weixin.qq.com/doc/v3/merchant/4012716452: the receipt of a transfer or of a batch, for download."""

WITHDRAWAL = States(
    first=("CREATE_SUCCESS",),
    transitions={
        "SUCCESS": Transition(("CREATE_SUCCESS",), "SUCCESS", "platform", "MCHWITHDRAW.CHANGE", "提现"),
        "FAIL": Transition(("CREATE_SUCCESS",), "FAIL", "platform", "MCHWITHDRAW.CHANGE"),
        "CLOSE": Transition(("CREATE_SUCCESS",), "CLOSE", "platform", "MCHWITHDRAW.CHANGE"),
        "REFUND": Transition(("SUCCESS",), "REFUND", "platform", "MCHWITHDRAW.CHANGE", "提现退票"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/partner/4013049135: a bank may send back what arrived already."""

SUBSIDY = States(
    first=("WAITING",),
    transitions={
        "create": Transition(("WAITING",), "SUCCESS", "merchant", books="补差"),
        "return": Transition(("SUCCESS",), "SUCCESS", "merchant", books="补差回退"),
        "cancel": Transition(("WAITING",), "CANCELED", "merchant"),
    },
)
"""What a marketplace adds to an order: https://pay.weixin.qq.com/docs/partner/apis/ecommerce-subsidy/subsidies/create.html."""

SUB_MERCHANT = States(
    first=("INVITED",),
    transitions={
        "pass": Transition(("INVITED",), "PASSED", "merchant"),
        "reject": Transition(("INVITED",), "REJECTED", "merchant"),
        "expire": Transition(("INVITED",), "EXPIRED", "platform"),
        "cancel": Transition(("PASSED",), "CANCELED", "merchant"),
    },
)
"""https://pay.weixin.qq.com/doc/v3/partner/4015469102: a sub-merchant permits transfers of its money."""
