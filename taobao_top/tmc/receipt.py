"""The receipt of one delivered message: confirmed or failed, decided once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["REASON", "Receipt"]

REASON = 128
"""The longest reason, in characters, that the official SDK for Java sends with a failure (``TmcHandler``)."""


class Receipt:
    """Decides how one delivery ends: once, from any thread."""

    __slots__ = ("_confirmed", "_lock", "_reason", "_settle")

    def __init__(self) -> None:
        self._confirmed = False
        self._reason: str | None = None
        self._settle: Callable[[str | None], object] | None = None
        self._lock = threading.Lock()

    def settle_with(self, settle: Callable[[str | None], object]) -> None:
        """Call *settle* with the decision, which ends the claim and reports to the platform."""
        self._settle = settle

    def close(self, failure: str | None = None) -> str | None:
        """
        End the handler of a channel that confirms by itself.

        Args:
            failure: The reason why it failed, unless the handler has given another.

        Returns:
            The reason of the failure; None if the message is to be confirmed.
        """
        with self._lock:
            if self._reason is None:
                self._reason = failure
            self._confirmed = self._reason is None
            return self._reason

    def confirm(self) -> None:
        """Confirm; see :meth:`taobao_top.tmc.Message.confirm`."""
        if self._settle is None:
            raise RuntimeError(
                Words(
                    "the channel confirms the message when its handler returns: "
                    "TMC(confirm='manual') leaves it to message.confirm()",
                    "处理函数返回后，消息会自动确认：如需自行调用 message.confirm()，请使用 TMC(confirm='manual')",
                )
            )
        with self._lock:
            if self._reason is not None:
                raise RuntimeError(Words("the message failed already", "该消息已报告为失败"))
            if self._confirmed:
                return
            self._confirmed = True
        self._settle(None)

    def fail(self, reason: str) -> None:
        """Fail; see :meth:`taobao_top.tmc.Message.fail`."""
        if not self.fail_if_open(reason):
            raise RuntimeError(Words("the message is confirmed already", "该消息已确认"))

    def fail_if_open(self, reason: str) -> bool:
        """Fail unless it is confirmed; return whether it has failed."""
        with self._lock:
            if self._confirmed or self._reason is not None:
                return not self._confirmed
            self._reason = reason[:REASON]
        if self._settle is not None:
            self._settle(self._reason)
        return True
