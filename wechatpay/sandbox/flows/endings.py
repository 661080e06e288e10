"""How actions end an object: the reason of a bad end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["reason_of"]


def reason_of(
    kind: Words, state: str, reason: str, failed: Collection[str], reasons: Collection[str] = ()
) -> str | None:
    """
    Return the reason that an object ends with; None if it ends well.

    Args:
        kind: The object's kind, for messages.
        state: How it ends.
        reason: What the caller wants; empty: the first of ``reasons``.
        failed: The ends that have a reason.
        reasons: The reasons there are; empty: any text.

    Raises:
        ValueError: It ends well, and has no reason.
    """
    if state not in failed:
        if reason:
            raise ValueError(
                Words(f"a {kind} that ends as {state} has no reason", f"{kind.zh}终态为 {state} 时没有失败原因")
            )
        return None
    return reason or next(iter(reasons), "") or None
