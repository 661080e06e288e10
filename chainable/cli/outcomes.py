"""Exit codes: what became of a command, for scripts."""

from __future__ import annotations

from typing import Any

import click
import requests

from chainable.errors import APIError, ChainableError, DecryptionError, SignatureError

__all__ = [
    "DECRYPTION",
    "FINE",
    "INTERRUPTED",
    "MEANINGS",
    "NETWORK",
    "NOTHING",
    "REFUSED",
    "SIGNATURE",
    "USAGE",
    "Failure",
    "exit_code",
]

FINE = 0
REFUSED = 1
USAGE = 2
NETWORK = 3
SIGNATURE = 4
DECRYPTION = 5
NOTHING = 6
INTERRUPTED = 130

MEANINGS = {
    FINE: ("fine", "正常"),
    REFUSED: ("the platform refused, or what was asked for is not so", "平台拒绝，或结果不符合预期"),
    USAGE: ("wrong usage, wrong setting or file", "用法、配置或文件有误"),
    NETWORK: ("the network failed", "网络故障"),
    SIGNATURE: ("a signature is missing or wrong", "签名缺失或错误"),
    DECRYPTION: ("a ciphertext does not open", "密文无法解开"),
    NOTHING: ("nothing was found", "没有找到"),
    INTERRUPTED: ("interrupted by Ctrl-C", "被 Ctrl-C 中断"),
}
"""What each exit code says, in English and in Chinese."""


def exit_code(error: BaseException) -> int:
    """Give the exit code for an error."""
    if isinstance(error, APIError):
        return REFUSED
    if isinstance(error, SignatureError):
        return SIGNATURE
    if isinstance(error, DecryptionError):
        return DECRYPTION
    if isinstance(error, requests.RequestException):
        return NETWORK
    return USAGE


class Failure(click.ClickException):
    """
    An error of the library as the command line tells it.

    Args:
        error: What was raised.
        as_json: Tell it as JSON.
        told: What to say in place of the error's own words.
    """

    def __init__(self, error: Exception, *, as_json: bool = False, told: str | None = None) -> None:
        super().__init__(_told(error) if told is None else told)
        self._error = error
        self._as_json = as_json

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click has one for the class, we one for each error
        """What the command ends with."""
        return exit_code(self._error)

    def members(self) -> dict[str, Any]:
        """Give the error for machines."""
        error = self._error
        members: dict[str, Any] = {"type": type(error).__name__, "message": self.message, "exit_code": self.exit_code}
        if isinstance(error, APIError):
            members |= {
                "code": error.code,
                "status_code": error.status_code,
                "request_id": error.request_id,
                "retryable": error.retryable,
                "pending": error.pending,
                "verified": error.verified,
            }
        if isinstance(error, SignatureError):
            members["reason"] = error.reason
        if isinstance(error, ChainableError | requests.RequestException):
            members["maybe_sent"] = getattr(error, "maybe_sent", False)
        return members

    def show(self, file: Any = None) -> None:
        """Print it on the error stream."""
        from chainable.cli.output import as_text

        text = as_text({"error": self.members()}) if self._as_json else f"{type(self._error).__name__}: {self.message}"
        click.echo(text, err=True, file=file)


def _told(error: Exception) -> str:
    """Say of a file first which it is."""
    name = getattr(error, "filename", None)
    return f"{name}: {error.strerror}" if isinstance(error, OSError) and name is not None else str(error)
