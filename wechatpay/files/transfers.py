"""The transfer of one file: its parts, one after the other, decrypted, unpacked, compared with their digests."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from chainable.masking import safe_repr
from wechatpay.files.saving import DigestCheck, Target, unpacked, write
from wechatpay.files.sealed import opened
from wechatpay.files.streams import Bound, is_read, iter_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import requests

    from wechatpay.files.answers import Seal
    from wechatpay.files.saving import ExpectedDigest

__all__ = ["DownloadResult", "Job", "Transfer"]


@safe_repr
@frozen
class DownloadResult:
    """
    A saved file.

    Attributes:
        path: Its path; None if it was saved to an open file.
        size: Bytes of the file, unpacked.
        hash_type: The algorithm of the digest that was compared, or None.
        digest: That digest, lower-case hex; None without one, and for a file of several parts, which have one each.
        verified: Whether the digest is part of a verified response, or signed itself.
    """

    path: Path | None
    size: int
    hash_type: str | None
    digest: str | None
    verified: bool


@safe_repr
@frozen
class Job:
    """The options of one download; ``patience`` has the seconds in which each 256 KiB have to arrive."""

    to: Target
    progress: Callable[[int, int | None], object] | None
    max_size: int
    patience: float


class Transfer:
    """One attempt to save a file."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._checks: list[DigestCheck] = []
        self._trusted = True
        self._size = self._arrived = 0

    def part(
        self,
        response: requests.Response,
        expected: ExpectedDigest | None,
        seal: Seal | None = None,
        *,
        trusted: bool,
        last: bool = True,
    ) -> Generator[memoryview | bytes]:
        """
        Yield the content of one part; a chunk is valid until the next one.

        Args:
            response: The response with the part.
            expected: Its digest; None if there is none.
            seal: Its key; None if it is not encrypted.
            trusted: Whether the digest is part of a verified response, or signed itself.
            last: Whether no part follows.

        Raises:
            SignatureError: The digest is another.
            DecryptionError: The part does not open.
            CodecError: The parts so far are larger than the limit.
            requests.RequestException: The connection broke, or the content is damaged.
        """
        check = DigestCheck(expected, response)
        self._checks.append(check)
        self._trusted = self._trusted and trusted
        bound = Bound(self._job.max_size, earlier=self._size)
        received = iter_chunks(response, patience=self._job.patience, bound=bound, progress=self._progress(last=last))
        try:
            with closing(received):
                arrived = check.packed(received)
                plain = arrived if seal is None else check.packed(opened(arrived, seal))
                with closing(unpacked(response, plain, bound)) as content:
                    for chunk in check.file(content):
                        self._size += len(chunk)
                        yield chunk
        except BaseException:
            if not is_read(response):
                response.close()
            raise
        self._arrived += bound.arrived

    def _progress(self, *, last: bool) -> Callable[[int, int | None], object] | None:
        """Return the user's callback, for the bytes of all parts; what is still to come is known in the last one only."""
        given, before = self._job.progress, self._arrived
        if given is None or (last and not before):
            return given
        return lambda done, expected: given(before + done, before + expected if last and expected is not None else None)

    def save(self, content: Iterator[memoryview | bytes]) -> DownloadResult:
        """Write the content of all parts as one file."""
        job = self._job
        size = write(job.to, content)
        path = Path(job.to) if isinstance(job.to, str | os.PathLike) else None
        digests = [check.expected for check in self._checks if check.compared and check.expected is not None]
        if len(digests) < len(self._checks):
            return DownloadResult(path, size, None, None, verified=False)
        digest = digests[0].value if len(digests) == 1 else None
        return DownloadResult(path, size, digests[0].hash_type, digest, verified=self._trusted)
