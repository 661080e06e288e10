"""
A chain of attributes that becomes a request, and the pipeline it goes through.

This package knows no vendor, host or cryptographic primitive: a gateway
supplies its signer, its verifier, its codec and its table of errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.lazy import lazy_attributes

if TYPE_CHECKING:
    from chainable._version import __version__
    from chainable.attempt import Attempt
    from chainable.call import Call
    from chainable.chain import Chain, NameChain, PathChain
    from chainable.client import Client
    from chainable.codecs import FORM, JSON, Codec, FormCodec, JSONCodec
    from chainable.errors import (
        APIError,
        ChainableError,
        ClaimError,
        CodecError,
        ConfigurationError,
        DecryptionError,
        InProgress,
        PathError,
        SignatureError,
        UnknownKeyError,
    )
    from chainable.explanation import explain
    from chainable.keys import KeyStore
    from chainable.masking import Secret
    from chainable.pipeline import Pipeline
    from chainable.promise import Promise
    from chainable.response import Response
    from chainable.signing import SignableRequest, Signer, Verifier
    from chainable.times import BEIJING
    from chainable.transport import RequestsTransport, Transport

__all__ = [
    "BEIJING",
    "FORM",
    "JSON",
    "APIError",
    "Attempt",
    "Call",
    "Chain",
    "ChainableError",
    "ClaimError",
    "Client",
    "Codec",
    "CodecError",
    "ConfigurationError",
    "DecryptionError",
    "FormCodec",
    "InProgress",
    "JSONCodec",
    "KeyStore",
    "NameChain",
    "PathChain",
    "PathError",
    "Pipeline",
    "Promise",
    "RequestsTransport",
    "Response",
    "Secret",
    "SignableRequest",
    "SignatureError",
    "Signer",
    "Transport",
    "UnknownKeyError",
    "Verifier",
    "__version__",
    "explain",
]

# Each name is imported on first use, to keep the import fast.
_HOMES = {
    "_version": ["__version__"],
    "attempt": ["Attempt"],
    "call": ["Call"],
    "chain": ["Chain", "NameChain", "PathChain"],
    "client": ["Client"],
    "codecs": ["FORM", "JSON", "Codec", "FormCodec", "JSONCodec"],
    "explanation": ["explain"],
    "errors": [name for name in __all__ if name.endswith("Error") or name == "InProgress"],
    "keys": ["KeyStore"],
    "masking": ["Secret"],
    "pipeline": ["Pipeline"],
    "promise": ["Promise"],
    "response": ["Response"],
    "signing": ["SignableRequest", "Signer", "Verifier"],
    "times": ["BEIJING"],
    "transport": ["RequestsTransport", "Transport"],
}

__getattr__ = lazy_attributes(
    __name__, {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}
)
