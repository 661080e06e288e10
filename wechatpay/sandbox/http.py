"""Replies of the platform, and its errors."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from chainable.i18n import Words, translate
from chainable.sandbox import http
from chainable.sandbox.http import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("wechatpay.sandbox")

__all__ = ["Refusal", "Reply", "Request", "as_json", "internal_error", "pointer"]


@frozen(eq=False)
class Reply(http.Reply):
    """A response of the platform; the signature, if it is signed (APIv3), may cover something else than the body."""

    signed: bool = True
    signature_covers: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, data: Any, status: int = 200) -> Reply:
        """Return the JSON answer that holds ``data``; 204 without a body when there is none."""
        if data is None:
            return cls(status=204)
        return cls(status=status, body=as_json(data))


class Refusal(Exception):  # noqa: N818 (it is the platform's answer, not a fault of the sandbox)
    """
    An error response of the platform.

    Args:
        status: The HTTP status (APIv3).
        code: The platform's error code.
        message: Why, in a sentence for the developer: Chinese, as the platform writes it. Of ``Words`` the answer has the
            Chinese; the controls say both.
        detail: ``detail`` of the answer.
        gateway: Whether the gateway refuses the request before anything else looks at it: such an answer is not signed.
        silent: Whether the answer has no body; the message is for the journal.
        note: What the journal says in place of the message, in both languages.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        detail: Mapping[str, Any] | None = None,
        *,
        gateway: bool = False,
        silent: bool = False,
        note: str = "",
    ) -> None:
        super().__init__(message)
        self.gateway = gateway
        self.silent = silent
        self.note = note or message
        self.status = status
        self.code = code
        self.message = translate(message, "zh")
        self.detail = dict(detail or {})

    @classmethod
    def of_field(
        cls,
        location: str,
        pointer: str,
        issue: str,
        *,
        value: Any = None,
        code: str = "PARAM_ERROR",
        status: int = 400,
        message: str = "",
    ) -> Refusal:
        """Return the refusal of one field: where it stands, its JSON pointer, and what is wrong with it."""
        detail = {"location": location, "field": pointer, "issue": issue}
        if value is not None:
            detail["value"] = value
        return cls(status, code, message or f"参数错误，请检查 {f'{location} {pointer}'.strip()}：{issue}", detail)

    def reply(self) -> Reply:
        """Return the answer in the error form of APIv3."""
        if self.silent:
            return Reply(status=self.status, signed=False)
        content: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.detail:
            content["detail"] = self.detail
        return evolve(Reply.of(content, self.status), signed=not self.gateway)


def internal_error(error: Exception) -> Refusal:
    """Log an error of the sandbox itself, and return the response for it."""
    logger.error("the sandbox could not answer", exc_info=error)
    what = f"{type(error).__name__}: {error}"
    return Refusal(
        500,
        "SYSTEM_ERROR",
        Words(f"the sandbox could not answer: {what}", f"系统异常，请稍后重试（沙箱内部错误: {what}）"),
    )


_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def as_json(value: Any) -> bytes:
    """Return compact JSON in UTF-8, as the platform writes it."""
    return _written(value).encode()


def pointer(*names: str | int) -> str:
    """Return the JSON pointer of a field."""
    return "".join(map("/{}".format, names))
