"""The lines of a bill: unpacked, bounded, decoded."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from typing import IO, TYPE_CHECKING, Any

from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["decoded_lines"]

_LONGEST_LINE = 1 << 20
_GZIP = b"\x1f\x8b"
_WORDS = ("时间", "金额", "单号", "商户", "订单", "类型", "日期")
"""Words of header lines; a line read in the wrong encoding has none of them."""
_OTHER_FILES = {
    b"{": Words("JSON, a response of APIv3 and not a bill", " JSON，是 APIv3 的应答，不是账单"),
    b"<": Words("XML or HTML, an error and not a bill", " XML 或 HTML，是错误信息，不是账单"),
    b"-----BEGIN ": Words("PEM, a key or certificate and not a bill", " PEM 格式的密钥或证书，不是账单"),
    b"Bag Attributes": Words("PEM, a key or certificate and not a bill", " PEM 格式的密钥或证书，不是账单"),
    b"PK": Words("a ZIP archive: unpack it first", " ZIP 压缩包：请先解压"),
    b"%PDF": Words("a PDF and not a bill", " PDF，不是账单"),
    b"\xff\xfe": Words(
        "UTF-16, as a spreadsheet saved it: pass the file of the platform",
        " UTF-16 文本，由表格软件另存：请传平台的原文件",
    ),
    _GZIP: Words("packed with gzip twice: unpack it once before", "经 gzip 压缩两次的文件：请先解压一次"),
}


def decoded_lines(file: IO[bytes], encoding: str | None, max_size: int) -> Iterator[tuple[int, str]]:
    """
    Yield the lines that are not blank, with their numbers.

    *encoding* is ``utf-8``, ``gbk``, or None to recognise it by the header line; *max_size* limits what gzip unpacks to.

    Raises:
        CodecError: The file is not a bill, its encoding is unclear, or it is too large.
    """
    lines = _raw_lines(file, max_size)
    number, first = next(
        ((at, line) for at, line in enumerate(lines) if line.removeprefix(codecs.BOM_UTF8).strip()), (0, b"")
    )
    for start, what in _OTHER_FILES.items():
        if first.removeprefix(codecs.BOM_UTF8).lstrip().startswith(start):
            msg = Words(f"this is {what}", f"这是{what.zh}")
            raise CodecError(msg)
    name = _encoding_of(first, encoding)
    line = first.removeprefix(codecs.BOM_UTF8)
    while True:
        number += 1
        try:
            text = line.decode(name).strip("\r\n")
        except UnicodeDecodeError:
            msg = Words(
                f"line {number} is no {name.upper()}: the bill was changed, or give encoding= as it was saved",
                f"第 {number} 行不是 {name.upper()}：账单被改动过，或请用 encoding= 给出保存时的编码",
            )
            raise CodecError(msg) from None
        if text.strip():
            yield number, text
        following = next(lines, None)
        if following is None:
            return
        line = following


def _raw_lines(file: IO[bytes], max_size: int) -> Iterator[bytes]:
    """Yield the lines as bytes; gzip is unpacked."""
    start = file.read(len(_GZIP))
    if start == _GZIP[:1]:  # a pipe may return less than was requested
        start += file.read(1)
    entire: Any = _Rejoined(start, file)
    if start == _GZIP:
        entire = gzip.GzipFile(fileobj=entire, mode="rb")
    buffered = io.BufferedReader(entire, 1 << 18)
    size = 0
    try:
        while line := buffered.readline(_LONGEST_LINE):
            size += len(line)
            if start == _GZIP and size > max_size:
                msg = Words(
                    f"the bill unpacks to more than max_size, {max_size} bytes: if you expect that, give a larger one",
                    f"账单解压后超过 max_size（{max_size} 字节）：如果确实这么大，请调大",
                )
                raise CodecError(msg)
            if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                raise CodecError(
                    Words("a line is longer than any of a bill (1 MiB)", "有一行超过 1 MiB，账单不会有这么长的行")
                )
            yield line
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise CodecError(
            Words("the bill is packed with gzip, and damaged or truncated", "账单是 gzip 压缩的，但已损坏或被截断")
        ) from None


class _Rejoined(io.RawIOBase):
    """A file with the bytes that were read from its beginning; closing it leaves the file open."""

    def __init__(self, start: bytes, file: IO[bytes]) -> None:
        self._start = start
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._start or self._file.read(len(buffer))
        if not isinstance(piece, bytes):
            raise TypeError(
                Words("read: the file is open as text; open it with 'rb'", "read：文件以文本方式打开，请用 'rb' 打开")
            )
        self._start = b""
        buffer[: len(piece)] = piece
        return len(piece)


def _encoding_of(header: bytes, given: str | None) -> str:
    if given is not None:
        try:
            name = codecs.lookup(given).name
        except LookupError:
            name = ""
        if name not in {"utf-8", "utf-8-sig", "gbk", "gb2312", "gb18030"}:
            msg = Words(
                f"encoding: 'utf-8' or 'gbk' was expected, not {shown(given)}",
                f"encoding：应为 'utf-8' 或 'gbk'，不是 {shown(given).zh}",
            )
            raise CodecError(msg)
        return "utf-8" if name.startswith("utf-8") else "gb18030"
    if header.startswith(codecs.BOM_UTF8) or header.isascii():
        return "utf-8"
    readings = {name: text for name in ("utf-8", "gb18030") if (text := _decoded_or_none(header, name)) is not None}
    known = [name for name, text in readings.items() if any(word in text for word in _WORDS)]
    if len(known) == 1:
        return known[0]
    if len(readings) == 1:
        return next(iter(readings))
    msg = Words(
        "the encoding of this bill cannot be recognised from its header: give encoding='utf-8' or encoding='gbk'",
        "无法从表头识别账单的编码：请给出 encoding='utf-8' 或 encoding='gbk'",
    )
    raise CodecError(msg)


def _decoded_or_none(octets: bytes, encoding: str) -> str | None:
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError:
        return None
