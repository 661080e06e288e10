"""A call of TOP as the user wrote it, checked and written as the bytes that leave."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from chainable.call import Call
from chainable.codecs import FORM
from chainable.errors import ChainableError, CodecError, PathError
from chainable.masking import MaskedDict, MaskedURL, Secret, unframed, without_frames
from chainable.options import header_fields, timeout_pair, whole
from taobao_top import catalogue
from taobao_top.answers import ERROR, inside, is_utf8, json_fields, open_json, read, root_name, scan
from taobao_top.chain import method_name
from taobao_top.errors import TopError, is_read, top_error
from taobao_top.options import OPTIONS
from taobao_top.response import TopResponse
from taobao_top.settings import checked_format, checked_session, flag
from taobao_top.signing import ParameterSigner
from taobao_top.values import FILE, FilePart, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.response import Response
    from taobao_top.catalogue import Method
    from taobao_top.settings import Settings

__all__ = ["SHORTEST", "How", "Known", "Wanted", "carried", "http_error", "known", "one_edit"]

_OPTIONS = frozenset(OPTIONS)
_FILLED_IN = frozenset({"method", "app_key", "v", "timestamp", "sign", "sign_method", "partner_id"})
_HEADERS = {"User-Agent": "taobao-top for Python", "Accept": "*/*", "Accept-Encoding": "gzip"}
_NO_TYPES: Mapping[str, str] = {}
_KEPT = 1024
SHORTEST = 0.001
"""Seconds; an attempt has to have some."""


class Known(NamedTuple):
    """
    What a method's name tells, looked up once.

    Attributes:
        name: The method's name.
        method: What the catalogue knows of it.
        types: Its parameters' types.
        plain: Its parameters that are no files, and that no option is called like.
        reads: It only reads.
        root: The root of its answers.
    """

    name: str
    method: Method | None
    types: Mapping[str, str]
    plain: frozenset[str]
    reads: bool
    root: str


@lru_cache(maxsize=_KEPT)
def known(name: str) -> Known:
    """
    Look a method's name up.

    Raises:
        PathError: It is none a method has.
    """
    if not name.isascii():
        raise PathError("a method's name is ASCII: give values as parameters")
    method = catalogue.method(name)
    types = _NO_TYPES if method is None else method.types
    plain = frozenset(parameter for parameter, kind in types.items() if kind != FILE) - _OPTIONS
    return Known(name, method, types, plain, is_read(name), root_name(name))


class How(NamedTuple):
    """
    The options of a call, where it has none those of its client.

    Attributes:
        session: A seller's session, or what gives it.
        target_app_key: The app behind a qimen call.
        simplify: Ask for plain lists and no root.
        format: The format of the answer.
        timeout: Seconds to connect, and to wait for each piece of an answer.
        headers: Further header fields.
        stream: Leave the answer on the connection.
        retries: Attempts after the first, at most.
        repeatable: It may be sent twice; None: if the method only reads.
        decode: Members that hold JSON text; True for those the catalogue knows.
    """

    session: Secret[str] | Callable[[], str] | None
    simplify: bool
    format: str
    timeout: tuple[float, float]
    retries: int
    target_app_key: str | int | None = None
    headers: Mapping[str, str] = _NO_TYPES
    stream: bool = False
    repeatable: bool | None = None
    decode: tuple[str, ...] | bool = ()

    @classmethod
    def of(cls, settings: Settings) -> How:
        """Give what holds for a call without options."""
        return cls(settings.session, settings.simplify, settings.format, settings.timeout, settings.retries)

    def but(self, options: Mapping[str, Any]) -> How:
        """
        Take the options a user gave; None stands for none.

        Raises:
            TypeError: An option is of a wrong type.
            ConfigurationError: Its value is unusable.
        """
        return self._replace(**{
            name: _CHECKED[name](value) for name, value in options.items() if value is not None
        })  # fmt: skip


def _checked_target(value: Any) -> str | int:
    if isinstance(value, str | int):
        carried("target_app_key", str(value))
        return value
    msg = f"target_app_key: text was expected, not {type(value).__name__}"
    raise TypeError(msg)


def carried(what: str, text: Any) -> None:
    """
    Check that a text can be sent.

    Args:
        what: What it is, for the error.
        text: The text, or a :class:`chainable.masking.Secret` that holds it.

    Raises:
        TypeError: It is no text.
        CodecError: It has a lone surrogate.
    """
    hidden: Secret[Any] = Secret.of(text)
    del text  # a traceback shows no text
    if not isinstance(hidden.reveal(), str):
        msg = f"{what}: text was expected, not {type(hidden.reveal()).__name__}"
        raise TypeError(msg)
    if not _is_unicode(hidden):
        msg = f"{what}: a lone surrogate is in the text, which no UTF-8 can carry"
        raise CodecError(msg)


def _is_unicode(text: Secret[str]) -> bool:
    try:
        text.reveal().encode()
    except UnicodeEncodeError:
        return False
    return True


def _flag(name: str) -> Callable[[Any], bool]:
    """Make what checks an option that is true or false: a text like 'false' would be true."""
    return lambda value: flag(name, value)


def _names(decode: Any) -> tuple[str, ...] | bool:
    if isinstance(decode, bool):
        return decode
    names = (decode,) if isinstance(decode, str) else decode
    if isinstance(names, tuple | list | set | frozenset) and all(isinstance(name, str) for name in names):
        return tuple(names)
    msg = "decode: names of members were expected, such as decode=('token_result',), or True for those the catalogue knows"
    raise TypeError(msg)


_CHECKED: Mapping[str, Callable[[Any], Any]] = {
    "session": checked_session,
    "target_app_key": _checked_target,
    "simplify": _flag("simplify"),
    "format": checked_format,
    "timeout": lambda value: timeout_pair(value, (0, 0)),
    "headers": header_fields,
    "stream": _flag("stream"),
    "retries": lambda value: whole("retries", value),
    "repeatable": _flag("repeatable"),
    "decode": _names,
}


class Wanted:
    """
    One call: its parameters as texts and files, its options.

    Args:
        settings: Those of the client whose call it is.
        path: The method's name, as its chain spells it.
        positional: Nothing, a mapping of parameters, or bytes as the raw body.
        keywords: Options and parameters.

    Raises:
        TypeError: A name is given twice, is the client's own, an option and a
            parameter at once, or a misspelt option; a value has a wrong type.
        PathError: The name is none a method has.
        CodecError: A value cannot be written.
        ConfigurationError: An option's value is unusable.
    """

    # What most calls have none of.
    has_body = False
    _raw: bytes | None = None
    _files: Mapping[str, FilePart] = {}

    def __init__(
        self,
        settings: Settings,
        path: str,
        positional: tuple[Any, ...],
        keywords: dict[str, Any],
        how: How | None = None,
    ) -> None:
        self._settings = settings
        self.about = about = known(method_name(path))
        self.how = how or How.of(settings)
        texts = None if positional else _easily(keywords, about.plain)
        if texts is not None:
            self.texts = texts
            return
        self._write(positional, keywords)

    @without_frames
    def _write(self, positional: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Write the parameters that need more care, and take the options."""
        self.texts, files = write(self._sorted(positional, keywords), self.about.types)
        if files:
            if self._raw is not None:
                msg = f"{self.about.name}: a raw body and files cannot go together"
                raise TypeError(msg)
            self._files = files
            self.has_body = True

    def _sorted(self, positional: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
        """Take the options, and give the parameters."""
        name = self.about.name
        given, self._raw = _mapping(name, positional)
        business = MaskedDict(given)
        self.has_body = self._raw is not None
        options: dict[str, Any] = MaskedDict()
        for key, value in keywords.items():
            if key in _OPTIONS:
                options[key] = value
            elif key in business:
                msg = f"{name}: the parameter {key!r} is given twice, in the mapping and by name"
                raise TypeError(msg)
            else:
                business[key] = value
        _check_names(name, self.about.types, business, keywords, options)
        if options:
            self.how = self.how.but(options)
        return business

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent twice."""
        return self.about.reads if self.how.repeatable is None else self.how.repeatable

    def public(self, session: str | Secret[str] | None) -> dict[str, str]:
        """Give the parameters every call has, but for those the signer adds."""
        how = self.how
        parameters: dict[str, str] = MaskedDict(
            method=self.about.name, app_key=self._settings.app_key, v="2.0", format=how.format
        )
        if session:
            carried("session", session)
            parameters["session"] = Secret.of(session).reveal()
        if how.simplify and how.format == "json":
            parameters["simplify"] = "true"
        if how.target_app_key is not None:
            parameters["target_app_key"] = str(how.target_app_key)
        return parameters

    def call(self, session: str | Secret[str] | None) -> Call:
        """Write the call, with this session, once for all attempts."""
        public = self.public(session)
        if self._raw is not None:
            return self._call(public | self.texts, public | self.texts, self._raw, None, self._raw_type())
        if self._files:
            body, content_type = _multipart(self.texts, self._files)
            return self._call(public | self.texts, public, body, b"", content_type)
        parameters = public | self.texts
        # The ready-made signers write the body themselves; one of the user's own finds it as it would be without them.
        ready = isinstance(self._settings.signer, ParameterSigner)
        return self._call(parameters, None, None if ready else FORM.encode(parameters), None, FORM.content_type)

    def _call(
        self,
        parameters: dict[str, str],
        query: dict[str, str] | None,
        body: bytes | None,
        signed_body: bytes | None,
        content_type: str,
    ) -> Call:
        settings, how = self._settings, self.how
        return Call(
            verb="POST",
            label=self.about.name,
            urls=(settings.gateway if query is None else MaskedURL(f"{settings.gateway}?{urlencode(query)}"),),
            headers={**_HEADERS, **how.headers, "Content-Type": content_type},
            body=body,
            signer=settings.attached,
            verifier=None,
            answer=self.answer,
            parameters=parameters,
            codec=FORM if query is None else None,
            signed_body=signed_body,
            repeatable=self.repeatable,
            timeout=how.timeout,
            retries=how.retries,
            deadline=settings.deadline,
            stream=how.stream,
        )

    def _raw_type(self) -> str:
        for name, value in self.how.headers.items():
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
        answer: TopResponse[Any] = TopResponse.of(response, self.about.name)
        if self.how.stream and 200 <= answer.status_code < 300:
            return answer
        utf8 = is_utf8(answer.headers.get("Content-Type"))
        try:
            answer.take(self.data(answer.content, answer, utf8=utf8))
        except ChainableError as error:
            failure = unframed(error)  # the frames below hold what was answered, tokens among it
        else:
            response.request_id = answer.request_id
            return answer
        raise failure

    def data(self, body: bytes, answer: TopResponse[Any], *, utf8: bool) -> Any:
        """
        Read the body of an answer, whole or one of a batch; notes its request id.

        Args:
            body: As it came.
            answer: What it is the body of.
            utf8: Whether it is UTF-8.
        """
        payload = None
        # Nearly all answers are so, and nothing but their root; the others are read with more care.
        if utf8 and body[:1] == b"{":
            try:
                text = body.decode()
                found, end = scan(text)
                payload = found if end == len(text) else None
            except (ValueError, RecursionError, ArithmeticError):
                payload = None
        if payload is None:
            payload = self._payload(body, answer)
        data = payload.get(self.about.root)
        if type(data) is dict and len(payload) == 1 and 200 <= answer.status_code < 300:
            request_id = data.get("request_id")
            answer.request_id = request_id if type(request_id) is str else None
        else:
            data = self._inside(payload, answer)
        if self.how.decode:
            self._open(data)
        return data

    def _open(self, data: Any) -> None:
        try:
            for path in self._json_paths():
                open_json(data, path)
        except CodecError as error:
            msg = f"{self.about.name}: {error}"
            raise CodecError(msg) from None

    def _payload(self, body: bytes, answer: TopResponse[Any]) -> dict[str, Any]:
        about = self.about
        fields = () if about.method is None else about.method.response
        try:
            return read(body, answer.headers.get("Content-Type"), fields, simplify=self.how.simplify)
        except CodecError as error:
            if not 200 <= answer.status_code < 300:
                raise http_error(answer, repeatable=self.repeatable) from None
            msg = f"{about.name}: {error}"
            raise CodecError(msg) from None

    def _inside(self, payload: dict[str, Any], answer: TopResponse[Any]) -> Any:
        refusal = payload.get(ERROR)
        if isinstance(refusal, dict):
            from taobao_top.explain import explanation

            answer.request_id = _id(payload) or _id(refusal)
            raise top_error(
                refusal,
                method=self.about.name,
                repeatable=self.repeatable,
                now=self._settings.clock,
                request_id=answer.request_id,
                response=answer,
                explain=lambda rule: explanation(rule, answer, self._settings.signer),
            )
        if not 200 <= answer.status_code < 300:
            raise http_error(answer, repeatable=self.repeatable)
        if payload.keys() == {ERROR}:
            msg = f"{self.about.name}: the answer is a refusal that cannot be read: its error_response is no object"
            raise CodecError(msg)
        data = inside(payload, self.about.root)
        answer.request_id = _id(data) or _id(payload)
        return data

    def _json_paths(self) -> tuple[str, ...]:
        if not isinstance(self.how.decode, bool):
            return self.how.decode
        method = self.about.method
        return () if method is None else tuple(json_fields(method.response))


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


def _easily(keywords: Mapping[str, Any], plain: frozenset[str]) -> dict[str, str] | None:
    """Write parameters that are all plain texts and whole numbers; None where one needs more care, or is an option."""
    texts = {}
    for name, value in keywords.items():
        if name not in plain:
            return None
        kind = type(value)
        if kind is str and value.isascii() and value.strip():
            texts[name] = value
        elif kind is int:
            texts[name] = str(value)
        else:
            return None
    return texts


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
        carried(f"{name}: the name of a parameter", key)
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


def _multipart(texts: Mapping[str, str], files: Mapping[str, FilePart]) -> tuple[bytes, str]:
    from urllib3.filepost import encode_multipart_formdata

    fields: list[tuple[str, Any]] = list(texts.items())
    fields += [(name, (part.name, part.content, part.content_type)) for name, part in files.items()]
    return encode_multipart_formdata(fields)


def _id(data: Any) -> str | None:
    found = data.get("request_id") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None
