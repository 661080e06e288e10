"""
Downloads of the platform's files: streamed, unpacked, verified, saved as a whole or not at all.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012124982
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from attrs import frozen

from chainable.call import Call
from chainable.codecs import JSON
from chainable.errors import APIError, CodecError, ConfigurationError, SignatureError
from chainable.masking import safe_repr
from chainable.validation import check_whole
from wechatpay.apiv3.errors import api_error
from wechatpay.files.addresses import PLATFORM_HOSTS, Route, route
from wechatpay.files.saving import ExpectedDigest, Target, check_target, is_seekable, unpacked, write
from wechatpay.files.statements import StatementVerifier
from wechatpay.files.streams import MAX_SIZE, Bound, is_read, iter_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.response import Response
    from wechatpay.settings import Settings

__all__ = ["PLATFORM_HOSTS", "DownloadResult", "Downloader"]

_STATEMENT_DIGEST = "Wechatpay-Statement-Sha1"
_EXPIRED = frozenset({400, 403, 404, 410})
"""Statuses of a download URL that has expired."""


@safe_repr
@frozen
class DownloadResult:
    """
    A saved file.

    Attributes:
        path: Its path; None if it was saved to an open file.
        size: Bytes of the file, unpacked.
        hash_type: The algorithm of the digest that was compared, or None.
        digest: That digest, lower-case hex, or None.
        verified: Whether the digest is part of a verified response, or signed itself.
    """

    path: Path | None
    size: int
    hash_type: str | None
    digest: str | None
    verified: bool


@frozen
class _Job:
    """The options of one download."""

    to: Target
    progress: Callable[[int, int | None], object] | None
    max_size: int


class Downloader:
    """Downloads the files of one merchant; *run* sends a call."""

    def __init__(self, settings: Settings, run: Callable[[Call], Response[Any]]) -> None:
        self._settings = settings
        self._run = run

    def save(
        self,
        source: Response[Any] | str,
        to: Target,
        *,
        progress: Callable[[int, int | None], object] | None = None,
        max_size: int = MAX_SIZE,
    ) -> DownloadResult:
        """
        Save a file of the platform: see :meth:`wechatpay.WeChatPay.download`.

        Args:
            source: A response with a ``download_url`` (and ``hash_type``,
                ``hash_value``); a response that is the file, best requested with
                ``stream=True``; or a URL from a response.
            to: A path holds the whole file or what it held before. An open file gets the content at its
                position; after a failure it is cut back there, if it can seek.
            progress: Called after each chunk of up to 256 KiB, which has to arrive within the client's ``deadline``.
            max_size: The limit at each layer of compression; no byte beyond it is written.

        Raises:
            requests.RequestException: The network failed, or the body is damaged.
            APIError: The platform refused.
            ConfigurationError: The URL or an option is unusable.
        """
        job = _Job(check_target(to), progress, check_whole("max_size", max_size, least=1))
        if isinstance(source, str):
            return self._fetched(job, source, None, verified=False)
        if not isinstance(source, requests.Response):
            msg = f"download: a response or a URL was expected, not {type(source).__name__}"
            raise TypeError(msg)
        data = None
        if is_read(source):
            data = getattr(source, "data", None)
            _refuse_other_data(source, data)
        elif source.raw is None:
            raise CodecError("download: this response has no body, neither read nor on a connection")
        if not isinstance(data, dict):
            return self._saved_body(job, source)
        try:
            return self._fetched(job, _url(data), _expected(data), verified=source.verified)
        except APIError as error:
            renewed = self._renew_url(source) if error.status_code in _EXPIRED else None
            if renewed is None:
                raise
        return self._fetched(job, _url(renewed.data), _expected(renewed.data), verified=renewed.verified)

    def _saved_body(self, job: _Job, source: Response[Any]) -> DownloadResult:
        try:
            expected = self._statement_digest(source)
        except SignatureError:
            source.close()
            raise
        return _saved(job, source, expected, patience=self._settings.deadline, verified=expected is not None)

    def _statement_digest(self, response: requests.Response) -> ExpectedDigest | None:
        if not response.headers.get(_STATEMENT_DIGEST):
            return None
        verifier = StatementVerifier(self._settings.verifier, _STATEMENT_DIGEST)
        return ExpectedDigest("SHA1", verifier.signed_digest(response))

    def _renew_url(self, source: Response[Any]) -> Response[Any] | None:
        """Repeat the request for a URL that has expired; None where it must not be repeated."""
        request = source.request
        if request is None or request.method != "GET":
            return None
        try:
            way = route(self._settings.endpoints, request.url or "")
        except ConfigurationError:  # another client's origin, or not a URL that is sent as it is written
            return None
        if not way.signed:
            return None
        response = self._run(self._call(way, stream=False))
        response.set_data(JSON.decode(response.content))
        if not isinstance(response.data, dict):
            raise CodecError("the response that should have the file's URL is not a JSON object")
        return response

    def _fetched(self, job: _Job, url: str, expected: ExpectedDigest | None, *, verified: bool) -> DownloadResult:
        """Request a URL and save the body; start again if the connection breaks inside the body."""
        way = route(self._settings.endpoints, url)
        call = self._call(way, stream=True)
        restartable = isinstance(job.to, str | os.PathLike) or is_seekable(job.to)
        attempts = self._settings.retries + 1 if restartable else 1
        while True:
            attempts -= 1
            response = self._run(call)
            signed = self._statement_digest(response) if way.signed else None
            try:
                return _saved(
                    job,
                    response,
                    signed or expected,
                    patience=self._settings.deadline,
                    verified=verified or signed is not None,
                )
            except requests.RequestException:
                if attempts <= 0:
                    raise

    def _call(self, way: Route, *, stream: bool) -> Call:
        settings = self._settings
        headers = {"Accept": "*/*"}
        signer = settings.signer if way.signed else None
        if way.signed:
            if signer is None:
                msg = "the platform's files are requested by APIv3, signed: give private_key= and serial=, or signer="
                raise ConfigurationError(msg)
            headers["Wechatpay-Serial"] = settings.verifier_serial or settings.certificates.default_serial

        def read(response: Response[Any]) -> Response[Any]:
            response.request_id = response.headers.get("Request-ID")
            if not 200 <= response.status_code < 300:
                raise api_error(response, name=f"GET {way.label}", about="", verbs="")
            return response

        return Call(
            verb="GET",
            label=way.label,
            urls=way.urls,
            headers=headers,
            body=None,
            signer=signer,
            verifier=settings.verifier if way.signed else None,
            parse=read,
            repeatable=True,
            stream=stream,
            foreign=not way.signed,
        )


def _refuse_other_data(source: requests.Response, data: Any) -> None:
    if not source.content:
        raise CodecError("download: this response is empty: is the file ready yet?")
    if data is not None and not isinstance(data, dict | bytes | str):
        msg = f"download: this response is a JSON {type(data).__name__}, not a file, and has no download_url"
        raise CodecError(msg)


def _url(data: Mapping[str, Any]) -> str:
    url = data.get("download_url")
    if not isinstance(url, str) or not url:
        msg = f"this response has no download_url (it has {', '.join(map(str, data)) or 'nothing'}): is the file ready yet?"
        raise CodecError(msg)
    return url


def _expected(data: Mapping[str, Any]) -> ExpectedDigest | None:
    hash_type, value = data.get("hash_type"), data.get("hash_value")
    if not isinstance(hash_type, str) or not isinstance(value, str) or not hash_type.strip() or not value.strip():
        return None
    return ExpectedDigest(hash_type, value.strip().lower())


def _saved(
    job: _Job, response: requests.Response, expected: ExpectedDigest | None, *, patience: float, verified: bool
) -> DownloadResult:
    bound = Bound(job.max_size)
    received = iter_chunks(response, patience=patience, bound=bound, progress=job.progress)
    try:
        with closing(received), closing(unpacked(response, received, bound)) as content:
            size, compared = write(job.to, content, expected, response)
    except BaseException:
        if not is_read(response):
            response.close()
        raise
    path = Path(job.to) if isinstance(job.to, str | os.PathLike) else None
    if expected is None or not compared:
        return DownloadResult(path, size, None, None, verified=False)
    return DownloadResult(path, size, expected.hash_type, expected.value, verified=verified)
