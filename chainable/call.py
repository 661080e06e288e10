"""One call, complete but for the signature: what the pipeline attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.codecs import Codec
    from chainable.response import Response
    from chainable.signing import Signer, Verifier
    from chainable.transport import ClientCertificate

__all__ = ["Call"]


@safe_repr
@frozen(eq=False)
class Call:
    """
    What a user asked for, written as bytes once, before any attempt.

    Attributes:
        verb: The HTTP method.
        label: The path without values, for logs and errors.
        urls: The same request at every host it may go to, the first preferred.
        headers: Without signature and length.
        body: The bytes that leave; a signer of parameters writes it anew.
        signer: Signs each attempt; None for a plain request.
        verifier: Checks the answer; None where nobody can.
        unsigned: A good answer carries no signature; an error may.
        answer: Makes the user's answer of a checked response: decodes it,
            raises APIError for a refusal.
        parameters: What a parameter signature covers.
        codec: Writes the parameters as the body.
        signed_body: What the signature covers in place of the body.
        repeatable: Sending it twice does no more than sending it once.
        timeout: Seconds to connect, and to wait for each piece.
        retries: Attempts after the first, at most.
        deadline: Seconds the whole call may take.
        stream: Leave the body of a success on the connection.
        verify: TLS verification, if not the client's.
        certificate: What to show in TLS.
        foreign: The host is not the platform's: a certificate of a session that the user lent is not shown to it.
    """

    verb: str
    label: str
    urls: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    signer: Signer | None
    verifier: Verifier | None
    answer: Callable[[Response[Any]], Response[Any]] = field(repr=False)
    parameters: Mapping[str, str] | None = field(default=None, repr=False)
    codec: Codec | None = None
    signed_body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False
    timeout: tuple[float, float] = (5.0, 30.0)
    retries: int = 0
    deadline: float = 60.0
    unsigned: bool = False
    stream: bool = False
    verify: bool | str | None = None
    certificate: ClientCertificate | None = None
    foreign: bool = False
