"""What a call of the platform is answered."""

from __future__ import annotations

import json

from taobao_top.spi import accept, reject


def test_accept():
    """A success, with the members the caller asks for."""
    reply = accept({"stock": 5, "名": "中"})

    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json;charset=utf-8"
    assert json.loads(reply.body) == {"flag": "success", "stock": 5, "名": "中"}
    assert json.loads(accept().body) == {"flag": "success"}


def test_accept_xml():
    """qimen wants XML."""
    reply = accept({"code": 0, "message": "a<b"}, xml=True)

    assert reply.headers["Content-Type"] == "text/xml;charset=utf-8"
    assert reply.body == (
        b'<?xml version="1.0" encoding="utf-8"?>'
        b"<response><flag>success</flag><code>0</code><message>a&lt;b</message></response>"
    )


def test_reject():
    """A refusal, in the words callers look for."""
    assert json.loads(reject().body) == {
        "flag": "failure",
        "sub_code": "sign-check-failure",
        "sub_message": "Illegal request",
    }
    assert (
        b"<flag>failure</flag><code>no-stock</code><message>m</message>" in reject("m", code="no-stock", xml=True).body
    )
