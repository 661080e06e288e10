"""One call, complete except for the signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.masking import fields_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.codecs import Codec
    from chainable.response import Response
    from chainable.signing import Signer, Verifier
    from chainable.transport import ClientCertificate

__all__ = ["Call"]


@fields_repr
@frozen(eq=False, repr=False, slots=False)  # attrs makes a class with slots twice, and fills it more slowly
class Call:
    """
    One call, encoded once before its first attempt.

    Attributes:
        verb: The HTTP method.
        label: The path without values, for logs and errors.
        urls: The URL of the request at each host it may be sent to, the preferred one first.
        headers: The headers, without signature and ``Content-Length``.
        body: The encoded body; a signer of parameters replaces it.
        signer: Signs each attempt; None for a request without a signature.
        verifier: Verifies the response; None if the platform does not sign it.
        parse: Turns a verified response into the user's: decodes it, raises
            APIError for a refusal.
        parameters: The text parameters that a signature of parameters covers.
        codec: Encodes the parameters as the body.
        signed_body: The bytes that the signature covers in place of the body.
        repeatable: The call may be sent twice without a second effect.
        timeout: Seconds to connect, and to wait for each piece; None for the client's.
        retries: The maximum number of attempts after the first; None for the client's.
        deadline: The maximum number of seconds for the whole call; None for the client's.
        unsigned: A successful response carries no signature; an error response may.
        stream: Leave the body of a successful response on the connection.
        verify: TLS verification; None for the client's.
        certificate: The client certificate for TLS.
        foreign: The host does not belong to the platform, so the certificate of a borrowed session is not used.
    """

    verb: str
    label: str
    urls: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    signer: Signer | None
    verifier: Verifier | None
    parse: Callable[[Response[Any]], Response[Any]] = field(repr=False)
    parameters: Mapping[str, str] | None = field(default=None, repr=False)
    codec: Codec | None = None
    signed_body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False
    timeout: tuple[float, float] | None = None
    retries: int | None = None
    deadline: float | None = None
    unsigned: bool = False
    stream: bool = False
    verify: bool | str | None = None
    certificate: ClientCertificate | None = None
    foreign: bool = False
