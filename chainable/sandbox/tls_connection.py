"""TLS between the bytes of a socket and those of HTTP, without a transport of its own."""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import cached_property

__all__ = ["TlsConnection"]

CHUNK = 16 * 1024  # no record holds more


class TlsConnection:
    """
    The server's side of one TLS connection.

    Every call takes bytes and gives bytes; those for the peer are fetched with :meth:`outgoing` afterwards.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._received = ssl.MemoryBIO()
        self._written = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._written, server_side=True)
        self._established = False
        self.ended = False
        """True once the peer has closed its side, or does not speak TLS that is accepted."""

    def incoming(self, data: bytes) -> bytes:
        """Take bytes from the socket; return the decrypted data, which may be empty."""
        self._received.write(data)
        said = bytearray()
        try:
            if not self._established:
                self._tls.do_handshake()
                self._established = True
            while part := self._tls.read(CHUNK):
                said += part
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:  # an alert that says why is waiting to be sent
            self.ended = True
        return bytes(said)

    def write(self, data: bytes) -> None:
        """Encrypt data for the peer."""
        rest = memoryview(data)
        while rest:  # one record at a time
            rest = rest[self._tls.write(rest) :]

    def close(self) -> None:
        """Close this side."""
        with suppress(ssl.SSLError):  # it would wait for the same from the peer
            self._tls.unwrap()

    def outgoing(self) -> bytes:
        """Return the bytes that the socket has to send now."""
        return self._written.read()

    @cached_property
    def serial(self) -> str | None:
        """Serial of the peer's certificate, 40 upper-case hexadecimal digits; None without one."""
        certificate = self._tls.getpeercert()
        return str(certificate["serialNumber"]).zfill(40) if certificate else None
