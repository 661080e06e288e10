"""Calls of the platform to its users, verified by the documented rules."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest


class Shop(BaseHTTPRequestHandler):
    """A user's server that keeps its requests."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers, body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.reply)

    def log_message(self, *_):
        pass


@pytest.fixture
def shop():
    server = HTTPServer(("127.0.0.1", 0), Shop)
    server.seen, server.reply = [], b'{"success":true}'
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/spi"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def verified(seen, secret):
    """Whether a call is signed by the rules, and its timestamp."""
    path, headers, body = seen
    query = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True))
    sign = query.pop("sign")
    signed = {name: unquote(headers[name]) for name in headers.get("top-sign-list", "").split(",") if name}
    if headers["Content-Type"].startswith("application/x-www-form-urlencoded"):
        signed |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        body = b""
    signed |= query
    text = "".join(name + signed[name] for name in sorted(signed)).encode()
    good = hashlib.md5(secret.encode() + text + body + secret.encode()).hexdigest().upper() == sign
    return good, datetime.strptime(query["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone(timedelta(hours=8)))


def test_forms_and_headers_are_signed(sandbox, shop):
    outcome = sandbox.call_spi(shop.url, parameters={"empty": ""}, form={"name": "中文"}, headers={"x-shop": "店 1"})
    assert (outcome.status, outcome.data) == (200, {"success": True})
    good, at = verified(shop.seen[0], sandbox.account.app_secret)
    assert good
    assert abs(at.timestamp() - sandbox.application.clock()) < 60
    entry = sandbox.journal[-1]
    assert (entry.kind, entry.status, entry.answer) == ("outbound", 200, shop.reply)


def test_raw_bodies_are_signed(sandbox, shop):
    shop.reply = b"<html>"
    assert sandbox.call_spi(shop.url, body={"a": "中"}).data is None
    assert sandbox.call_spi(shop.url, body=b"<a/>", content_type="text/xml").body == b"<html>"
    for seen in shop.seen:
        assert verified(seen, sandbox.account.app_secret)[0]
    assert json.loads(shop.seen[0][2]) == {"a": "中"}
    assert shop.seen[1][1]["Content-Type"] == "text/xml"


def test_the_query_of_the_url_is_signed(sandbox, shop):
    """A server registered with a query of its own gets it, and the platform signs it with the rest."""
    sandbox.call_spi(f"{shop.url}?shop=%E5%BA%97&empty=&method=of-the-url", form={"a": "b"})
    good, _ = verified(shop.seen[0], sandbox.account.app_secret)
    assert good
    assert shop.seen[0][0].startswith("/spi?shop=%E5%BA%97&empty=&")
    assert sandbox.journal[-1].parameters["shop"] == "店"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<request><orderCode>中</orderCode></request>", "text/xml;charset=utf-8"),
        (b"  <request/>", "text/xml;charset=utf-8"),
        ('{"a": "中"}', "application/json;charset=utf-8"),
        ({"a": "中"}, "application/json;charset=utf-8"),
    ],
)
def test_text_is_sent_as_it_is_with_the_type_of_what_it_looks_like(sandbox, shop, body, kind):
    """Qimen calls carry XML."""
    sandbox.call_spi(shop.url, body=body)
    assert verified(shop.seen[0], sandbox.account.app_secret)[0]
    assert shop.seen[0][1]["Content-Type"] == kind
    raw = (
        body
        if isinstance(body, bytes)
        else body.encode()
        if isinstance(body, str)
        else json.dumps(body, ensure_ascii=False).encode()
    )
    assert shop.seen[0][2] == raw


def test_calls_can_be_forged_or_stale(sandbox, shop):
    sandbox.call_spi(shop.url, forged=True)
    sandbox.call_spi(shop.url, age=3600)
    (forged, _), (stale, at) = (verified(seen, sandbox.account.app_secret) for seen in shop.seen)
    assert (forged, stale) == (False, True)
    assert sandbox.application.clock() - at.timestamp() > 3590


def test_a_call_is_lost_late_or_doubled(sandbox, shop):
    for kind in ("lost", "late", "doubled"):
        sandbox.fault(kind, method="notify taobao.shop.*", match={"tid": "7"}, seconds=0.01)
    results = [sandbox.call_spi(shop.url, method="taobao.shop.ask", form={"tid": "7"}).status for _ in range(3)]
    assert (results, len(shop.seen)) == ([0, 200, 200], 3)
    sandbox.fault("lost", method="notify *", match={"order.tid": "8"})
    assert sandbox.call_spi(shop.url, body={"order": {"tid": 8}}).data is None


def test_a_call_for_a_test_client_is_signed_and_not_sent(sandbox):
    sent = sandbox.spi_request("/spi?shop=1", method="taobao.shop.ask", form={"tid": "7"}, headers={"x-shop": "1"})
    assert sent.target.startswith("/spi?shop=1&app_key=")
    assert (sent.body, len(sandbox.journal)) == (b"tid=7", 0)
    headers = {**sent.headers, "Content-Type": sent.headers["content-type"]}
    assert verified((sent.target, headers, sent.body), sandbox.account.app_secret)[0]
    assert sandbox.spi_request("http://127.0.0.1/spi").target.startswith("/spi?app_key=")
