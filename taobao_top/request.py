"""One call of TOP: its parameters validated and written, its response read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chainable.call import Call
from chainable.codecs import FORM
from chainable.errors import ChainableError
from chainable.i18n import Words
from chainable.masking import MaskedDict, MaskedURL, Secret, unframed, without_frames
from taobao_top.call_options import CallOptions, check_text
from taobao_top.parameters import write
from taobao_top.response import TopResponse
from taobao_top.response_parsing import is_utf8, is_xml, scan
from taobao_top.signing import ParameterSigner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainable.multipart import FilePart
    from chainable.response import Response
    from taobao_top.settings import Settings

__all__ = ["SHORTEST", "RequestSpec"]

_HEADERS = {"User-Agent": "taobao-top for Python", "Accept": "*/*", "Accept-Encoding": "gzip"}
SHORTEST = 0.001
"""The shortest deadline of an attempt, in seconds."""


class RequestSpec:
    """
    One call: its method, its parameters as texts and files, its options.

    Args:
        settings: Those of the client.
        path: The method's name, as its chain spells it.
        positional: Nothing, a mapping of parameters, or bytes as the raw body.
        keywords: Options and parameters.
        options: Those of a call that sets none; None for the client's.
    """

    # Class attributes, because most calls have neither files nor a raw body.
    has_body = False
    version = "2.0"
    """The platform's ``v``; custom methods of qimen may have another."""
    _raw: bytes | None = None
    _files: Mapping[str, FilePart] = {}

    def __init__(
        self,
        settings: Settings,
        path: str,
        positional: tuple[Any, ...],
        keywords: dict[str, Any],
        options: CallOptions | None = None,
    ) -> None:
        self.settings = settings
        self.info = info = settings.method_info(path)
        self.options = options or CallOptions.of(settings)
        texts = None if positional or settings.defaults else _fast_path(keywords, info.plain)
        if texts is None:
            self._write(positional, keywords)
        else:
            self.texts = texts

    @without_frames
    def _write(self, positional: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Take the options, and write the parameters."""
        from taobao_top.parameter_names import split_arguments  # imported lazily: _fast_path() writes most parameters

        info = self.info
        given, self._raw = _mapping(info.name, positional)
        parameters, options = split_arguments(info, given, keywords, has_body=self._raw is not None)
        if options:
            self.options = self.options.with_options(options)
        if self.settings.defaults and self._raw is None:
            parameters = self.settings.defaults_of(info) | parameters
        self.texts, self._files = write(parameters, info.forms)
        self.version = self.texts.pop("v", self.version)
        if self._files and self._raw is not None:
            msg = Words(
                f"{info.name}: a raw body and files cannot go together", f"{info.name}：原始正文与文件不能同时给出"
            )
            raise TypeError(msg)
        self.has_body = bool(self._files) or self._raw is not None

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent twice."""
        return self.info.reads if self.options.repeatable is None else self.options.repeatable

    def public(self, session: str | Secret[str] | None) -> dict[str, str]:
        """Return the system parameters, except those that the signer adds."""
        options = self.options
        parameters: dict[str, str] = MaskedDict(
            method=self.info.name, app_key=self.settings.app_key, v=self.version, format=options.format
        )
        if session:
            check_text("session", session)
            parameters["session"] = Secret.of(session).reveal()
        if options.simplify and options.format in {"json", "json2"}:
            parameters["simplify"] = "true"
        if options.target_app_key is not None:
            parameters["target_app_key"] = str(options.target_app_key)
        return parameters

    def call(self, session: str | Secret[str] | None) -> Call:
        """Build the call with this session, once for all attempts."""
        public = self.public(session)
        if self._raw is not None:
            return self._call(public | self.texts, public | self.texts, self._raw, None, self._raw_type())
        if self._files:
            from chainable.multipart import encode_multipart

            body, content_type = encode_multipart({**self.texts, **self._files})
            return self._call(public | self.texts, public, body, b"", content_type)
        parameters = public | self.texts
        # The built-in signers write the body; a custom one finds it written.
        ready = isinstance(self.settings.signer, ParameterSigner)
        return self._call(parameters, None, None if ready else FORM.encode(parameters), None, FORM.content_type)

    def _call(
        self,
        parameters: dict[str, str],
        query: dict[str, str] | None,
        body: bytes | None,
        signed_body: bytes | None,
        content_type: str,
    ) -> Call:
        settings, options = self.settings, self.options
        return Call(
            verb="POST",
            label=self.info.name,
            urls=(settings.gateway if query is None else MaskedURL(f"{settings.gateway}?{urlencode(query)}"),),
            headers={**_HEADERS, **options.headers, "Content-Type": content_type},
            body=body,
            signer=settings.attached,
            verifier=None,
            parse=self.read_response,
            parameters=parameters,
            codec=FORM if query is None else None,
            signed_body=signed_body,
            repeatable=self.repeatable,
            timeout=options.timeout,
            retries=options.retries,
            deadline=settings.deadline,
            stream=options.stream,
        )

    def _raw_type(self) -> str:
        for name, value in self.options.headers.items():
            if name.lower() == "content-type":
                return value
        xml = (self._raw or b"").lstrip()[:1] == b"<"
        return "text/xml; charset=utf-8" if xml else "application/json; charset=utf-8"

    def read_response(self, received: Response[Any]) -> TopResponse[Any]:
        """Read a response; TopError for a refusal, and for what is not an answer to this method."""
        response: TopResponse[Any] = TopResponse.of(received, self.info.name)
        if self.options.stream and 200 <= response.status_code < 300:
            return response
        utf8 = is_utf8(response.headers.get("Content-Type"))
        try:
            response.set_data(self.read_body(response.content, response, utf8=utf8))
        except ChainableError as error:
            failure = unframed(error)  # the frames below hold the body, which may have tokens
        else:
            received.request_id = response.request_id
            return response
        received.request_id = response.request_id
        raise failure

    def read_body(self, body: bytes, response: TopResponse[Any], *, utf8: bool) -> Any:
        """Read the body of a response, or of one call in a batch, and set the request id of that response."""
        payload = None
        # The fast path of nearly all responses: an object in UTF-8 with only the root.
        if utf8 and body[:1] == b"{":
            try:
                text = body.decode()
                found, end = scan(text)
                payload = found if end == len(text) else None
            except (ValueError, RecursionError, ArithmeticError):
                payload = None
        if payload is None:
            from taobao_top.response_reading import read_payload

            payload = read_payload(body, response, self)
        shape = self.info.shape
        data = payload.get(self.info.root)
        plain = shape is None or not shape.wrapped
        if plain and type(data) is dict and len(payload) == 1 and 200 <= response.status_code < 300:
            request_id = data.get("request_id")
            response.request_id = request_id if type(request_id) is str else None
        else:
            from taobao_top.response_reading import answer_in

            data = answer_in(payload, response, self, xml=body[:1] != b"{" and is_xml(body))
        if shape is not None:
            data = shape.fit(data, simplify=self.options.simplify)
        if self.options.decode:
            from taobao_top.response_reading import open_members

            open_members(data, response, self.options.decode)
        return data


def _fast_path(keywords: Mapping[str, Any], plain: frozenset[str]) -> dict[str, str] | None:
    """Write parameters that are all plain ASCII texts and integers; None if there are others, or options."""
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
        msg = Words(
            f"{name}: one mapping of parameters was expected, {len(positional)} positional arguments were given",
            f"{name}：应为一个参数字典，却给了 {len(positional)} 个位置参数",
        )
        raise TypeError(msg)
    given: Any = positional[0] if positional else None
    if given is None:
        return {}, None
    if isinstance(given, bytes):
        return {}, given
    if not hasattr(given, "items"):
        msg = Words(
            f"{name}: a mapping of parameters was expected, or bytes as the raw body, not {type(given).__name__}",
            f"{name}：应为参数字典，或作为原始正文的 bytes，不是 {type(given).__name__}",
        )
        raise TypeError(msg)
    business = dict(given.items())
    for key in business:
        if not isinstance(key, str):
            msg = Words(
                f"{name}: the name of a parameter is text, not {key!r}", f"{name}：参数名应为文本，不是 {key!r}"
            )
            raise TypeError(msg)
    return business, None
