"""The orders of a seller, which may change while they are read page by page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from chainable.sandbox.actions import check_choice
from chainable.sandbox.faults import suggestion
from taobao_top import catalogue
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.parameter_validation import whole
from taobao_top.sandbox.response_encoding import Many
from taobao_top.sandbox.times import epoch, written

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from chainable.sandbox.store import Records

__all__ = ["STATUSES", "Trades"]

FIRST_TID = 4_200_000_000_000_000_001
"""Nineteen digits, as real numbers have: a float would lose the last ones."""


STATUSES = (
    "TRADE_NO_CREATE_PAY",
    "WAIT_BUYER_PAY",
    "PAY_PENDING",
    "WAIT_PRE_AUTH_CONFIRM",
    "SELLER_CONSIGNED_PART",
    "WAIT_SELLER_SEND_GOODS",
    "PAID_FORBID_CONSIGN",
    "WAIT_BUYER_CONFIRM_GOODS",
    "TRADE_BUYER_SIGNED",
    "TRADE_FINISHED",
    "TRADE_CLOSED",
    "TRADE_CLOSED_BY_TAOBAO",
)
"""The states of a trade: https://open.taobao.com/api.htm?docId=54&docType=2."""
READING = (
    "taobao.trade.fullinfo.get",
    "taobao.trade.get",
    "taobao.trades.sold.get",
    "taobao.trades.sold.increment.get",
)
"""The methods whose answers have the members of trades."""


@cache
def members_of_trades() -> frozenset[str]:
    """Return the names of the members that a trade has on the platform."""
    found: set[str] = set()
    for method in map(catalogue.method, READING):
        for part in method.response if method else ():
            if part.name in ("trade", "trades"):
                found.update(member.name for member in part.fields)
    return frozenset(found)


def check(members: Mapping[str, Any]) -> None:
    """Raise ValueError, with similar names, for members and states that no trade has on the platform."""
    known = members_of_trades()
    for name in members:
        if name not in known:
            near = suggestion(name, known)
            raise ValueError(Words(f"a trade has no member {name!r}{near}", f"订单没有字段 {name!r}{near.zh}"))
    if "status" in members:
        check_choice("status", members["status"], STATUSES)


class Trades:
    """Trades by number."""

    def __init__(self, records: Records, clock: Callable[[], float], lock: threading.RLock) -> None:
        self._records = records
        self._clock = clock
        self._lock = lock

    def add(self, count: int = 1, **members: Any) -> list[int]:
        """
        Add orders with these members (``status``, ``payment`` …); return their numbers (``tid``), oldest first.

        Raises:
            ValueError: A trade has no such member or state on the platform.
        """
        check(members)
        with self._lock:
            first = FIRST_TID + len(self._records)
            numbers = list(range(first, first + count))
            for tid in numbers:
                self._records.put(str(tid), {**self._usual(tid), **members})
            return numbers

    def _usual(self, tid: int) -> dict[str, Any]:
        now = written(self._clock())
        return {
            "tid": tid,
            "seller_nick": "sandbox_seller",
            "buyer_nick": f"buyer_{tid % 10_000}",
            "buyer_open_uid": f"AAH{tid:x}",
            "title": "沙箱商品",
            "type": "fixed",
            "status": "WAIT_BUYER_PAY",
            "created": now,
            "modified": now,
            "num_iid": 52_500_000_000 + tid % 1000,
            "num": 1,
            "price": "99.00",
            "post_fee": "0.00",
            "payment": "99.00",
            "total_fee": "99.00",
            "receiver_name": "张**",
            "receiver_state": "浙江省",
            "receiver_city": "杭州市",
            "receiver_mobile": "*******0000",
            "oaid": f"OAID{tid}",
            "orders": [
                {
                    "oid": tid,
                    "num_iid": 52_500_000_000 + tid % 1000,
                    "title": "沙箱商品",
                    "num": 1,
                    "price": "99.00",
                    "payment": "99.00",
                    "status": "WAIT_BUYER_PAY",
                    "refund_status": "NO_REFUND",
                }
            ],
        }

    def get(self, tid: int | str) -> dict[str, Any]:
        """Return a trade, else raise 50 ``isv.trade-not-exist``."""
        found: dict[str, Any] | None = self._records.get(str(tid))
        if found is None:
            raise GatewayError(
                50, "isv.trade-not-exist", Words(f"the seller has no trade {tid}", f"卖家没有订单 {tid}")
            )
        return found

    def change(self, tid: int | str, **members: Any) -> dict[str, Any]:
        """
        Change a trade, set ``modified`` to now, and return it; ``status`` changes in its orders too.

        Raises:
            ValueError: A trade has no such member or state on the platform.
        """
        check(members)
        with self._lock:
            trade = {**self.get(tid), "modified": written(self._clock()), **members}
            if "status" in members:
                trade["orders"] = [{**order, "status": members["status"]} for order in trade["orders"]]
            self._records.put(str(tid), trade)
            return trade

    def pay(self, tid: int | str) -> dict[str, Any]:
        """Mark a trade as paid by the buyer; ValueError if it does not wait for that."""
        status = self.get(tid)["status"]
        if status != "WAIT_BUYER_PAY":
            raise ValueError(
                Words(
                    f"the trade {tid} is {status}, not WAIT_BUYER_PAY",
                    f"订单 {tid} 的状态是 {status}，应为 WAIT_BUYER_PAY",
                )
            )
        return self.change(tid, status="WAIT_SELLER_SEND_GOODS", pay_time=written(self._clock()))

    def page(self, asked: Mapping[str, Any], by: str) -> dict[str, Any]:
        """
        Return a page, newest first, as ``taobao.trades.sold.get`` does; *by* is the time that counts.

        New orders come in at the front, so pages shift while they are read.
        """
        size = whole(asked, "page_size", 40, 1, 100)
        number = whole(asked, "page_no", 1, 1)
        found = [trade for trade in self._records.values() if _wanted(trade, asked, by)]
        found.sort(key=lambda trade: (trade[by], trade["tid"]), reverse=True)
        start = (number - 1) * size
        page: dict[str, Any] = {"trades": Many("trade", [shown(trade) for trade in found[start : start + size]])}
        if asked.get("use_has_next") == "true":
            return {"has_next": start + size < len(found), **page}
        return {"total_results": len(found), **page}

    def all(self) -> list[dict[str, Any]]:
        """Return all trades, oldest first."""
        return list(self._records.values())

    def newest(self, size: int) -> list[dict[str, Any]]:
        """Return the last so many trades, newest first."""
        return self._records.newest(size)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._records)


def shown(trade: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trade with its orders as a list of a response."""
    return {**trade, "orders": Many("order", trade["orders"])}


def _wanted(trade: Mapping[str, Any], asked: Mapping[str, Any], by: str) -> bool:
    same = all(
        asked.get(name) in {None, trade.get(name)} for name in ("status", "buyer_nick", "buyer_open_uid", "type")
    )
    at = epoch(trade[by]) or 0.0
    start = epoch(asked.get(f"start_{by}", "")) or 0.0
    end = epoch(asked.get(f"end_{by}", "")) or float("inf")
    return same and start <= at <= end
