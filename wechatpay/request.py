"""One call: the options and path variables of a verb, checked against the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chainable.call import Call
from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import MaskedDict
from chainable.path import did_you_mean, fold
from chainable.resolution import PathResolver, Variable
from chainable.spelling import similar_names
from chainable.validation import check_base_url, check_header_fields, check_timeout, check_verification, check_whole
from wechatpay import catalogue
from wechatpay.sensitive import Ciphertext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chainable.codecs import Codec
    from chainable.resolution import ResolvedPath
    from chainable.response import Response
    from chainable.signing import Signer, Verifier
    from chainable.transport import ClientCertificate
    from wechatpay.catalogue import Field, Operation
    from wechatpay.personal_data import PersonalData
    from wechatpay.settings import Settings

__all__ = ["OPTIONS", "RequestSpec", "resolver_of"]

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


_WORDS = {"body": "body", "payload": "body", "content": "body", "form": "body", "query": "params", "args": "params"}
"""What other libraries call the body and the query."""

_SIMILAR = 0.75
"""How similar a name is to the field that it is a misspelling of."""

_TEXT_ADVICE = {
    "json": Words(
        "write json={…}; for JSON that is written already, json=json.loads(text), or data=bytes to send it unchanged",
        "请写成 json={…}；已经是 JSON 文本的，用 json=json.loads(text)，或用 data=bytes 原样发送",
    ),
    "xml": Words("write xml={…}; the client writes and signs the XML", "请写成 xml={…}，XML 由客户端生成并签名"),
}


def resolver_of(path: str) -> PathResolver:
    """Return the position of a path of the catalogue, written without a slash at either end."""
    resolver = PathResolver.start(catalogue.tree())
    for segment in path.split("/"):
        resolver = resolver.literal(segment)
    return resolver


class RequestSpec:
    """
    One call as the user wrote it, resolved against the catalogue.

    Args:
        settings: Those of the client.
        path: The path that the chain spells.
        verb: The HTTP method, in capitals.
        positional: Arguments without a name, which are refused.
        keywords: Options and path variables.
        operation: Used where the catalogue has no operation.

    Raises:
        TypeError: A name is neither option nor variable, a variable has no
            value, or two bodies are given.
        PathError: A variable's value is not a path segment.
        ConfigurationError: An option's value is unusable.
    """

    def __init__(
        self,
        settings: Settings,
        path: PathResolver,
        verb: str,
        positional: tuple[Any, ...],
        keywords: dict[str, Any],
        operation: Operation | None = None,
    ) -> None:
        self._settings = settings
        self.verb = verb
        resolution = self._resolution = path.resolve(verb)
        branch = resolution.branch
        key = branch.verbs.get(verb) if branch is not None else None
        self.operation: Operation | None = (settings.operation(key) if key is not None else None) or operation
        self.label = resolution.label()
        if positional:
            written = f"{verb.lower()}({self._place}={{…}})"
            msg = Words(
                f"{verb.lower()}() takes names only: write {written}",
                f"{verb.lower()}() 只接受具名参数：请写成 {written}",
            )
            raise TypeError(msg)
        values = MaskedDict(keywords)
        security = self._take_options(values)
        self._fill_path(values)
        self._refuse_text()
        self._refuse_two_bodies()
        self._refuse_misspelt()
        self.certificate: ClientCertificate | None = None
        if security or (self.operation is not None and self.operation.mtls):
            self.certificate = settings.merchant_pair(self.label)

    def _take_options(self, values: dict[str, Any]) -> bool:
        """Move the options from *values* to attributes; return whether the call shows the merchant certificate."""
        self.json: Any = values.pop("json", None)
        self.xml: Any = values.pop("xml", None)
        self.data: bytes | None = _data(values.pop("data", None))
        self.params: Any = values.pop("params", None)
        self.files: Any = values.pop("files", None)
        self.headers = check_header_fields(values.pop("headers", None))
        self.timeout = check_timeout(values.pop("timeout", None), self._settings.timeout)
        self.stream = bool(values.pop("stream", False))
        base = values.pop("base_url", None)
        self._base_url = None if base is None else check_base_url("base_url", base)
        retries = values.pop("retries", None)
        self.retries = self._settings.retries if retries is None else check_whole("retries", retries)
        verify = values.pop("verify", None)
        self.verify = None if verify is None else check_verification(verify)
        return bool(values.pop("security", False))

    def _fill_path(self, values: dict[str, Any]) -> None:
        resolution, operation = self._resolution, self.operation
        names = resolution.variables()
        if operation is None:
            self._refuse_person_in_path(resolution, values)
        self._target = resolution.target(values, {} if operation is None else operation.fixed)
        if values:
            stray = next(iter(values))
            advice = self._advice(stray) or did_you_mean(stray, (*OPTIONS, *names))
            msg = Words(
                f"{stray!r} is neither an option nor a variable of {self.label}{advice}",
                f"{stray!r} 既不是调用选项，也不是 {self.label} 的路径变量{advice.zh}",
            )
            raise TypeError(msg)

    @property
    def _place(self) -> str:
        """The option that takes the parameters of this call: of the query, of an XML or of a JSON body."""
        if self.verb == "GET":
            return "params"
        return "xml" if self.first == "v2" else "json"

    def _advice(self, stray: str) -> Words:
        """Return how parameters are given, if an unknown keyword is one of them or a word for all of them."""
        place = _WORDS.get(stray)
        if place is None and self.operation is not None:
            request = self.operation.request
            known = {
                place: getattr(request, {"params": "query"}.get(place, place)) for place in (self._place, "params")
            }
            place = next(
                (place for place, fields in known.items() if stray in {one.name for one in fields or ()}), None
            )
            if place is not None:
                written = f"{self.verb.lower()}({place}={{{stray!r}: …}})"
                return Words(f": it is a parameter, so write {written}", f"：它是接口参数，请写成 {written}")
        if place is not None:
            written = f"{self.verb.lower()}({self._place if place == 'body' else place}={{…}})"
            return Words(f": write {written}", f"：请写成 {written}")
        return Words("", "")

    def _refuse_text(self) -> None:
        for option in ("json", "xml"):
            value = getattr(self, option)
            if isinstance(value, str | bytes | bytearray | memoryview | int | float):
                advice = _TEXT_ADVICE[option]
                msg = Words(
                    f"{option}: a mapping of names to values was expected, not {type(value).__name__}: {advice}",
                    f"{option}：应为名称到值的字典，不是 {type(value).__name__}：{advice.zh}",
                )
                raise TypeError(msg)

    def _refuse_two_bodies(self) -> None:
        bodies = [name for name in ("json", "xml", "data") if getattr(self, name) is not None]
        if len(bodies) > 1 or (self.files is not None and self.data is not None):
            msg = Words(
                f"one call has one body: {' and '.join(bodies)} were given",
                f"一次调用只能有一个请求体，却给了 {' 和 '.join(bodies)}",
            )
            raise TypeError(msg)

    @property
    def first(self) -> str:
        """The first segment of the path, which selects the protocol."""
        return self.label.partition("/")[0]

    @property
    def path(self) -> str:
        """The path that is sent, percent-encoded, without the leading slash."""
        return self._target.removeprefix("v2/")

    def refuse(self, option: str, advice: Words) -> None:
        """Raise TypeError if an option is given that this call cannot use; *advice* follows its name."""
        if getattr(self, option) is not None:
            raise TypeError(Words(f"{option}: {advice}", f"{option}：{advice.zh}"))

    def _is_encrypted_by_caller(self) -> bool:
        # Whoever names the key in Wechatpay-Serial has encrypted the fields already.
        return any(name.lower() == "wechatpay-serial" and value for name, value in self.headers.items())

    def refuse_plain_text(self) -> None:
        """Raise CodecError for personal data in plain text, anywhere in the request."""
        operation = self.operation
        if operation is not None and not (operation.personal or operation.encrypted_fields):
            return
        if self._is_encrypted_by_caller():
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
        from wechatpay.personal_data import by_scopes, of_operation

        if operation is not None:
            return of_operation(operation)
        from wechatpay.near_paths import scopes

        return by_scopes(scopes(self._pieces))

    def _refuse_misspelt(self) -> None:
        operation = self.operation
        if operation is not None and not operation.shadowed:
            return
        from wechatpay.near_paths import refuse_misspelt, refuse_other_operation, split_target

        self._pieces = split_target(self._resolution.segments, self._target)
        if operation is not None:
            refuse_other_operation(self.verb, self._pieces, operation.key)
        else:
            base = self._base_url or self._settings.endpoints.base_url or ""
            refuse_misspelt(self.verb, self._pieces, urlsplit(base).path.strip("/"))

    def _refuse_person_in_path(self, resolution: ResolvedPath, values: dict[str, Any]) -> None:
        from wechatpay.personal_data import in_path

        for segment in resolution.segments:
            if isinstance(segment, Variable) and segment.value is None and fold(segment.name) in in_path():
                if isinstance(values.get(segment.written), Ciphertext) or self._is_encrypted_by_caller():
                    continue
                msg = Words(
                    f"{segment.written}: the catalogue knows this name for encrypted fields only, and does not know this "
                    "path: give client.encrypt('…'), or your own ciphertext together with headers={'Wechatpay-Serial': …}",
                    f"{segment.written}：接口目录中这个名称只用于敏感字段，而目录中没有此路径：请传 client.encrypt('…')，"
                    "或自行加密并传 headers={'Wechatpay-Serial': …}",
                )
                raise CodecError(msg)

    def urls(self, query: str = "") -> tuple[str, ...]:
        """Build the request's URL at each host it may go to, the first preferred; *query* is encoded."""
        target = f"{self.path}?{query}" if query else self.path
        return self._settings.endpoints.urls(self.operation, target, self._base_url)

    def call(
        self,
        read: Callable[[Response[Any]], Response[Any]],
        *,
        query: str = "",
        body: bytes | None = None,
        signer: Signer | None = None,
        verifier: Verifier | None = None,
        signed_body: bytes | None = None,
        parameters: dict[str, str] | None = None,
        codec: Codec | None = None,
    ) -> Call:
        """Build the call; *read* decodes a response, or raises the error that it reports."""
        operation = self.operation
        return Call(
            verb=self.verb,
            label=self.label,
            urls=self.urls(query),
            headers=self.headers,
            body=body,
            signer=signer,
            verifier=verifier,
            parse=read,
            parameters=parameters,
            codec=codec,
            signed_body=signed_body,
            repeatable=self.is_repeatable(),
            timeout=self.timeout,
            retries=self.retries,
            deadline=self._settings.deadline,
            unsigned=operation is not None and operation.unsigned_answer,
            stream=self.stream,
            verify=self.verify,
            certificate=self.certificate,
        )

    def is_repeatable(self) -> bool:
        """Return whether sending the request twice has the effect of sending it once, by the catalogue's reviewed table."""
        if self.verb == "GET":
            return True
        by = None if self.operation is None else self.operation.idempotent_by
        if by is None:
            return False
        place, *names = by
        if place == "path":
            return True  # a path is never sent without its variables
        inner: Any = {
            "json": self.json,
            "xml": self.xml,
            "query": self.params,
            "header": self.headers,
        }[place]
        for name in names:
            inner = inner.get(name) if hasattr(inner, "get") else None
        return inner not in {None, ""} if isinstance(inner, str | None) else bool(inner)

    def name_and_page(self) -> tuple[str, str]:
        """Return verb and path template, and title and official page, for errors."""
        operation = self.operation
        about = "" if operation is None else f"{operation.title} {operation.page or ''}".strip()
        return f"{self.verb} {self.label}", about

    def misspelt_fields(self) -> Words:
        """Name the fields of the request that the catalogue lacks and that are similar to one that it has; else empty."""
        if self.operation is None:
            return Words("", "")
        request = self.operation.request
        found = [
            pair
            for given, fields in ((self.json, request.json), (self.xml, request.xml), (self.params, request.query))
            for pair in _misspelt(given, fields or ())
        ]
        return Words(
            "; ".join(f"the request has {name!r}: did you mean {near!r}?" for name, near in found),
            "；".join(f"请求中有 {name}，是否要写 {near}？" for name, near in found),
        )

    def known_verbs(self) -> Words:
        """Describe the verbs that the catalogue has at this path, for errors; empty if this verb is one of them."""
        branch = self._resolution.branch
        verbs = sorted(branch.verbs) if branch is not None else []
        if self.verb in verbs:
            return Words("", "")
        if verbs:
            return Words(
                f"the catalogue knows {', '.join(verbs)} here, not {self.verb}",
                f"接口目录中这个路径的请求方法是 {'、'.join(verbs)}，不是 {self.verb}",
            )
        from wechatpay.near_paths import similar_paths

        near = similar_paths(self.verb, self.label)
        if near:
            return Words(f"the catalogue does not know this path{near}", f"接口目录中没有这个路径{near.zh}")
        return Words(
            "the catalogue does not know this path: is it spelled as on the official page?",
            "接口目录中没有这个路径：请核对它与官方文档是否一致",
        )


def _misspelt(given: Any, fields: tuple[Field, ...]) -> Iterator[tuple[str, str]]:
    """Yield each name, at any depth, that is not among the fields but similar to one of them that is not given."""
    if isinstance(given, list | tuple):
        for element in given:
            yield from _misspelt(element, fields)
    elif isinstance(given, Mapping):
        known = {each.name: each for each in fields}
        missing = [name for name in known if name not in given]
        for name, value in given.items():
            if name in known:
                yield from _misspelt(value, known[name].fields)
            elif isinstance(name, str) and (near := similar_names(name, missing, _SIMILAR)):
                yield name, near[0]


def _data(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    msg = Words(
        f"data: bytes are sent and signed as they are; encode the {type(value).__name__} first, or give json={{…}}",
        f"data：bytes 原样发送并签名；请先把 {type(value).__name__} 编码为 bytes，或改用 json={{…}}",
    )
    raise TypeError(msg)
