"""Multipart bodies, taken apart byte by byte."""

from __future__ import annotations

import re
from urllib.parse import unquote

from attrs import field, frozen

from chainable.i18n import Words

__all__ = ["Part", "parse"]

MOST = 2000
"""How many parts a body may have."""
MOST_OF_LINE = 1000
BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
PARAMETER = re.compile(r';\s*(\w+\*?)=(?:"((?:[^"\\]|\\.)*)"|([^;"]*))')
ESCAPED = re.compile(r'\\(["\\])')


@frozen
class Part:
    """One part: its name, its file name if it is a file, its media type and its bytes."""

    name: str
    filename: str | None
    content_type: str
    content: bytes = field(repr=False)


def parse(content_type: str, body: bytes) -> list[Part]:
    """
    Return the parts of a ``multipart/form-data`` body; raise ValueError if it is not one.

    Clients that set Content-Type by hand leave its boundary out; then the first line of the body tells it.
    """
    if not content_type.lower().startswith("multipart/form-data"):
        raise ValueError(Words("Content-Type is not multipart/form-data", "Content-Type不是multipart/form-data"))
    found = BOUNDARY.search(content_type)
    first = body[:MOST_OF_LINE].partition(b"\r\n")[0]
    if found is None and (len(first) < 3 or not first.startswith(b"--")):
        raise ValueError(
            Words(
                "neither Content-Type nor the body's first line has a boundary", "Content-Type与报文首行均没有boundary"
            )
        )
    delimiter = first if found is None else b"--" + found[1].strip().encode("latin-1")
    pieces = (b"\r\n" + body).split(b"\r\n" + delimiter)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise ValueError(Words("the body does not end with its boundary", "报文没有以boundary结束"))
    if len(pieces) > MOST + 2:
        raise ValueError(Words(f"the body has more than {MOST} parts", f"报文超过{MOST}个部分"))
    return [_part(piece.removeprefix(b"\r\n")) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, separator, content = piece.partition(b"\r\n\r\n")
    if not separator:
        raise ValueError(Words("a part has no blank line after its headers", "报文某部分的头之后没有空行"))
    headers = {}
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    disposition = {
        name.lower(): ESCAPED.sub(r"\1", quoted) or token.strip()
        for name, quoted, token in PARAMETER.findall(headers.get("content-disposition", ""))
    }
    if "name" not in disposition:
        raise ValueError(
            Words("a part has no name in its Content-Disposition", "报文某部分的Content-Disposition没有name")
        )
    filename = disposition.get("filename")
    if filename is None and "filename*" in disposition:  # utf-8''%e5%9b%be
        filename = unquote(disposition["filename*"].rpartition("'")[2])
    return Part(disposition["name"], filename, headers.get("content-type", ""), content)
