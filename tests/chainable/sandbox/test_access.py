"""The controls answer requests that name this machine once and do not come from another site's page."""

from __future__ import annotations

import pytest

from chainable.sandbox.access import refusal
from chainable.sandbox.http import Request

HOST = ("host", "127.0.0.1:8080")


def refused(*headers, method="GET", target="/_sandbox/journal", secure=False, address="127.0.0.1"):
    return refusal(Request(method, target, headers, secure=secure), address) is not None


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "127.0.0.1", "localhost", "LOCALHOST:1", "a.localhost", "[::1]:80"])
def test_this_machine_may(host):
    assert not refused(("host", host))
    assert not refused(("host", host), ("origin", f"http://{host.lower().removesuffix(':80')}"), method="POST")


@pytest.mark.parametrize(
    "host",
    ["", "other.example", "other.example:8080", "127.0.0.1.other.example", "user@127.0.0.1", "other.example@127.0.0.1",
     "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:", "127.0.0.1:080", "127.0.0.1:80:80", "127.0.0.1/", "127.0.0.1/x",
     "127.0.0.1?x", "127.0.0.1#x", "127.0.0.1 ", "127.0.0.1, other.example", "127.0.0.1\\other.example", "127.1",
     "localhost.", "::1", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1"],
)  # fmt: skip
def test_other_hosts_may_not(host):
    assert refused(("host", host))


def test_the_address_that_was_bound_is_a_host_as_well():
    assert not refused(("host", "sandbox.test:80"), address="Sandbox.test")
    assert not refused(("host", "10.1.2.3"), address="10.1.2.3")
    assert refused(("host", "10.1.2.3"), address="0.0.0.0")


@pytest.mark.parametrize(
    "host", ["wechatpay:8080", "Taobao-Top", "host.docker.internal:80", "a_b", "web-1.lan.internal"]
)
def test_off_loopback_names_of_private_networks_are_hosts(host):
    assert not refused(("host", host), address="0.0.0.0")
    assert not refused(("host", host), address="10.1.2.3")
    assert refused(("host", host), address="127.0.0.1")


@pytest.mark.parametrize(
    "host", ["other.example", "internal.example", "10.0.0.1", "1", "[::2]", "wechatpay.", "internal."]
)
def test_names_of_public_dns_are_never_hosts(host):
    assert refused(("host", host), address="0.0.0.0")


def test_a_page_under_such_a_name_steers_only_its_own_sandbox():
    host = ("host", "wechatpay:8080")
    assert not refused(host, ("origin", "http://wechatpay:8080"), method="POST", address="0.0.0.0")
    assert refused(host, ("origin", "http://other.example"), method="POST", address="0.0.0.0")
    assert refused(host, ("sec-fetch-site", "cross-site"), method="POST", address="0.0.0.0")


def test_further_hosts_are_good():
    request = Request("GET", "/_sandbox/journal", (("host", "pay.example:80"),))
    assert refusal(request, "127.0.0.1") is not None
    assert refusal(request, "127.0.0.1", {"pay.example"}) is None


@pytest.mark.parametrize("name", ["host", "origin", "sec-fetch-site", "sec-fetch-mode"])
def test_what_decides_is_sent_once(name):
    value = {"host": HOST[1], "origin": f"http://{HOST[1]}", "sec-fetch-site": "same-origin"}.get(name, "cors")
    other = {"host": "other.example"}.get(name, value)

    assert refused(HOST, (name, value), (name, other), method="POST")
    assert refused(HOST, HOST)
    assert refused(("accept", "x"))  # without a host


@pytest.mark.parametrize("target", ["http://other.example/_sandbox/journal", "http://127.0.0.1/_sandbox", "*", ""])
def test_a_target_is_a_path(target):
    assert refused(HOST, target=target)


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://other.example", "https://127.0.0.1:8080", "http://127.0.0.1", "http://127.0.0.1:8081",
     "http://127.0.0.1:8080/", "http://127.0.0.1:8080.other.example", "file://", "http://127.0.0.1:8080 x"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_pages_of_other_origins_may_not(origin, method):
    assert refused(HOST, ("origin", origin), method=method)


def test_https_has_an_origin_of_its_own():
    assert not refused(HOST, ("origin", "https://127.0.0.1:8080"), secure=True)
    assert refused(HOST, ("origin", "http://127.0.0.1:8080"), secure=True)


@pytest.mark.parametrize(
    ("method", "site", "mode", "expected"),
    [
        ("GET", "same-origin", "cors", False),
        ("GET", "none", "navigate", False),
        ("GET", "none", "no-cors", False),
        ("GET", "cross-site", "navigate", False),
        ("GET", "cross-site", "no-cors", True),
        ("GET", "same-site", "cors", True),
        ("GET", "cross-site", "websocket", True),
        ("POST", "same-origin", "cors", False),
        ("POST", "none", "navigate", True),
        ("POST", "cross-site", "navigate", True),
        ("POST", "same-site", "cors", True),
        ("POST", "cross-site", "no-cors", True),
    ],
)
def test_what_browsers_tell_of_a_request(method, site, mode, expected):
    assert refused(HOST, ("sec-fetch-site", site), ("sec-fetch-mode", mode), method=method) is expected
