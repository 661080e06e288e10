"""
The accounts of funds: each move of money is an entry of one account, and the balance runs on from day to day.

A merchant has three: ``BASIC`` takes payments and pays refunds, ``OPERATION`` pays users, ``FEES`` takes commissions
that are settled apart. Official page: https://pay.weixin.qq.com/doc/v3/merchant/4013071235
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import asdict, evolve, field, frozen

from wechatpay.sandbox.http import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.sandbox.context import SandboxContext

__all__ = [
    "ACCOUNTS",
    "AccountType",
    "Balance",
    "Entry",
    "at_the_end_of",
    "balance",
    "book",
    "entries",
    "hold",
    "members",
    "owners",
    "release",
    "require",
    "yuan",
]

AccountType = Literal["BASIC", "OPERATION", "FEES"]
ACCOUNTS: tuple[AccountType, ...] = ("BASIC", "OPERATION", "FEES")
ENTRY = "account entry"
HELD = "account held"
"""What was held at the end of each day on which that changed."""
BALANCE = "account balance"
OWNERS = "account owners"
"""Whose accounts moved on a day."""
OPENING: dict[str, int] = {"OPERATION": 1_000_000_00}
"""What the sandbox's merchant begins with, in fen: transfers need money before there is a payment."""
WRITTEN = ("amount", "fee", "name", "kind", "number", "voucher", "note", "by", "flow")
"""The members of an entry in the order they are stored in; time and balance follow."""
BUSINESS = {
    "pay": ("交易", "交易"),
    "commission": ("交易", "扣除交易手续费"),
    "commission back": ("退款", "退还交易手续费"),
    "reverse": ("退款", "撤销"),
    "refund": ("退款", "退款"),
    "refund closed": ("退款", "退款关闭"),
    "transfer": ("企业付款", "商家转账"),
    "transfer back": ("企业付款", "商家转账退回"),
    "red packet": ("现金红包", "现金红包"),
    "deposit": ("充值/提现", "充值"),
}
"""
业务名称 and 业务类型 of what a transition books: https://pay.weixin.qq.com/doc/v3/merchant/4013071249.

A refund takes the money when it is accepted, and gives it back when it is closed: 记账时间 is not the time it succeeded.
"""
PAYMENT = BUSINESS["pay"][1]
NOTES = {
    PAYMENT: "结算总金额 {} 元;含手续费 {} 元",
    **dict.fromkeys(("退款", "退款关闭", "撤销"), "退款总金额{}元;含手续费{}元"),
}
"""备注 of what orders book, with the blanks of real bills: amount, commission."""


@frozen
class Balance:
    """
    What an account holds, in fen.

    Args:
        total: Everything, as fund flow bills count it.
        held: The part that cannot be spent: payments that wait to be shared, withdrawals under way.
        moves: How many entries the account has.
    """

    total: int = 0
    held: int = 0
    moves: int = field(default=0, eq=False)

    @property
    def available(self) -> int:
        """What can be spent."""
        return self.total - self.held


@frozen(kw_only=True)
class Entry:
    """
    One move of money.

    Args:
        amount: Fen; negative if it leaves the account.
        name: 业务名称 of the fund flow bill, ``交易`` or ``退款``.
        number: 微信支付业务单号, the platform's number.
        voucher: 业务凭证号, the merchant's number.
        note: 备注.
        by: 资金变更提交申请人; by default the merchant's API.
        kind: 业务类型; by default the name.
        fee: Fen of commission that leaves at once by an entry of its own; negative if it comes back.
        flow: 资金流水单号; by default a number of the entry's own.
    """

    amount: int
    name: str
    number: str
    voucher: str
    note: str = ""
    by: str = ""
    kind: str = ""
    fee: int = 0
    flow: str = ""

    @classmethod
    def of(cls, books: str, amount: int, number: str, voucher: str, **rest: Any) -> Entry:
        """Return an entry of the kind that a transition books, a key of :data:`BUSINESS`."""
        name, kind = BUSINESS[books]
        return cls(amount=amount, name=name, kind=kind, number=number, voucher=voucher, **rest)


def balance(context: SandboxContext, account: AccountType = "BASIC", owner: str = "") -> Balance:
    """Return what an account of a merchant number holds; without ``owner`` the sandbox's own merchant's."""
    known = context.store.get(BALANCE, f"{owner}/{account}")
    return Balance(known["total"], known["held"], known["moves"]) if known else opening(account, owner)


