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
    from chainable.chain import (
        Chain,
        NameChain,
        PathChain,
        PlainNameChain,
        Sender,
        name_of,
        path_of,
        sender_of,
    )
    from chainable.chain_root import NameRoot, PathRoot
    from chainable.client import Client
    from chainable.codecs import FORM, JSON, Codec, FormCodec, JSONCodec
    from chainable.direct_transport import DirectTransport as DirectTransport
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
    from chainable.json_answers import read_json
    from chainable.keys import KeyStore
    from chainable.masking import Secret
    from chainable.multipart import FilePart, encode_multipart
    from chainable.options import CallOptions, call_options
    from chainable.pipeline import Pipeline
    from chainable.promise import Promise
    from chainable.resolution import CatalogueNode, PathResolver
    from chainable.response import Response
    from chainable.signing import SignableRequest, Signer, Verifier
    from chainable.throttling import ban_seconds
    from chainable.times import BEIJING
    from chainable.transport import RequestsTransport, Transport
    from chainable.values import write_values

__all__ = [
    "BEIJING",
    "FORM",
    "JSON",
    "APIError",
    "Attempt",
    "Call",
    "CallOptions",
    "CatalogueNode",
    "Chain",
    "ChainableError",
    "ClaimError",
    "Client",
    "Codec",
    "CodecError",
    "ConfigurationError",
    "DecryptionError",
    "FilePart",
    "FormCodec",
    "InProgress",
    "JSONCodec",
    "KeyStore",
    "NameChain",
    "NameRoot",
    "PathChain",
    "PathError",
    "PathResolver",
    "PathRoot",
    "Pipeline",
    "PlainNameChain",
    "Promise",
    "RequestsTransport",
    "Response",
    "Secret",
    "Sender",
    "SignableRequest",
    "SignatureError",
    "Signer",
    "Transport",
    "UnknownKeyError",
    "Verifier",
    "__version__",
    "ban_seconds",
    "call_options",
    "encode_multipart",
    "explain",
    "name_of",
    "path_of",
    "read_json",
    "sender_of",
    "write_values",
]

# Each name is imported on first use, to keep the import fast.
_HOMES = {
    "_version": ["__version__"],
    "attempt": ["Attempt"],
    "call": ["Call"],
    "chain": ["Chain", "NameChain", "PathChain", "PlainNameChain", "Sender", "name_of", "path_of", "sender_of"],
    "chain_root": ["NameRoot", "PathRoot"],
    "client": ["Client"],
    "codecs": ["FORM", "JSON", "Codec", "FormCodec", "JSONCodec"],
    "direct_transport": ["DirectTransport"],  # not in __all__: importing everything must not need its extra
    "explanation": ["explain"],
    "errors": [name for name in __all__ if name.endswith("Error") or name == "InProgress"],
    "json_answers": ["read_json"],
    "keys": ["KeyStore"],
    "masking": ["Secret"],
    "multipart": ["FilePart", "encode_multipart"],
    "options": ["CallOptions", "call_options"],
    "pipeline": ["Pipeline"],
    "promise": ["Promise"],
    "resolution": ["CatalogueNode", "PathResolver"],
    "response": ["Response"],
    "signing": ["SignableRequest", "Signer", "Verifier"],
    "throttling": ["ban_seconds"],
    "times": ["BEIJING"],
    "transport": ["RequestsTransport", "Transport"],
    "values": ["write_values"],
}

__getattr__ = lazy_attributes(
    __name__, {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}
)
