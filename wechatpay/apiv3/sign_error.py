"""Explanation of SIGN_ERROR: the text that the platform verified, compared with the text that was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["explain", "sign_information"]

_LINES = ("verb", "target", "timestamp", "nonce", "body")
_CAUSES = {
    "verb": "a proxy or forwarder changed the verb, or the signature was made for another request",
    "target": (
        "the path or query was rewritten on the way: a forwarder that adds or drops a prefix, "
        "re-encodes or loses the query; the client signs what it sends"
    ),
    "timestamp": "the Authorization header belongs to another attempt",
    "nonce": "the Authorization header belongs to another attempt",
    "body": (
        "the body was rewritten on the way (parsed and written again, re-encoded, white space or "
        "escapes changed): proxies and gateways have to pass the bytes unchanged"
    ),
}
_SHOWN = 12


def sign_information(detail: Any) -> Mapping[str, Any] | None:
    """Return ``sign_information`` from an error's body, at any depth."""
    if not isinstance(detail, dict):
        return None
    found = detail.get("sign_information")
    if isinstance(found, dict):
        return found
    return next((inner for member in detail.values() if (inner := sign_information(member)) is not None), None)


def explain(message: bytes | None, detail: Any) -> str:
    """
    Compare the text that was signed with the platform's, line by line.

    Args:
        message: The text that was signed; None if the signer does not record it.
        detail: The decoded error, which has the platform's truncated text.

    Returns:
        The line that differs, with a few characters around the difference, and the likely cause.
    """
    information = sign_information(detail)
    if information is None:
        return "The platform did not say what it checked. " + _SAME
    if message is None:
        return "The signer in use does not record what it signed, so there is nothing to compare."
    theirs = str(information.get("truncated_sign_message", ""))
    length = information.get("sign_message_length")
    ours = message.decode("utf-8", "replace")
    cut = ours.split("\n", 4)
    lines = theirs.split("\n", 4)
    for name, mine, other in zip(_LINES, cut, lines, strict=False):
        if name == "body":
            mine = mine.removesuffix("\n") if not other.endswith("\n") else mine  # noqa: PLW2901
        end = name == _LINES[len(lines) - 1]  # the last line they show may be cut short
        same = mine.startswith(other) if end else mine == other
        if not same:
            at = next(
                (index for index, pair in enumerate(zip(mine, other, strict=False)) if pair[0] != pair[1]),
                min(len(mine), len(other)),
            )
            return (
                f"The {name} differs from character {at + 1} on: "
                f"signed {_around(mine, at)}, received {_around(other, at)}. Likely cause: {_CAUSES[name]}."
            )
    if isinstance(length, int) and length not in {len(message), len(ours)}:
        return (
            f"What the platform shows is the same, but it checked {length} characters where {len(message)} bytes "
            f"({len(ours)} characters) were signed. Likely cause: {_CAUSES['body']}."
        )
    return "The platform checked the very message that was signed. " + _SAME


_SAME = (
    "Likely cause, in this order: serial= is not that of the certificate whose key signs; private_key= belongs to "
    "another certificate or another merchant; the certificate was replaced or revoked in the console; mchid= is "
    "another merchant's; the clock of this machine is wrong."
)


def _around(text: str, at: int) -> str:
    piece = text[at : at + _SHOWN]
    return repr(piece + ("…" if len(text) > at + _SHOWN else "")) if piece else "nothing"
