"""
Verification of statements of the overseas API, which are signed by their digest.

The platform signs a small JSON object with the SHA-1 of a header: both the
signature over that object and the SHA-1 of the file are verified.

Official page: https://pay.weixin.qq.com/doc/global/v3/zh/4012354998
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from attrs import frozen
from urllib3.exceptions import DecodeError

from chainable.decoding import decoded
from chainable.errors import CodecError, SignatureError
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.response import Response
from wechatpay.files.streams import Bound

if TYPE_CHECKING:
    import requests

    from chainable.signing import Verifier

__all__ = ["StatementVerifier"]


@safe_repr
@frozen
class StatementVerifier:
    """Verifies a response that is signed by its digest, which is in a header."""

    verifier: Verifier
    header: str

    def verify(self, response: requests.Response, /) -> None:
        """Verify signature and content; an error response is signed like any other."""
        if not 200 <= response.status_code < 300:
            self.verifier.verify(response)
            return
        expected = self.signed_digest(response)
        content = response.content
        if hashlib.sha1(content, usedforsecurity=False).hexdigest() != expected != _unpacked_sha1(content):
            msg = Words(
                "the statement is not the one that the platform signed: its SHA-1 is another",
                "回单与平台签名的不一致：SHA-1 不同",
            )
            raise SignatureError(msg, response=response)

    def signed_digest(self, response: requests.Response) -> str:
        """Verify the signature over the digest, not the content; return the SHA-1 of the content, lower-case hex."""
        digest = response.headers.get(self.header)
        if not digest:
            msg = Words(f"the statement has no digest ({self.header})", f"回单没有摘要（{self.header}）")
            raise SignatureError(msg, reason="missing", response=response)
        signed: Response[None] = Response()
        signed.status_code = response.status_code
        signed.headers = response.headers
        signed.set_content(b'{"sha1":"%b"}' % digest.encode(errors="replace"))
        self.verifier.verify(signed)
        return digest.lower()


def _unpacked_sha1(content: bytes) -> str | None:
    """Return the SHA-1 of the content of a gzip file, in constant memory; None if it is not gzip, or too large."""
    digest = hashlib.sha1(usedforsecurity=False)
    try:
        for piece in Bound(arrived=len(content)).limited(decoded((content,), "gzip")):
            digest.update(piece)
    except (DecodeError, CodecError):
        return None
    return digest.hexdigest()
