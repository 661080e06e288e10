"""
A chain of attributes that becomes a request, and the pipeline it goes through.

Nothing here knows a vendor, a host or a cryptographic primitive: a gateway
brings its signer, its verifier, its codec and its table of errors.
"""

from chainable.call import Attempt, Call
from chainable.chain import Chain, NameChain, PathChain
from chainable.client import Client
from chainable.codecs import FORM, JSON, Codec, FormCodec, JSONCodec
from chainable.errors import (
    APIError,
    ChainableError,
    CodecError,
    ConfigurationError,
    DecryptionError,
    InProgress,
    PathError,
    SignatureError,
    UnknownKeyError,
)
from chainable.keys import KeyStore
from chainable.pipeline import Pipeline
from chainable.promise import Promise
from chainable.response import Response
from chainable.signing import SignableRequest, Signer, Verifier
from chainable.times import BEIJING
from chainable.transport import Transport

__all__ = [
    "BEIJING",
    "FORM",
    "JSON",
    "APIError",
    "Attempt",
    "Call",
    "Chain",
    "ChainableError",
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
    "Response",
    "SignableRequest",
    "SignatureError",
    "Signer",
    "Transport",
    "UnknownKeyError",
    "Verifier",
]
