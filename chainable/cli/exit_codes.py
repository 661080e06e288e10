"""Exit codes of the command lines, and errors that end with one."""

from __future__ import annotations

import errno
from typing import Any

import click
import requests

from chainable.cli.color import color
from chainable.cli.i18n import Words, language, translate
from chainable.errors import APIError, ChainableError, DecryptionError, SignatureError
from chainable.explanation import explain
from chainable.i18n import message_of

__all__ = [
    "DECRYPTION",
    "INTERRUPTED",
    "MEANINGS",
    "NETWORK",
    "NOT_FOUND",
    "OK",
    "REFUSED",
    "SIGNATURE",
    "USAGE",
    "Failure",
    "error_text",
    "exit_code",
]

OK = 0
REFUSED = 1
USAGE = 2
NETWORK = 3
SIGNATURE = 4
DECRYPTION = 5
NOT_FOUND = 6
INTERRUPTED = 130

MEANINGS = {
    OK: Words("success", "成功"),
    REFUSED: Words("refused by the platform, or not the expected result", "平台拒绝，或结果不符合预期"),
    USAGE: Words("wrong usage, setting or file", "用法、配置或文件有误"),
    NETWORK: Words("network failure", "网络故障"),
    SIGNATURE: Words("signature missing or wrong", "缺少签名或验签失败"),
    DECRYPTION: Words("decryption failed", "解密失败"),
    NOT_FOUND: Words("nothing found", "未找到"),
    INTERRUPTED: Words("interrupted by Ctrl-C", "被 Ctrl-C 中断"),
}
"""The meaning of each exit code."""

_FILES_IN_CHINESE = {
    errno.ENOENT: "没有这个文件或目录",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EISDIR: "这是目录，应为文件",
    errno.ENOTDIR: "路径中有一段是文件，不是目录",
    errno.EEXIST: "文件已存在",
    errno.ENOSPC: "磁盘已满",
    errno.EROFS: "文件系统只读",
    errno.EMFILE: "打开的文件过多",
    errno.ENAMETOOLONG: "文件名过长",
    errno.EADDRINUSE: "端口已被占用，请换一个端口",
}
"""The Chinese text of errors of the system, by number; the system's own text is the English one."""

_CODES = (
    (APIError, REFUSED),
    (SignatureError, SIGNATURE),
    (DecryptionError, DECRYPTION),
    (requests.RequestException, NETWORK),
)


def exit_code(error: BaseException) -> int:
    """Return the exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), USAGE)


class Failure(click.ClickException):
    """An error of the library, as the command line shows it; *message* replaces the error's own."""

    def __init__(self, error: Exception, *, as_json: bool = False, message: str | None = None) -> None:
        super().__init__(error_text(error) if message is None else message)
        self._error = error
        self._as_json = as_json
        self._color = color()  # there is no command any more when the error is shown

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click has one for the class, we have one for each error
        """The exit code of the command."""
        return exit_code(self._error)

    def members(self) -> dict[str, Any]:
        """Return the error for JSON."""
        error = self._error
        members: dict[str, Any] = {"type": type(error).__name__, "message": self.message, "exit_code": self.exit_code}
        if isinstance(error, APIError):
            names = ("code", "status_code", "request_id", "retryable", "pending", "verified")
            members |= {name: getattr(error, name) for name in names}
        if isinstance(error, SignatureError):
            members["reason"] = error.reason
        if isinstance(error, ChainableError | requests.RequestException):
            members["maybe_sent"] = getattr(error, "maybe_sent", False)
        return members

    def show(self, file: Any = None) -> None:
        """Print the error on the error stream."""
        from chainable.cli.output import print_json

        if self._as_json:
            print_json({"error": self.members()}, err=True, colored=self._color)
        else:
            click.echo(f"{type(self._error).__name__}: {self.message}", err=True, file=file)


def error_text(error: Exception) -> str:
    """
    Return what a command shows of an error: its message, or for readers of Chinese what happened and what to do.

    The message of an error about a file begins with its name.
    """
    if language() == "zh" and isinstance(error, ChainableError | requests.RequestException):
        return str(explain(error, "zh"))
    if isinstance(error, OSError) and error.strerror is not None:
        return _file_error(error)
    return translate(message_of(error), language())


def _file_error(error: OSError) -> str:
    text = str(error.strerror)
    if language() == "zh":
        text = _FILES_IN_CHINESE.get(error.errno or 0, text)
        return text if error.filename is None else f"{error.filename}：{text}"
    return text if error.filename is None else f"{error.filename}: {text}"
