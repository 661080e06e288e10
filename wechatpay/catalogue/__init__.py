"""
The catalogue of WeChat Pay: operations, their fields, notification events.

It is read from two files beside this module, record by record, at the first use;
nothing is parsed at import, and no input of users is cached.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from chainable.lazy import lazy_attributes
from chainable.masking import safe_repr
from chainable.path import fold
from chainable.record_file import RecordFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wechatpay.catalogue.fields import Answer, Event, Field, Request

__all__ = [
    "Answer",
    "CatalogueNode",
    "Event",
    "Field",
    "Operation",
    "Request",
    "Upload",
    "event",
    "events",
    "operation",
    "operations",
    "personal",
    "personal_paths",
    "tree",
]

_HERE = os.path.dirname(__file__)
_index = RecordFile(os.path.join(_HERE, "index.shelf"))
_details = RecordFile(os.path.join(_HERE, "details.shelf"))

_NOTHING: Mapping[str, Any] = {}


@safe_repr
class CatalogueNode:
    """
    One position in the tree of the catalogue's paths.

    Nodes are made when they are reached, and cached by their parent.

    Attributes:
        path: The official spelling from the root: ``v3/pay/transactions/id/{transaction_id}``.
    """

    __slots__ = ("_matching", "_node", "_variables", "_verbs", "path")

    def __init__(self, path: str, node: Mapping[str, Any] | None) -> None:
        self.path = path
        self._node = node  # None: in a record of its own
        self._matching: dict[str, tuple[tuple[str, CatalogueNode], ...]] = {}
        self._variables: tuple[tuple[str, CatalogueNode], ...] | None = None
        self._verbs: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return f"CatalogueNode({self.path!r})"

    def _loaded(self) -> Mapping[str, Any]:
        node = self._node
        if node is None:
            node = self._node = _index.get(f"tree {self.path}") or _NOTHING
        return node

    def _child(self, spelling: str, node: Any) -> CatalogueNode:
        return CatalogueNode(f"{self.path}/{spelling}" if self.path else spelling, node or None)

    def matching(self, folded: str, /) -> tuple[tuple[str, CatalogueNode], ...]:
        """
        Return the literal children with this folded spelling.

        A variable with one possible value counts as a literal as well.

        Args:
            folded: A segment as :func:`chainable.path.fold` reduces it; ``''`` is a trailing slash.
        """
        known = self._matching.get(folded)
        if known is None:
            node = self._node or self._loaded()
            children = node.get("literals", _NOTHING).get(folded)
            if children is None:
                if "wide" not in node:
                    return ()
                children = _index.get(f"below {self.path} {folded}")
                if children is None:
                    return ()
            known = tuple(
                (spelling, self._variable(child) if isinstance(child, str) else self._child(spelling, child))
                for spelling, child in children.items()
            )
            self._matching[folded] = known
        return known

    def _variable(self, name: str) -> CatalogueNode:
        return dict(self.variables)[name]

    def literal(self, segment: str, /) -> CatalogueNode | None:
        """Return the child with exactly this spelling; ``''`` is a trailing slash."""
        for spelling, child in self.matching(fold(segment)):
            if spelling == segment:
                return child
        return None

    @property
    def literals(self) -> tuple[str, ...]:
        """The official spellings of all literal children."""
        node = self._loaded()
        if "wide" in node:
            return tuple(_index.get(f"wide {self.path}") or ())
        return tuple(
            spelling
            for children in node.get("literals", _NOTHING).values()
            for spelling, child in children.items()
            if not isinstance(child, str)
        )

    @property
    def variables(self) -> tuple[tuple[str, CatalogueNode], ...]:
        """The children that stand for a value, with their official names."""
        if self._variables is None:
            self._variables = tuple(
                (name, self._child(f"{{{name}}}", node))
                for name, node in self._loaded().get("variables", _NOTHING).items()
            )
        return self._variables

    @property
    def verbs(self) -> Mapping[str, str]:
        """The operations at this path: verb to key."""
        if self._verbs is None:
            self._verbs = {verb: f"{verb} {self.path}" for verb in self._loaded().get("verbs", ())}
        return self._verbs


class _Record:
    # Faster than attrs, both at import and for each call: only the given attributes are in the instance, and
    # the defaults are in the class.

    def __init__(self, **given: Any) -> None:
        self.__dict__.update(given)

    def __setattr__(self, name: str, value: object) -> None:
        msg = Words(f"{type(self).__name__} cannot be changed", f"{type(self).__name__} 不可修改")
        raise AttributeError(msg)


class Upload(_Record):
    """
    The parts of the multipart body of an upload.

    Attributes:
        file: Name of the part with the file.
        meta: Name of the JSON part whose text is signed; None where the fields are parts of their own (v2).
        filename: Member that takes the file's name; None where there is none.
        digest: Member that takes the file's digest in lower-case hexadecimal; None where there is none.
        hash: Algorithm of the digest: ``sha256``, ``sm3`` or ``md5``.
        fixed: Members that have one possible value, with it.
        size: The largest size documented, in bytes; None where none is.
        types: File name extensions documented, in lower case without the dot; empty where none are.
    """

    file: str = "file"
    meta: str | None = None
    filename: str | None = None
    digest: str | None = None
    hash: str = "sha256"
    fixed: Mapping[str, str] = _NOTHING
    size: int | None = None
    types: tuple[str, ...] = ()


@safe_repr
class Operation(_Record):
    """
    One operation; its fields are loaded when they are used.

    Attributes:
        key: Verb and path: ``POST v3/pay/transactions/native``.
        method: The verb, in capitals.
        path: The official path, variables in braces.
        title: Its name on the official page.
        page: The first of its official pages.
        base_uri: Its own access point, with a path prefix where it has one; None for the client's.
        base_uri_required: Whether it is only available there.
        mtls: Whether TLS needs the merchant certificate.
        nonceless: Whether ``nonce_str`` must not be sent (v2).
        status: ``deprecated``, ``discarded``, ``redesigned``, ``privated`` or None.
        successor: Key of the operation that replaces it, if that is certain.
        body: ``json``, ``xml``, ``multipart``, or None for an operation without a body.
        answer: ``json``, ``xml``, ``binary``, ``empty`` or ``redirect`` (a page for a browser).
        variables: Names of the path's variables, in order.
        fixed: Variables that have one possible value, with it.
        encrypted: Whether its page requires encrypted fields, and so ``Wechatpay-Serial`` (v3).
        encrypted_fields: Where in the request: place (``json``, ``query``, ``xml``, ``meta``) to nested
            names, the last one with the kind of encryption (``rsa``); lists are passed through.
        encrypted_answer_fields: The same for the response, without places.
        integer_fields: Where the request has integers: place to nested names, the last one with ``True``.
        encoded_fields: Where the request has text that holds ``json`` or ``urlencode``, likewise.
        idempotent_by: Place (``json``, ``xml``, ``path``, ``header``, ``query``) and names of the number
            that makes repeating this request safe; None if there is none.
        echoes: Numbers that a successful response repeats: place (``path``, ``query``, ``xml``), name in the
            request, names in the response. Of several, the first one in the request is compared.
        unsigned_request: Whether the request has no signature.
        unsigned_answer: Whether a successful response may have no signature.
        digest_header: Response header with the SHA-1 that is signed, as JSON, in place of the body.
        sign_types: Signature algorithms allowed (v2); the first is the default.
        sign_type_parameter: Whether ``sign_type`` is a parameter of the operation (v2).
        sign_type_required: Whether it has to be sent even if it is the default (v2).
        merchant_number_field: The parameter with the merchant's number (v2); None if there is none.
        key_operation: Key of the operation that returns the public key for ``encrypted_fields``, if that is not the
            platform's own.
        upload: The parts of its multipart body; None for other bodies.
        personal: Whether it, or another verb of its path, has encrypted fields in the request.
        shadowed: Whether a value of one of its variables can make its path that of another operation.
    """

    key: str
    method: str
    path: str
    title: str = ""
    page: str | None = None
    base_uri: str | None = None
    base_uri_required: bool = False
    mtls: bool = False
    nonceless: bool = False
    status: str | None = None
    successor: str | None = None
    body: str | None = None
    answer: str = "json"
    variables: tuple[str, ...] = ()
    fixed: Mapping[str, str] = _NOTHING
    encrypted: bool = False
    encrypted_fields: Mapping[str, Any] = _NOTHING
    encrypted_answer_fields: Mapping[str, Any] = _NOTHING
    integer_fields: Mapping[str, Any] = _NOTHING
    encoded_fields: Mapping[str, Any] = _NOTHING
    idempotent_by: tuple[str, ...] | None = None
    echoes: tuple[tuple[str, ...], ...] = ()
    unsigned_request: bool = False
    unsigned_answer: bool = False
    digest_header: str | None = None
    sign_types: tuple[str, ...] = ()
    sign_type_parameter: bool = False
    sign_type_required: bool = False
    merchant_number_field: str | None = None
    key_operation: str | None = None
    upload: Upload | None = None
    personal: bool = False
    shadowed: bool = False

    def __repr__(self) -> str:
        return f"Operation({self.key!r})"

    @property
    def docs(self) -> tuple[str, ...]:
        """All official pages."""
        return _fields(self.key)[2]

    @property
    def request(self) -> Request:
        """Every field of the request."""
        return _fields(self.key)[0]

    @property
    def response(self) -> Answer:
        """Every field of the response."""
        return _fields(self.key)[1]


_LISTS = ("variables", "idempotent_by", "sign_types")
_operations: dict[str, Operation] = {}
_events: dict[str, Event] = {}
_root = CatalogueNode("", None)


def tree() -> CatalogueNode:
    """
    Return the root of all paths.

    Raises:
        ConfigurationError: The catalogue's file is absent or damaged.
    """
    _root.matching("v3")  # opens the file now, and not in the first call
    return _root


def operation(key: str, /) -> Operation | None:
    """
    Return an operation; None if the catalogue does not have it.

    Args:
        key: Verb and official path, as in :attr:`CatalogueNode.verbs`.
    """
    found = _operations.get(key)
    if found is None:
        record = _index.get(key)
        if record is None:
            return None
        found = _operations[key] = _made(key, record)
    return found


def personal(scope: str, /) -> Mapping[str, Any]:
    """
    Return the names that only encrypted fields have; decoded at every call.

    Args:
        scope: ``v3``, ``v2``, a product (``v3/ecommerce``), the key of an operation, or ``path`` for variables of paths.

    Returns:
        By official name, the objects that contain it: names folded by :func:`chainable.path.fold`, joined by dots
        from the outermost, which may be ``^`` for the body itself; ``''`` for any object, ``?`` for any place in the
        query.
    """
    found: Mapping[str, Any] = _index.get(f"personal {scope}") or _NOTHING
    return found


def personal_paths() -> Mapping[str, list[str]]:
    """Return the keys of the operations with encrypted fields, by the letters of their paths; decoded at every call."""
    found: Mapping[str, list[str]] = _index.get("personal paths") or _NOTHING
    return found


def _made(key: str, record: dict[str, Any]) -> Operation:
    method, _, path = key.partition(" ")
    for name in _LISTS:
        if name in record:
            record[name] = tuple(record[name])
    if "echoes" in record:
        record["echoes"] = tuple(map(tuple, record["echoes"]))
    upload = record.get("upload")
    if upload is not None:
        record["upload"] = Upload(**upload | {"types": tuple(upload.get("types", ()))})
    return Operation(key=key, method=method, path=path, **record)


def operations() -> Iterator[Operation]:
    """Yield all operations, in the order of their paths."""
    for key in _index.get("operations") or ():
        found = operation(key)
        if found is not None:
            yield found


@lru_cache(maxsize=64)
def _fields(key: str) -> tuple[Request, Answer, tuple[str, ...]]:
    from wechatpay.catalogue import fields

    return fields.of(_details.get(key) or {})


def event(name: str, /, version: str = "v3") -> Event | None:
    """
    Return a notification event; None if the catalogue does not have it.

    Args:
        name: Its ``event_type``; the slug of those v2 notifications that have no type.
        version: ``v3`` or ``v2``.
    """
    key = f"event {version} {name}"
    found = _events.get(key)
    if found is None:
        record = _details.get(key)
        if record is None:
            return None
        from wechatpay.catalogue import fields

        found = _events[key] = fields.event(version, name, record)
    return found


def events() -> Iterator[Event]:
    """Yield all notification events."""
    for version, name in _index.get("events") or ():
        found = event(name, version)
        if found is not None:
            yield found


__getattr__ = lazy_attributes(
    __name__, dict.fromkeys(("Answer", "Event", "Field", "Request"), "wechatpay.catalogue.fields")
)
