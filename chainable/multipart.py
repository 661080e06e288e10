"""Multipart bodies: text parts and files."""

from __future__ import annotations

from mimetypes import guess_type
from typing import TYPE_CHECKING, NamedTuple

from chainable.errors import CodecError
from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FilePart", "encode_multipart"]


class FilePart(NamedTuple):
    """
    A file of a multipart body.

    Attributes:
        name: Its name for the platform; an empty one for a part that has a media type and is not a file.
        content: Its bytes.
        media_type: The media type that it came with; None for that of its name.

    .. versionadded:: 0.1.0
    """

    name: str
    content: bytes
    media_type: str | None = None

    def __repr__(self) -> str:
        # The content may be a person's document, and a repr appears in tracebacks.
        return f"FilePart({self.name!r}, {len(self.content)} bytes)"

    @property
    def content_type(self) -> str:
        """Its media type; that of the name, if it came with none."""
        return self.media_type or guess_type(self.name)[0] or "application/octet-stream"


def encode_multipart(parts: Mapping[str, str | FilePart], boundary: str | None = None) -> tuple[bytes, str]:
    """
    Encode texts and files as ``multipart/form-data``.

    Args:
        parts: Texts, in UTF-8, and files by name; the parts have this order.
        boundary: ASCII text that no part contains; None for a random one.

    Returns:
        The body, and its ``Content-Type``.

    Raises:
        CodecError: A name or a text contains a lone surrogate.

    .. versionadded:: 0.1.0
    """
    from urllib3.fields import RequestField
    from urllib3.filepost import encode_multipart_formdata

    fields = []
    for name, part in parts.items():
        if isinstance(part, str):
            field = RequestField(name, part)
            field.make_multipart()
        else:
            field = RequestField(name, part.content, filename=part.name or None)
            field.make_multipart(content_type=part.content_type)
        fields.append(field)
    try:
        return encode_multipart_formdata(fields, boundary)
    except UnicodeEncodeError:
        msg = Words(
            "files: a name or text contains a lone surrogate, which UTF-8 cannot encode",
            "files：名称或文本中有单独的代理字符（lone surrogate），无法用 UTF-8 编码",
        )
        raise CodecError(msg) from None
