"""Signers and verifiers: what attaches to a request, and what checks an answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from requests import PreparedRequest
from requests.auth import AuthBase

from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from chainable.codecs import Codec

__all__ = ["SignableRequest", "Signer", "Verifier"]


@safe_repr
class SignableRequest(PreparedRequest):
    """
    A prepared request that remembers what its body was made of.

    Attributes:
        parameters: The text parameters of a call that is signed by its
            parameters (a form, XML), without the signature; None where the
            body is signed as bytes.
        codec: Writes ``parameters``, the signature among them, as the body;
            None where they travel in the query.
        signed_body: What the signature covers in place of the body (an
            upload's meta text); None where it is the body itself.
        signed_message: What the last signature was made over; for
            explanations, never for logs.
    """

    parameters: Mapping[str, str] | None = None
    codec: Codec | None = None
    signed_body: bytes | None = None
    signed_message: bytes | None = None


class Signer(AuthBase, ABC):
    """
    Makes a request acceptable to the platform.

    It is called last, once for every attempt, and may be called again for the
    same request: time and nonce are new each time.  It is a requests
    authentication, so ``requests.post(url, auth=signer)`` works as well.
    """

    @abstractmethod
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Sign the request as it stands and give it back."""


@runtime_checkable
class Verifier(Protocol):
    """Checks that an answer is the platform's."""

    def verify(self, response: requests.Response, /) -> None:
        """
        Return None for an authentic answer.

        Raises:
            SignatureError: The signature is missing, old, of an unknown key or wrong.
        """
