"""Multipart bodies, read back with the standard library's parser of mail."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import HTTP

import pytest

from chainable.errors import CodecError
from chainable.multipart import FilePart, encode_multipart


def parts(body, content_type):
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=HTTP)
    assert message.is_multipart()
    return list(message.iter_parts())


def test_texts_and_files_keep_their_order_names_and_types():
    body, content_type = encode_multipart(
        {
            "title": "标题",
            "image": FilePart("a.png", b"\x89PNG\r\n"),
            "meta": FilePart("", b'{"a":1}', "application/json"),
            "raw": FilePart("a.unknown", b"x"),
        }
    )
    title, image, meta, raw = parts(body, content_type)

    assert [part.get_param("name", header="content-disposition") for part in (title, image, meta, raw)] == [
        "title",
        "image",
        "meta",
        "raw",
    ]
    assert title.get_payload(decode=True) == "标题".encode()
    assert title["content-type"] is None
    assert (image.get_filename(), image.get_content_type()) == ("a.png", "image/png")
    assert image.get_payload(decode=True) == b"\x89PNG\r\n"
    assert (meta.get_filename(), meta.get_content_type()) == (None, "application/json")
    assert raw.get_content_type() == "application/octet-stream"


def test_the_boundary_can_be_given_and_else_is_never_the_same():
    assert encode_multipart({"a": "b"}, "xyz") == (
        b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--xyz--\r\n',
        "multipart/form-data; boundary=xyz",
    )
    assert encode_multipart({"a": "b"}) != encode_multipart({"a": "b"})


@pytest.mark.parametrize(
    "given", [{"a": "\ud800"}, {"\ud800": "a"}, {"a": FilePart("\ud800", b"x")}], ids=["text", "name", "file name"]
)
def test_a_lone_surrogate_is_refused(given):
    with pytest.raises(CodecError, match="lone surrogate"):
        encode_multipart(given)


def test_the_media_type_of_a_file_is_the_one_it_came_with():
    assert FilePart("a.png", b"", "image/webp").content_type == "image/webp"


def test_a_repr_does_not_show_the_content():
    assert repr(FilePart("id-card.jpg", b"secret")) == "FilePart('id-card.jpg', 6 bytes)"
