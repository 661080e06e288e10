"""TLS contexts of a transport: one for each pair of verification and client certificate, so that files are read once."""

from __future__ import annotations

import os
import ssl
import threading
from typing import NamedTuple, Protocol

from requests.certs import where  # type: ignore[attr-defined]  # re-exported by requests, as its users expect

from chainable.errors import ConfigurationError

__all__ = ["ClientCertificate", "FileCertificate", "TLSContexts", "new_context", "verification"]


class ClientCertificate(Protocol):
    """A client certificate for TLS; hashable, because each one has its own connection pool."""

    def load_into(self, context: ssl.SSLContext, /) -> None:
        """Load the certificate and its key into a TLS context."""


class FileCertificate(NamedTuple):
    """A certificate and its key in PEM files; one file may hold both."""

    certificate: str
    key: str | None = None

    @classmethod
    def of(cls, cert: str | tuple[str, str] | None) -> FileCertificate | None:
        """Convert the option ``cert`` of requests."""
        if cert is None:
            return None
        return cls(cert) if isinstance(cert, str) else cls(*cert)

    def load_into(self, context: ssl.SSLContext, /) -> None:
        """Load the certificate and its key into a TLS context."""
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            msg = (
                f"client certificate {self.certificate!r}: it cannot be loaded with its key "
                f"({type(error).__name__}: {error}); check both files"
            )
            raise ConfigurationError(
                msg, reason="certificate_not_loaded", file=self.certificate, error=f"{type(error).__name__}: {error}"
            ) from None


def verification(verify: bool | str | os.PathLike[str] | None, *, trust_env: bool = True) -> bool | str:
    """
    Return True, False, or the path of a CA file or folder.

    Args:
        verify: What the user gave; None for the file that ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE`` names.
        trust_env: Whether these variables are read.
    """
    if verify is None and trust_env:
        verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if verify is None:
        return True
    return verify if isinstance(verify, bool) else os.path.expanduser(verify)  # noqa: PTH111 (also for a home that is unknown)


class TLSContexts:
    """The TLS contexts of one transport."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[bool | str, ClientCertificate | None], ssl.SSLContext] = {}
        self._lock = threading.RLock()  # A signal handler may send a request of its own in this thread.

    def get(self, verify: bool | str, certificate: ClientCertificate | None) -> ssl.SSLContext:
        """
        Return the TLS context for a verification and a client certificate.

        Raises:
            ConfigurationError: The CA file or the certificate cannot be loaded.
        """
        key = (verify, certificate)
        with self._lock:
            context = self._contexts.get(key)
            if context is None:
                context = new_context(verify)
                if certificate is not None:
                    certificate.load_into(context)
                self._contexts[key] = context
        return context


def new_context(verify: bool | str) -> ssl.SSLContext:
    """
    Make a TLS context that verifies servers with requests' CA bundle, with a CA file or folder, or not at all.

    Raises:
        ConfigurationError: The CA file cannot be loaded.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    bundle = verify if isinstance(verify, str) else where()
    try:
        if os.path.isdir(bundle):
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        msg = (
            f"verify: CA certificates in PEM form were expected in {bundle!r} ({type(error).__name__}: {error}); "
            f"pass the path of a CA file or folder"
        )
        raise ConfigurationError(
            msg, reason="no_ca_certificates", setting="verify", file=bundle, error=f"{type(error).__name__}: {error}"
        ) from None
    return context
