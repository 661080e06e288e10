"""Multipart bodies as clients of several languages write them."""

from __future__ import annotations

import pytest

from chainable.sandbox.multipart import MOST, parse

TYPE = "multipart/form-data; boundary=x"


def part(disposition, content=b"c"):
    return b"--x\r\nContent-Disposition: form-data; " + disposition + b"\r\n\r\n" + content + b"\r\n"


@pytest.mark.parametrize(
    ("disposition", "name", "filename"),
    [
        (b'name="a"', "a", None),
        (b"name=a", "a", None),
        (b'name=""', "", None),
        (b'name="a"; filename=""', "a", ""),
        ('name="图"; filename="图.png"'.encode(), "图", "图.png"),
        (b'Name="a;b"; FileName="c\\"d\\\\e.png"', "a;b", 'c"d\\e.png'),
        (b'name="a"; filename="C:\\dir\\b"', "a", "C:\\dir\\b"),
        (b"name=a; filename*=utf-8''%e5%9b%be", "a", "图"),
        (b"name=a; filename=b c.png; filename*=utf-8''d", "a", "b c.png"),
    ],
)
def test_names(disposition, name, filename):
    (found,) = parse(TYPE, part(disposition) + b"--x--")
    assert (found.name, found.filename, found.content) == (name, filename, b"c")


def test_contents_are_the_bytes_that_were_sent():
    contents = [b"", b"\r\n", b"\r\n--y\r\n", b"a--x", bytes(range(256))]
    body = b"".join(part(b"name=a", each) for each in contents) + b"--x--\r\n"
    assert [each.content for each in parse('Multipart/Form-Data; Boundary="x"', body)] == contents


def test_the_number_of_parts_is_bounded():
    assert len(parse(TYPE, part(b"name=a") * MOST + b"--x--")) == MOST
    with pytest.raises(ValueError, match="more than 2000 parts"):
        parse(TYPE, part(b"name=a") * (MOST + 1) + b"--x--")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x--"),
        ("text/plain; boundary=x", b"--x--"),
        (TYPE, b""),
        (TYPE, part(b"name=a")),
        (TYPE, part(b"filename=a") + b"--x--"),
        (TYPE, b"--x\r\nname\r\n--x--"),
        (TYPE, part(b'name="\xff"') + b"--x--"),
    ],
)
def test_what_is_not_multipart(content_type, body):
    with pytest.raises(ValueError):
        parse(content_type, body)