def book(context: SandboxContext, entry: Entry, account: AccountType = "BASIC", owner: str = "") -> None:
    """Write an entry of an account, with the time and the balance after it."""
    now = balance(context, account, owner)
    after = evolve(now, total=now.total + entry.amount - entry.fee, moves=now.moves + (2 if entry.fee else 1))
    written = [*(getattr(entry, name) for name in WRITTEN), context.stamp(), after.total]
    with context.change():
        context.store.put(kind_of(account, owner), str(after.moves), written, day=context.day())
        if owner:
            context.store.put(f"{OWNERS} {account}", f"{context.day()} {owner}", owner, day=context.day())
        save(context, after, account, owner)


def hold(
    context: SandboxContext, amount: int, account: AccountType = "BASIC", owner: str = "", *, day: str = ""
) -> None:
    """Keep so many fen from being spent, from a day on, ``yyyy-mm-dd``; by default today."""
    now, day = balance(context, account, owner), day or context.day()
    after = evolve(now, held=now.held + amount)
    with context.change():
        context.store.put(kind_of(account, owner, HELD), day, after.held, day=day)
        save(context, after, account, owner)


def release(
    context: SandboxContext, amount: int, account: AccountType = "BASIC", owner: str = "", *, day: str = ""
) -> None:
    """Let so many fen that were held be spent, from a day on; by default today."""
    hold(context, -amount, account, owner, day=day)


def require(
    context: SandboxContext,
    amount: int,
    account: AccountType = "BASIC",
    owner: str = "",
    *,
    refusal: Refusal | None = None,
) -> None:
    """Refuse a request that an account has too little money for; by default with 403 ``NOT_ENOUGH``."""
    if balance(context, account, owner).available < amount:
        raise refusal or Refusal(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")


def entries(
    context: SandboxContext, day: str, account: AccountType = "BASIC", owner: str = ""
) -> Iterator[dict[str, Any]]:
    """
    Return the entries of a day, ``yyyy-mm-dd``, in their order: the members of :class:`Entry`, balance and time.

    ``flow`` is 资金流水单号, a number of the entry's own. Others can work while they are read.
    """
    start = f"{owner or context.account.mchid}{day.replace('-', '')}{ACCOUNTS.index(account) + 1}"
    for moves, values in context.store.read(kind_of(account, owner), day):
        written = members(values)
        amount, fee, last = written["amount"], written["fee"], written["balance"]
        written["by"] = written["by"] or f"{owner or context.account.mchid}API"
        kind = written["kind"] = written["kind"] or written["name"]
        written["note"] = written["note"] or NOTES.get(kind, "").format(yuan(abs(amount)), yuan(abs(fee)))
        flow = written["flow"] or (written["number"] if kind == PAYMENT else f"{start}{int(moves) - bool(fee):09}")
        pair = [{**written, "flow": flow}]
        if fee:
            commission = {"amount": -fee, "kind": BUSINESS["commission" if fee > 0 else "commission back"][1]}
            pair.append({**written, **commission, "flow": f"{start}{int(moves):09}"})
            if last + fee < 0:  # a commission that comes back comes first where the rest would be missing
                pair.reverse()
            pair[0]["balance"] = last - pair[1]["amount"]
        yield from pair


def members(values: list[Any]) -> dict[str, Any]:
    """Return an entry as it is stored by the names of its values: those of :class:`Entry`, time, balance."""
    return dict(zip((*WRITTEN, "time", "balance"), values, strict=True))


def at_the_end_of(context: SandboxContext, day: str, account: AccountType = "BASIC", owner: str = "") -> Balance:
    """Return what an account held at the end of a day, ``yyyy-mm-dd``."""
    last = context.store.last_until(kind_of(account, owner), day)
    held = context.store.last_until(kind_of(account, owner, HELD), day)
    known = opening(account, owner) if last is None else Balance(last[1][-1], moves=int(last[0]))
    return evolve(known, held=held[1] if held else 0)


def owners(context: SandboxContext, day: str, account: AccountType = "BASIC") -> list[str]:
    """Return the sub-merchants whose money moved on a day, ``yyyy-mm-dd``."""
    return list(context.store.all(f"{OWNERS} {account}", day))


def opening(account: str, owner: str) -> Balance:
    """Return what an account holds before its first move."""
    return Balance(0 if owner else OPENING.get(account, 0))


def kind_of(account: str, owner: str, what: str = ENTRY) -> str:
    """Return the kind in the store of an account's entries, or of what it held."""
    return f"{what} {account} {owner}".rstrip()


def save(context: SandboxContext, now: Balance, account: str, owner: str) -> None:
    """Store what an account holds."""
    context.store.put(BALANCE, f"{owner}/{account}", {**asdict(now), "account": account, "owner": owner})


def yuan(fen: int) -> str:
    """Return an amount as bills write it."""
    return f"{'-' * (fen < 0)}{abs(fen) // 100}.{abs(fen) % 100:02}"
