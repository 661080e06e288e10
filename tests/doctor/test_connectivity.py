"""The way to a host: what is public, what a proxy hides."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from chainable.cli import connectivity
from chainable.cli.checks import bad, good
from chainable.cli.i18n import Words
from wechatpay.cli.doctor import examine


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("https://127.0.0.1:8/x", True),
        ("http://[::1]/", True),
        ("http://localhost", True),
        ("http://a.localhost/", True),
        ("https://api.mch.weixin.qq.com/", False),
        ("https://10.0.0.1/", False),
        ("nothing", False),
    ],
)
def test_this_machine_is_distinguished_from_others(url, there):
    assert connectivity.is_loopback_url(url) is there


@pytest.mark.parametrize(
    ("host", "addresses", "state"),
    [
        ("127.0.0.1", ["127.0.0.1"], "✗"),
        ("10.0.0.1", ["10.0.0.1"], "✗"),
        ("shop.example", ["10.0.0.1"], "!"),
        ("shop.example", ["fe80::1%eth0"], "!"),
        ("shop.example", ["8.8.8.8"], "✓"),
    ],
)
def test_the_platform_comes_from_the_internet(complete, host, addresses, state):
    finding = connectivity._resolved(f"https://{host}/", host, addresses, "1 ms", public=True)

    complete([finding])
    assert finding.state == state


def test_a_port_for_the_platform_has_to_be_public(complete, port):
    result = complete(list(connectivity.check_host(f"https://127.0.0.1:{port}/", None, 1, public=True)))

    assert [finding.state for finding in result] == ["✗", "✗"]


def test_a_proxy_makes_the_direct_way_a_warning(complete):
    fault = bad("tcp x", Words("no", "无"), Words("no", "无"), Words("no", "无"), 3)
    result = complete(list(connectivity.as_warnings([good("dns x", Words("yes", "有")), fault])))

    assert [(finding.state, finding.code) for finding in result] == [("✓", 0), ("!", 0)]


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_authorities_of_the_environment_are_trusted_as_by_calls(settings, complete, states, monkeypatch, name):
    for each in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, settings.pop("ca"))

    assert states(complete(list(examine(settings)))) == {"✓"}


def test_a_folder_may_hold_authorities(tmp_path):
    assert connectivity.check_ca(str(tmp_path)).state == "✓"


@pytest.fixture
def tunnel():
    """A proxy that lets TLS through, and keeps where it was asked to go."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.02)
    asked, ends, over = [], [], threading.Event()

    def pump(source, target):
        with source, target:
            while data := source.recv(65536):
                target.sendall(data)

    def serve():
        while not over.is_set():
            try:
                near, _ = listener.accept()
            except TimeoutError:
                continue
            near.settimeout(60)
            head = b""
            while b"\r\n\r\n" not in head:
                head += near.recv(65536)
            asked.append(head.split()[1].decode())
            host, _, number = asked[-1].rpartition(":")
            far = socket.create_connection((host, int(number)), 10)
            near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for pair in ((near, far), (far.dup(), near.dup())):
                ends.append(threading.Thread(target=swallowing, args=(pump, *pair), daemon=True))
                ends[-1].start()

    def swallowing(work, *arguments):
        with suppress(OSError):
            work(*arguments)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
    over.set()
    thread.join()
    listener.close()
    for each in ends:
        each.join(60)


def test_calls_go_through_a_proxy_that_lets_tls_through(settings, complete, tunnel, monkeypatch):
    url, asked = tunnel
    monkeypatch.setenv("https_proxy", url)
    result = {finding.check: finding for finding in complete(list(examine(settings)))}

    assert result["proxy"].state == "!"
    assert url.removeprefix("http://") in result["proxy"].found
    assert {result[name].state for name in ("clock", "echo", "certificates", "callback")} == {"✓"}
    assert asked
