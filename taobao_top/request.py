"""A call of TOP as the user wrote it, checked and written as the bytes that leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chainable.call import Call
from chainable.codecs import FORM
from chainable.errors import CodecError, PathError
from chainable.options import header_fields, timeout_pair, whole
from taobao_top import catalogue
from taobao_top.answers import ERROR, inside, json_fields, open_json, read, root_name
from taobao_top.chain import method_name
from taobao_top.errors import TopError, is_read, top_error
from taobao_top.options import OPTIONS
from taobao_top.response import TopResponse
from taobao_top.settings import checked_format, checked_session
from taobao_top.values import FilePart, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.response import Response
    from taobao_top.chain import MethodChain
    from taobao_top.settings import Settings

__all__ = ["Wanted", "http_error", "one_edit"]

_FILLED_IN = frozenset({"method", "app_key", "v", "timestamp", "sign", "sign_method", "partner_id"})
_HEADERS = {"User-Agent": "taobao-top for Python", "Accept": "*/*", "Accept-Encoding": "gzip"}
_NO_TYPES: Mapping[str, str] = {}


class Wanted:
    """
    One call: its parameters as texts and files, its options.

    Args:
        settings: Those of the client whose call it is.
        chain: The method's name.
        positional: Nothing, a mapping of parameters, or bytes as the raw body.
        keywords: Options and parameters.

    Raises:
        TypeError: A name is given twice, is the client's own, an option and a
            parameter at once, or a misspelt option; a value has a wrong type.
        PathError: The name is none a method has.
        CodecError: A value cannot be written.
        ConfigurationError: An option's value is unusable.
    """

    def __init__(
        self, settings: Settings, chain: MethodChain, positional: tuple[Any, ...], keywords: dict[str, Any]
    ) -> None:
        self._settings = settings
        self.name = name = method_name(chain)
        if not name.isascii():
            raise PathError("a method's name is ASCII: give values as parameters")
        self.method = catalogue.method(name)
        types = _NO_TYPES if self.method is None else self.method.types
        business, self._raw = _mapping(name, positional)
        options: dict[str, Any] = {}
        for key, value in keywords.items():
            if key in OPTIONS:
                options[key] = value
            elif key in business:
                msg = f"{name}: the parameter {key!r} is given twice, in the mapping and by name"
                raise TypeError(msg)
            else:
                business[key] = value
        _check_names(name, types, business, keywords, options)
        self._texts, self._files = write(business, types)
        if self._raw is not None and self._files:
            msg = f"{name}: a raw body and files cannot go together"
            raise TypeError(msg)
        self._take(options)

    def _take(self, options: dict[str, Any]) -> None:
        settings = self._settings
        self.session: str | Callable[[], str] | None = settings.session
        self.simplify = settings.simplify
        self.format = settings.format
        self.stream = False
        self._target: str | int | None = None
        self._headers: dict[str, str] = {}
        self._timeout = settings.timeout
        self._retries = settings.retries
        self._decode: tuple[str, ...] | bool = ()
        repeatable = None
        if options:
            take = options.get
            session = checked_session(take("session"))
            if session is not None:
                self.session = session
            self._target = _checked_target(take("target_app_key"))
            if take("simplify") is not None:
                self.simplify = bool(take("simplify"))
            if take("format") is not None:
                self.format = checked_format(take("format"))
            self._headers = header_fields(take("headers"))
            self._timeout = timeout_pair(take("timeout"), settings.timeout)
            if take("retries") is not None:
                self._retries = whole("retries", take("retries"))
            self.stream = bool(take("stream"))
            self._decode = _names(take("decode"))
            repeatable = take("repeatable")
        self.repeatable = is_read(self.name) if repeatable is None else bool(repeatable)

    @property
    def texts(self) -> dict[str, str]:
        """The business parameters as they leave."""
        return self._texts

    @property
    def has_body(self) -> bool:
        """Whether it carries files or a raw body, which a batch cannot."""
        return self._raw is not None or bool(self._files)

    def public(self, session: str | None) -> dict[str, str]:
        """Give the parameters every call has, but for those the signer adds."""
        parameters = {"method": self.name, "app_key": self._settings.app_key, "v": "2.0", "format": self.format}
        if session:
            parameters["session"] = session
        if self.simplify and self.format == "json":
            parameters["simplify"] = "true"
        if self._target is not None:
            parameters["target_app_key"] = str(self._target)
        return parameters

    def call(self, session: str | None) -> Call:
        """Write the call, with this session, once for all attempts."""
        public = self.public(session)
        if self._raw is not None:
            return self._call(public | self._texts, public | self._texts, self._raw, None, self._raw_type())
        if self._files:
            body, content_type = _multipart(self._texts, self._files)
            return self._call(public | self._texts, public, body, b"", content_type)
        return self._call(public | self._texts, None, None, None, FORM.content_type)

    def _call(
        self,
        parameters: dict[str, str],
        query: dict[str, str] | None,
        body: bytes | None,
        signed_body: bytes | None,
        content_type: str,
    ) -> Call:
        settings = self._settings
        return Call(
            verb="POST",
            label=self.name,
            urls=(settings.gateway if query is None else f"{settings.gateway}?{urlencode(query)}",),
            headers={**_HEADERS, **self._headers, "Content-Type": content_type},
            body=body,
            signer=settings.attached,
            verifier=None,
            answer=self.answer,
            parameters=parameters,
            codec=FORM if query is None else None,
            signed_body=signed_body,
            repeatable=self.repeatable,
            timeout=self._timeout,
            retries=self._retries,
            deadline=settings.deadline,
            stream=self.stream,
        )

    def _raw_type(self) -> str:
        for name, value in self._headers.items():
            if name.lower() == "content-type":
                return value
        xml = (self._raw or b"").lstrip()[:1] == b"<"
        return "text/xml; charset=utf-8" if xml else "application/json; charset=utf-8"

    def answer(self, response: Response[Any]) -> TopResponse[Any]:
        """
        Read an answer.

        Raises:
            TopError: It is a refusal.
            CodecError: It is no answer of the gateway.
        """
        answer: TopResponse[Any] = TopResponse.of(response, self.name)
        if self.stream and 200 <= answer.status_code < 300:
            return answer
        answer._data = self.data(answer.content, answer)  # noqa: SLF001 (its own room)
        response.request_id = answer.request_id
        return answer

    def data(self, body: bytes, answer: TopResponse[Any]) -> Any:
        """Read the body of an answer, whole or one of a batch; notes its request id."""
        refused = not 200 <= answer.status_code < 300
        fields = self.method.response if self.method is not None and body[:64].lstrip()[:1] == b"<" else ()
        try:
            payload = read(body, answer.headers.get("Content-Type"), fields, simplify=self.simplify)
        except CodecError as error:
            if refused:
                raise http_error(answer, repeatable=self.repeatable) from None
            msg = f"{self.name}: {error}"
            raise CodecError(msg) from None
        refusal = payload.get(ERROR)
        if isinstance(refusal, dict):
            from taobao_top.explain import explanation

            answer.request_id = _id(payload) or _id(refusal)
            raise top_error(
                refusal,
                method=self.name,
                repeatable=self.repeatable,
                now=self._settings.clock,
                request_id=answer.request_id,
                response=answer,
                explain=lambda rule: explanation(rule, answer, self._settings.signer),
            )
        if refused:
            raise http_error(answer, repeatable=self.repeatable)
        data = inside(payload, root_name(self.name))
        answer.request_id = _id(data) or _id(payload)
        for path in self._json_paths():
            open_json(data, path)
        return data

    def _json_paths(self) -> tuple[str, ...]:
        if not isinstance(self._decode, bool):
            return self._decode
        return tuple(json_fields(self.method.response)) if self._decode and self.method is not None else ()


def http_error(answer: TopResponse[Any], *, repeatable: bool) -> TopError:
    """Make the error of an answer with a status that means no, and nothing else to read."""
    status = answer.status_code
    wait = answer.headers.get("Retry-After", "")
    advice = (
        "redirects are not followed: is the gateway's address right?"
        if status < 400
        else "this is no answer of the gateway itself"
    )
    return TopError(
        f"{answer.method}: HTTP status {status} ({advice})",
        status_code=status,
        retryable=repeatable and (status >= 500 or status == 429),
        retry_after=float(wait) if wait.isascii() and wait.isdecimal() else None,
        response=answer,
    )


def _mapping(name: str, positional: tuple[Any, ...]) -> tuple[dict[str, Any], bytes | None]:
    if len(positional) > 1:
        msg = f"{name}: one mapping of parameters was expected, {len(positional)} values were given without a name"
        raise TypeError(msg)
    given: Any = positional[0] if positional else None
    if given is None:
        return {}, None
    if isinstance(given, bytes):
        return {}, given
    if not hasattr(given, "items"):
        msg = f"{name}: a mapping of parameters was expected, or bytes as the raw body, not {type(given).__name__}"
        raise TypeError(msg)
    business = dict(given.items())
    for key in business:
        if not isinstance(key, str):
            msg = f"{name}: the name of a parameter is text, not {key!r}"
            raise TypeError(msg)
    return business, None


def _check_names(
    name: str,
    types: Mapping[str, str],
    business: dict[str, Any],
    keywords: dict[str, Any],
    options: dict[str, Any],
) -> None:
    for key in options:
        if key in types:
            msg = (
                f"{key!r} is an option of every call, and a parameter of {name}: "
                f"give the parameter in the mapping, (…)({{{key!r}: …}}); the option is not to be had here"
            )
            raise TypeError(msg)
    for key in business:
        if key in types:
            continue
        if key in _FILLED_IN:
            msg = f"{name}: {key!r} is filled in by the client, leave it out"
            raise TypeError(msg)
        if key in OPTIONS and key in {"session", "target_app_key", "simplify", "format"}:
            msg = f"{name}: {key!r} is an option: give it by name, (…)({key}=…), not in the mapping"
            raise TypeError(msg)
        if key in keywords:
            near = next((option for option in OPTIONS if one_edit(key, option)), None)
            if near is not None:
                msg = (
                    f"{name}: {key!r} is one letter away from the option {near!r}; "
                    f"if it is a parameter, give it in the mapping, (…)({{{key!r}: …}})"
                )
                raise TypeError(msg)


def one_edit(word: str, option: str) -> bool:
    """Tell whether one letter more, less, changed or swapped makes the option of the word."""
    difference = len(word) - len(option)
    if not -1 <= difference <= 1:
        return False
    start = 0
    while start < min(len(word), len(option)) and word[start] == option[start]:
        start += 1
    rest, wanted = word[start:], option[start:]
    if difference:
        return rest[1:] == wanted if difference > 0 else rest == wanted[1:]
    return rest[1:] == wanted[1:] or (rest[1::-1] == wanted[:2] and rest[2:] == wanted[2:])


def _checked_target(value: Any) -> str | int | None:
    if isinstance(value, str | int | None):
        return value
    msg = f"target_app_key: text was expected, not {type(value).__name__}"
    raise TypeError(msg)


def _names(decode: Any) -> tuple[str, ...] | bool:
    if decode is None or isinstance(decode, bool):
        return bool(decode)
    names = (decode,) if isinstance(decode, str) else decode
    if isinstance(names, tuple | list | set | frozenset) and all(isinstance(name, str) for name in names):
        return tuple(names)
    msg = "decode: names of members were expected, such as decode=('token_result',), or True for those the catalogue knows"
    raise TypeError(msg)


def _multipart(texts: dict[str, str], files: dict[str, FilePart]) -> tuple[bytes, str]:
    from urllib3.filepost import encode_multipart_formdata

    fields: list[tuple[str, Any]] = list(texts.items())
    fields += [(name, (part.name, part.content, part.content_type)) for name, part in files.items()]
    return encode_multipart_formdata(fields)


def _id(data: Any) -> str | None:
    found = data.get("request_id") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None
