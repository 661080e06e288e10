"""What a user wants of WeChat Pay: options and variables of a verb, checked and completed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chainable.errors import CodecError
from chainable.masking import MaskedDict, MaskedURL
from chainable.options import base_url, header_fields, timeout_pair, verification, whole
from chainable.path import fold, nearest
from chainable.resolution import Variable
from wechatpay.near_paths import pieces, refuse_misspelt, refuse_other_operation, scopes
from wechatpay.personal_data import by_scopes, in_path, of_operation
from wechatpay.sensitive import Ciphertext

if TYPE_CHECKING:
    from chainable.resolution import PathResolver, ResolvedPath
    from chainable.transport import ClientCertificate
    from wechatpay.catalogue import Operation
    from wechatpay.client import WeChatPay
    from wechatpay.personal_data import PersonalData

__all__ = ["DEFAULT_BACKUP_URL", "DEFAULT_BASE_URL", "OPTIONS", "Wanted"]

DEFAULT_BASE_URL = "https://api.mch.weixin.qq.com/"
DEFAULT_BACKUP_URL = "https://api2.mch.weixin.qq.com/"

OPTIONS = (
    "json",
    "xml",
    "data",
    "params",
    "files",
    "headers",
    "timeout",
    "stream",
    "base_url",
    "retries",
    "security",
    "verify",
)


class Wanted:
    """
    One call as the user wrote it, resolved against the catalogue.

    Args:
        client: Whose call it is.
        place: Where the chain stands.
        verb: The HTTP method.
        positional: What was given without a name: nothing may be.
        keywords: Options and path variables.

    Raises:
        TypeError: A name is neither option nor variable, a variable has no
            value, or two bodies are given.
        PathError: A variable's value is no segment.
        ConfigurationError: An option's value is unusable.
    """

    def __init__(
        self, client: WeChatPay, place: PathResolver, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]
    ) -> None:
        self._client = client
        self.verb = verb
        if positional:
            msg = f"{verb.lower()}() takes names only: write {verb.lower()}(json={{…}})"
            raise TypeError(msg)
        resolution = self._resolution = place.resolve(verb)
        branch = resolution.branch
        key = branch.verbs.get(verb) if branch is not None else None
        self.operation: Operation | None = client.operation(key) if key is not None else None
        self.label = resolution.label()
        values = MaskedDict(keywords)
        self.json: Any = values.pop("json", None)
        self.xml: Any = values.pop("xml", None)
        self.data: bytes | None = _data(values.pop("data", None))
        self.params: Any = values.pop("params", None)
        self.files: Any = values.pop("files", None)
        self.headers = header_fields(values.pop("headers", None))
        self.timeout = timeout_pair(values.pop("timeout", None), client._timeout)  # noqa: SLF001 (the client's own room)
        self.stream = bool(values.pop("stream", False))
        own = values.pop("base_url", None)
        self._base_url = None if own is None else base_url("base_url", own)
        retries = values.pop("retries", None)
        self.retries = client._retries if retries is None else whole("retries", retries)  # noqa: SLF001
        self.deadline = client._deadline  # noqa: SLF001
        security = bool(values.pop("security", False))
        verify = values.pop("verify", None)
        self.verify = None if verify is None else verification(verify)
        names = resolution.variables()
        if self.operation is None:
            self._refuse_person_in_path(resolution, values)
        self._path = resolution.target(values, {} if self.operation is None else self.operation.fixed)
        if values:
            stray = next(iter(values))
            msg = f"{stray!r} is neither an option nor a variable of {self.label}{nearest(stray, (*OPTIONS, *names))}"
            raise TypeError(msg)
        bodies = [name for name in ("json", "xml", "data") if getattr(self, name) is not None]
        if len(bodies) > 1 or (self.files is not None and self.data is not None):
            msg = f"one call has one body: {' and '.join(bodies)} were given"
            raise TypeError(msg)
        self._refuse_misspelt()
        self.certificate: ClientCertificate | None = None
        if security or (self.operation is not None and self.operation.mtls):
            self.certificate = client.merchant_pair(self.label)

    @property
    def first(self) -> str:
        """The first segment of the path: it decides the protocol."""
        return self.label.partition("/")[0]

    def refuse(self, option: str, mend: str) -> None:
        """Refuse an option this protocol has no use for."""
        if getattr(self, option) is not None:
            msg = f"{option}: {mend}"
            raise TypeError(msg)

    @property
    def sealed_by_hand(self) -> bool:
        """Whether the caller named the key in ``Wechatpay-Serial``, and so says that encrypted fields are ciphertext."""
        return any(name.lower() == "wechatpay-serial" and value for name, value in self.headers.items())

    def refuse_plain(self) -> None:
        """
        Refuse a person's data in plain text, wherever in the request it stands.

        Raises:
            CodecError: Names the field and the ways to give it.
        """
        operation = self.operation
        if operation is not None and not (operation.personal or operation.encrypted_fields):
            return
        if self.sealed_by_hand:
            return
        personal = self._personal(operation)
        if self.params is not None:
            personal.check_query(self.params)
        for body in (self.json, self.xml):
            if body is not None:
                personal.check_body(body)
        if self.data is not None:
            personal.check_bytes(self.data)
        if self.headers:
            personal.check_headers(self.headers)

    def _personal(self, operation: Operation | None) -> PersonalData:
        return by_scopes(scopes(self._pieces)) if operation is None else of_operation(operation)

    def _refuse_misspelt(self) -> None:
        operation = self.operation
        if operation is not None and not operation.shadowed:
            return
        self._pieces = pieces(self._resolution.segments, self._path)
        if operation is not None:
            refuse_other_operation(self.verb, self._pieces, operation.key)
        else:
            access_point = self._base_url or self._client.base_url or ""
            refuse_misspelt(self.verb, self._pieces, urlsplit(access_point).path.strip("/"))

    def _refuse_person_in_path(self, resolution: ResolvedPath, values: dict[str, Any]) -> None:
        for segment in resolution.segments:
            if isinstance(segment, Variable) and segment.value is None and fold(segment.name) in in_path():
                if isinstance(values.get(segment.written), Ciphertext) or self.sealed_by_hand:
                    continue
                msg = (
                    f"{segment.written}: the catalogue knows this name for encrypted fields only, and does not know this "
                    "path: give client.encrypt('…'), or your own ciphertext together with headers={'Wechatpay-Serial': …}"
                )
                raise CodecError(msg)

    def path(self) -> str:
        """Give the path that leaves, percent-encoded, without the leading slash."""
        return self._path.removeprefix("v2/")

    def urls(self, query: str = "") -> tuple[str, ...]:
        """Give the request's URL at each host it may go to, the first preferred."""
        path = self.path()
        target = f"{path}?{query}" if query else path
        return tuple(MaskedURL(base + target) for base in self._bases())

    def _bases(self) -> tuple[str, ...]:
        client, operation = self._client, self.operation
        if self._base_url is not None:
            return (self._base_url,)
        own = operation.base_uri if operation is not None and operation.base_uri_required else None
        if client.base_url is None:
            if own is not None:
                return (own,)
            return (DEFAULT_BASE_URL, *_one(client.backup_url))
        prefix = urlsplit(own).path[1:] if own is not None else ""
        return tuple(base + prefix for base in (client.base_url, *_one(client.backup_url)))

    def repeatable(self) -> bool:
        """Tell whether sending it twice does no more than sending it once, by the reviewed table."""
        if self.verb == "GET":
            return True
        by = None if self.operation is None else self.operation.idempotent_by
        if by is None:
            return False
        place, *names = by
        if place == "path":
            return True  # the number is in the target, or there would be no call
        inner: Any = {
            "json": self.json,
            "xml": self.xml,
            "query": self.params,
            "header": self.headers,
        }[place]
        for name in names:
            inner = inner.get(name) if hasattr(inner, "get") else None
        return inner not in {None, ""} if isinstance(inner, str | None) else bool(inner)

    def known_verbs(self) -> str:
        """Say which verbs the catalogue knows here, if it knows the path at all."""
        branch = self._resolution.branch
        verbs = sorted(branch.verbs) if branch is not None else []
        if self.verb in verbs:
            return ""
        if verbs:
            return f"the catalogue knows {', '.join(verbs)} here, not {self.verb}"
        return "the catalogue does not know this path: is it spelled as on the official page?"


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _data(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    msg = f"data: bytes are sent and signed as they are; encode the {type(value).__name__} first, or give json={{…}}"
    raise TypeError(msg)
