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

__all__ = ["ACCOUNTS", "AccountType", "Balance", "Entry", "balance", "book", "entries", "hold", "release", "require"]

AccountType = Literal["BASIC", "OPERATION", "FEES"]
ACCOUNTS: tuple[AccountType, ...] = ("BASIC", "OPERATION", "FEES")
ENTRY = "account entry"
BALANCE = "account balance"
OPENING: dict[str, int] = {"OPERATION": 1_000_000_00}
"""What the sandbox's merchant begins with, in fen: transfers need money before there is a payment."""


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
        name: 业务名称 and 业务类型 of the fund flow bill, ``交易`` or ``退款``.
        number: 微信支付业务单号, the platform's number.
        voucher: 业务凭证号, the merchant's number.
        note: 备注.
        by: 资金变更提交申请人; by default the merchant's API.
    """

    amount: int
    name: str
    number: str
    voucher: str
    note: str = ""
    by: str = ""


def balance(context: SandboxContext, account: AccountType = "BASIC", owner: str = "") -> Balance:
    """Return what an account of a merchant number holds; without ``owner`` the sandbox's own merchant's."""
    known = context.store.get(BALANCE, f"{owner}/{account}")
    return Balance(**known) if known else Balance(0 if owner else OPENING.get(account, 0))


def book(context: SandboxContext, entry: Entry, account: AccountType = "BASIC", owner: str = "") -> None:
    """Write an entry of an account, with the time and the balance after it."""
    now = balance(context, account, owner)
    after = evolve(now, total=now.total + entry.amount, moves=now.moves + 1)
    written = {**asdict(entry), "by": entry.by or f"{context.account.mchid}API", "time": context.stamp()}
    written["balance"] = after.total
    with context.change():
        context.store.put(kind_of(account, owner), str(after.moves), written, day=context.day())
        save(context, after, account, owner)


def hold(context: SandboxContext, amount: int, account: AccountType = "BASIC", owner: str = "") -> None:
    """Keep so many fen from being spent."""
    now = balance(context, account, owner)
    save(context, evolve(now, held=now.held + amount), account, owner)


def release(context: SandboxContext, amount: int, account: AccountType = "BASIC", owner: str = "") -> None:
    """Let so many fen that were held be spent."""
    hold(context, -amount, account, owner)


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
    """Return the entries of a day, ``yyyy-mm-dd``, in their order: the members of :class:`Entry`, balance and time."""
    return context.store.all(kind_of(account, owner), day)


def kind_of(account: str, owner: str) -> str:
    """Return the kind in the store of an account's entries."""
    return f"{ENTRY} {account} {owner}".rstrip()


def save(context: SandboxContext, now: Balance, account: str, owner: str) -> None:
    """Store what an account holds."""
    context.store.put(BALANCE, f"{owner}/{account}", asdict(now))
