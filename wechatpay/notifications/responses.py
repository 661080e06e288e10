"""
The responses to a notification, in the form that the platform requires.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012071382,
https://pay.weixin.qq.com/doc/v2/merchant/4011985430
"""

from __future__ import annotations

import json

from chainable.i18n import Words
from chainable.web import Reply

__all__ = ["accept", "reject"]

_XML = "<xml><return_code><![CDATA[%s]]></return_code><return_msg><![CDATA[%s]]></return_msg></xml>"


class Accept:
    """
    The response that ends the deliveries of a notification.

    ``accept()`` is for APIv3: status 204 without a body.  ``accept.v2()`` is
    for APIv2: its XML must not have a space.
    """

    def __call__(self) -> Reply:
        """Accept an APIv3 notification."""
        return Reply(204)

    def v2(self) -> Reply:
        """Accept an APIv2 notification."""
        return _xml(200, "SUCCESS", "OK")


class Reject:
    """
    The response after which a notification is delivered again later.

    ``reject(message)`` is for APIv3, ``reject.v2(message)`` for APIv2.
    """

    def __call__(self, message: str, *, status: int = 500) -> Reply:
        """
        Reject an APIv3 notification.

        Args:
            message: A text for the platform; without secrets.
            status: 4xx or 5xx.

        Raises:
            ValueError: The status is a success for the platform.
        """
        _check(status)
        body = json.dumps({"code": "FAIL", "message": message}, ensure_ascii=False).encode()
        return Reply(status, {"Content-Type": "application/json; charset=utf-8"}, body)

    def v2(self, message: str, *, status: int = 500) -> Reply:
        """Reject an APIv2 notification, as one of APIv3."""
        _check(status)
        return _xml(status, "FAIL", message)


accept = Accept()
"""Accept a notification: see :class:`Accept`."""

reject = Reject()
"""Reject a notification: see :class:`Reject`."""


def _xml(status: int, code: str, message: str) -> Reply:
    body = _XML % (code, message.replace("]]>", "]]]]><![CDATA[>"))
    return Reply(status, {"Content-Type": "text/xml; charset=utf-8"}, body.encode())


def _check(status: int) -> None:
    if not 400 <= status <= 599:
        msg = Words(
            f"the platform repeats a notification after 4xx and 5xx, not after {status}",
            f"平台在 4xx 与 5xx 之后才重发通知，{status} 不会",
        )
        raise ValueError(msg)
