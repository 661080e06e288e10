"""How actions end an object: one of its ends, and the reason of a bad one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["reason_of"]


def reason_of(
    kind: Words, state: str, reason: str, ends: Collection[str], failed: Collection[str], reasons: Collection[str] = ()
) -> str | None:
    """
    Return the reason that an object ends with; None if it ends well.

    Args:
        kind: The object's kind, for messages.
        state: How it ends.
        reason: What the caller wants; empty: the first of ``reasons``.
        ends: The ends it can have.
        failed: Those of them that have a reason.
        reasons: The reasons there are; empty: any text.

    Raises:
        ValueError: It does not end so, or not for this reason.
    """
    if state not in ends:
        raise ValueError(
            Words(
                f"a {kind} ends as {', '.join(ends)}, not as {state}",
                f"{kind.zh}的最终状态应为 {'、'.join(ends)}，不能是 {state}",
            )
        )
    if state not in failed:
        if reason:
            raise ValueError(
                Words(f"a {kind} that ends as {state} has no reason", f"{kind.zh}终态为 {state} 时没有失败原因")
            )
        return None
    if reasons and reason and reason not in reasons:
        raise ValueError(
            Words(
                f"{reason} is no reason of a {kind}: there are {', '.join(reasons)}",
                f"{kind.zh}没有失败原因 {reason}，可选：{'、'.join(reasons)}",
            )
        )
    return reason or next(iter(reasons), "") or None
