"""Signers sign requests, and verifiers verify responses."""

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
    A prepared request with the values that its signer needs.

    Attributes:
        parameters: The text parameters that the signature covers (a form,
            XML), without the signature; None if it covers the bytes of the body.
        codec: Encodes ``parameters`` with the signature as the body; None if
            they are sent in the query.
        signed_body: The bytes that the signature covers in place of the body
            (the meta text of an upload); None if it covers the body.
        signed_message: The message of the last signature, to explain errors;
            it must not be logged.
    """

    parameters: Mapping[str, str] | None = None
    codec: Codec | None = None
    signed_body: bytes | None = None
    signed_message: bytes | None = None


class Signer(AuthBase, ABC):
    """
    Signs requests.

    It is called last, once for each attempt.  It may be called several times
    for the same request, with a new time and nonce each time.  It is an
    authentication of requests, so ``requests.post(url, auth=signer)`` works.
    """

    @abstractmethod
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Sign the complete request, and return it."""


@runtime_checkable
class Verifier(Protocol):
    """Verifies that a response is authentic."""

    def verify(self, response: requests.Response, /) -> None:
        """
        Return None for an authentic response.

        Raises:
            SignatureError: The signature is missing, expired, made with an unknown key, or wrong.
        """
