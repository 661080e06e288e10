"""Notice that the response of a synchronous call is awaited, before the call is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.client import Client
from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["refuse_await"]


def refuse_await(frame: FrameType, send: Callable[..., Any], written: str) -> None:
    """
    Raise TypeError if a coroutine is about to await the response of a client.

    A response cannot be awaited, so the call would be sent and its response lost.

    Args:
        frame: The frame of the coroutine, which is calling.
        send: The method ``send`` of the sender. That of a client returns a response; that of a batch returns a promise.
        written: The name of the verb, such as ``post``.
    """
    if not _awaits(frame) or not isinstance(getattr(send, "__self__", None), Client):
        return
    msg = Words(
        f"a response cannot be awaited, and the call would block the event loop; nothing was sent: "
        f"write await ….{written}_async(…)",
        f"应答不能 await，而且这样调用会阻塞事件循环；请求没有发出：请写成 await ….{written}_async(…)",
    )
    raise TypeError(msg)


def _awaits(frame: FrameType) -> bool:
    """Return whether the instruction after the running one awaits its result."""
    from opcode import opmap  # needed in coroutines only

    code = frame.f_code.co_code
    after = frame.f_lasti + 2
    while after < len(code) and code[after] == opmap.get("CACHE"):  # CPython 3.11 keeps caches behind a call
        after += 2
    return after < len(code) and code[after] == opmap.get("GET_AWAITABLE")
