"""Destinations: a URL is parsed once, and ambiguous URLs raise."""

from __future__ import annotations

import pytest

from chainable.destination import Destination
from chainable.errors import ConfigurationError
from chainable.loopback import is_loopback


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "target"),
    [
        ("http://shop.example/n", "http", "shop.example", 80, "/n"),
        ("HTTPS://Shop.Example:8443", "https", "shop.example", 8443, "/"),
        ("http://127.0.0.1:80?a=1", "http", "127.0.0.1", 80, "/?a=1"),
        ("http://[::1]:8000/a?b=c%20d", "http", "::1", 8000, "/a?b=c%20d"),
        ("http://[0:0:0:0:0:0:0:1]/", "http", "::1", 80, "/"),
        ("http://my_app:1/", "http", "my_app", 1, "/"),
        ("https://xn--fiqs8s.example/支付", "https", "xn--fiqs8s.example", 443, "/%E6%94%AF%E4%BB%98"),
        ("http://localhost//other.example/@b:c", "http", "localhost", 80, "//other.example/@b:c"),
    ],
)
def test_a_url_is_parsed(url, scheme, host, port, target):
    found = Destination.of(url)

    assert (found.scheme, found.host, found.port, found.target) == (scheme, host, port, target)
    assert Destination.of(found.url) == found


@pytest.mark.parametrize(
    "url",
    [
        None,
        b"http://a/",
        "",
        "nothing",
        "//127.0.0.1/",
        "ftp://127.0.0.1/",
        "http:///x",
        "http://other.example\\@127.0.0.1/",
        "http://127.0.0.1\\.other.example/",
        "http://127.0.0.1/\\other",
        "http://user@127.0.0.1/",
        "http://127.0.0.1:80@other.example/",
        "http://127.0.0.1#@other.example/",
        "http://127.0.0.1/#fragment",
        "http://127.0.0.1 .other.example/",
        " http://127.0.0.1/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nX: 1",
        "http://127.0.0.1\t/",
        "http://127.0.0.1/\u2028",
        "http://127.0.0.1/\ud800",
        "http://127。0。0。1/",
        "http://１２７.0.0.1/",
        "http://ⓛocalhost/",
        "http://localhost./",
        "http://127.0.0.1./",
        "http://a..b/",
        "http://.a/",
        "http://-a/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://127.0.0.01/",
        "http://a.0x/",
        "http://::1/",
        "http://[::1/",
        "http://[127.0.0.1]/",
        "http://[fe80::1%25eth0]/",
        "http://[::1%lo]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://a:0/",
        "http://a:080/",
        "http://a:/",
        "http://a:+80/",
        "http://a:65536/",
        "http://a:99999999/",
        "http://%6cocalhost/",
    ],
)
def test_an_ambiguous_url_raises(url):
    with pytest.raises(ConfigurationError):
        Destination.of(url)


def test_the_error_does_not_show_the_url():
    with pytest.raises(ConfigurationError) as raised:
        Destination.of("http://user:secret@host/")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_addresses_and_names_of_loopback_are_recognised(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", "10.0.0.1", "0.0.0.0", "::", "localhost.example", "alocalhost", "127.1", "0x7f.1", "127.0.0.1.example",
     "::ffff:127.0.0.1", "::1%lo", "localhost.", "[::1]"],
)  # fmt: skip
def test_other_hosts_are_not_loopback(host):
    assert not is_loopback(host)


def test_names_of_loopback_are_not_resolved():
    assert Destination.of("http://localhost/").addresses == ("127.0.0.1", "::1")
    assert Destination.of("http://a.localhost/").addresses == ("127.0.0.1", "::1")
    assert Destination.of("http://127.0.0.2/").addresses == ("127.0.0.2",)
    assert Destination.of("http://shop.example/").addresses == ("shop.example",)
    assert not Destination.of("http://shop.example/").is_loopback


def test_host_and_origin_omit_the_default_port():
    assert Destination.of("http://[::1]:8000/").authority == "[::1]:8000"
    assert Destination.of("https://A.example:443/x").origin == "https://a.example"
