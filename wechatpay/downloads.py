"""
Downloads of the platform's files: streamed, unpacked, verified, saved as a whole or not at all.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012124982
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import requests

from chainable.call import Call
from chainable.codecs import JSON
from chainable.errors import APIError, CodecError, ConfigurationError, SignatureError
from chainable.i18n import Words
from chainable.promise import Promise
from chainable.validation import check_whole
from wechatpay.apiv3.errors import NOTHING, api_error
from wechatpay.files.addresses import PLATFORM_HOSTS, Route, route
from wechatpay.files.answers import NamedFile, digest_of_header, files_of
from wechatpay.files.saving import ExpectedDigest, Target, check_target, is_seekable
from wechatpay.files.statements import StatementVerifier
from wechatpay.files.streams import MAX_SIZE, is_read
from wechatpay.files.transfers import DownloadResult, Job, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainable.response import Response
    from wechatpay.settings import Settings

__all__ = ["PLATFORM_HOSTS", "DownloadResult", "Downloader"]

_STATEMENT_DIGEST = "Wechatpay-Statement-Sha1"
_DIGEST = "Digest"
_EXPIRED = frozenset({400, 403, 404, 410})
"""Statuses of a download URL that has expired."""


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
            source: A response that names a file, by ``download_url`` or ``url``, with its
                digest, or by ``download_bill_list``, whose parts are decrypted and joined; a
                response that is the file, best requested with ``stream=True``; its ``data``, which may
                come from a database; or a URL from a response.
            to: A path holds the whole file or what it held before. An open file gets the content at its
                position; after a failure it is cut back there, if it can seek.
            progress: Called after each chunk of up to 256 KiB, which has to arrive within the client's ``deadline``.
            max_size: The limit at each layer of compression; no byte beyond it is written.

        Raises:
            requests.RequestException: The network failed, or the body is damaged.
            APIError: The platform refused.
            SignatureError: A digest is another; nothing is saved.
            CodecError: The response names no file or several, its parts are not complete, or the file is too large.
            DecryptionError: A part does not open with the merchant's private key.
            ConfigurationError: The URL or an option is unusable, or the private key is missing.
        """
        job = Job(check_target(to), progress, check_whole("max_size", max_size, least=1), self._settings.deadline)
        if isinstance(source, str):
            return self._fetched(job, (NamedFile(source),), verified=False)
        if isinstance(source, dict):
            return self._fetched(job, self._files(source), verified=False)
        if not isinstance(source, requests.Response):
            hint = Words("", "")
            if isinstance(source, Promise):
                hint = Words(
                    ": wait for it first, promise.wait() or await promise",
                    "：请先等待它，promise.wait() 或 await promise",
                )
            msg = Words(
                f"download: a response or a URL was expected, not {type(source).__name__}{hint}",
                f"download：应为应答或地址，不是 {type(source).__name__}{hint.zh}",
            )
            raise TypeError(msg)
        data = None
        if is_read(source):
            data = getattr(source, "data", None)
            _refuse_other_data(source, data)
        elif source.raw is None:
            raise CodecError(
                Words(
                    "download: this response has no body, neither read nor on a connection",
                    "download：该应答没有正文：既没有读取，也不在连接上",
                )
            )
        if not isinstance(data, dict):
            return self._saved_body(job, source)
        files = self._files(data)
        try:
            return self._fetched(job, files, verified=source.verified)
        except APIError as error:
            # A pipe that has the first part would get it twice.
            again = error.status_code in _EXPIRED and (len(files) == 1 or _restartable(job.to))
            renewed = self._renew_url(source) if again else None
            if renewed is None:
                raise
        return self._fetched(job, self._files(renewed.data), verified=renewed.verified)

    def _files(self, data: Mapping[str, Any]) -> tuple[NamedFile, ...]:
        return files_of(data, self._settings.decryption_key)

    def _saved_body(self, job: Job, source: Response[Any]) -> DownloadResult:
        try:
            signed = self._statement_digest(source)
        except SignatureError:
            source.close()
            raise
        # The header of APIv2 shows damage; it is not signed.
        expected = digest_of_header(source.headers.get(_DIGEST, "")) if signed is None else signed
        transfer = Transfer(job)
        return transfer.save(transfer.part(source, expected, trusted=signed is not None))

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
            raise CodecError(
                Words(
                    "the response that should have the file's URL is not a JSON object",
                    "应当带有文件地址的应答不是 JSON 对象",
                )
            )
        return response

    def _fetched(self, job: Job, files: tuple[NamedFile, ...], *, verified: bool) -> DownloadResult:
        """Request the parts of a file and save them; start again if the connection breaks inside a body."""
        ways = [(file, route(self._settings.endpoints, file.url)) for file in files]
        attempts = self._settings.retries + 1 if _restartable(job.to) else 1
        while True:
            attempts -= 1
            first = self._run(self._call(ways[0][1], stream=True))
            transfer = Transfer(job)
            try:
                return transfer.save(self._parts(transfer, ways, first, verified=verified))
            except APIError:
                raise
            except requests.RequestException:
                if attempts <= 0:
                    raise

    def _parts(
        self, transfer: Transfer, ways: list[tuple[NamedFile, Route]], first: Response[Any], *, verified: bool
    ) -> Iterator[memoryview | bytes]:
        """Yield the content of the parts; each is requested after the one before it was checked."""
        for number, (file, way) in enumerate(ways, 1):
            response = first if number == 1 else self._run(self._call(way, stream=True))
            signed = self._statement_digest(response) if way.signed else None
            yield from transfer.part(
                response,
                signed or file.expected,
                file.seal,
                trusted=verified or signed is not None,
                last=number == len(ways),
            )

    def _call(self, way: Route, *, stream: bool) -> Call:
        settings = self._settings
        headers = {"Accept": "*/*"}
        signer = settings.signer if way.signed else None
        if way.signed:
            if signer is None:
                msg = Words(
                    "the platform's files are requested by APIv3, signed: give private_key= and serial=, or signer=",
                    "平台的文件要用 APIv3 签名请求：请配置 private_key 与 serial，或 signer",
                )
                raise ConfigurationError(msg)
            headers["Wechatpay-Serial"] = settings.verifier_serial or settings.certificates.default_serial

        def read(response: Response[Any]) -> Response[Any]:
            response.request_id = response.headers.get("Request-ID")
            if not 200 <= response.status_code < 300:
                raise api_error(response, name=f"GET {way.label}", about="", verbs=NOTHING)
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


def _restartable(to: Target) -> bool:
    """Return whether a file can be written from its beginning again."""
    return isinstance(to, str | os.PathLike) or is_seekable(to)


def _refuse_other_data(source: requests.Response, data: Any) -> None:
    if not source.content:
        raise CodecError(
            Words("download: this response is empty: is the file ready yet?", "download：应答为空：文件是否已经生成？")
        )
    if data is not None and not isinstance(data, dict | bytes | str):
        msg = Words(
            f"download: this response is a JSON {type(data).__name__}, not a file, and has no download_url",
            f"download：应答是 JSON {type(data).__name__}，不是文件，也没有 download_url",
        )
        raise CodecError(msg)
