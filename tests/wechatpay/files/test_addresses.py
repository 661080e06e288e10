"""The signature leaves for the client's own origins and the platform's, over the scheme they have, and for no other."""

from __future__ import annotations

import pytest
import requests
import urllib3
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from chainable.errors import ChainableError, ConfigurationError
from wechatpay import catalogue
from wechatpay.files.addresses import PLATFORM_HOSTS, Address, route
from wechatpay.settings import Endpoints

LIVE = "https://api.mch.weixin.qq.com/"
SPARE = "https://api2.mch.weixin.qq.com/"
BASES = (
    None,
    "https://gateway.example/",
    "https://Gateway.Example:8443/wx/",
    "http://127.0.0.1:8000/",
    "http://[::1]:8080/",
    "http://localhost/",
)


@pytest.fixture
def lane():
    """The one whose connections are watched below."""
    return "requests"


def endpoints_of(base=None, backup=None):
    return Endpoints(base, SPARE if base is None else backup)


def signed(url, base=None, backup=None):
    way = route(endpoints_of(base, backup), url)
    return way.urls if way.signed else None


class TestOwnOrigins:
    @pytest.mark.parametrize(
        ("url", "base", "sent"),
        [
            ("https://gateway.example/a?b=%2f", "https://gateway.example/", "https://gateway.example/a?b=%2f"),
            ("HTTPS://GATEWAY.example:443/a", "https://gateway.example/", "https://gateway.example/a"),
            ("https://gateway.example:/a", "https://gateway.example/", "https://gateway.example/a"),
            ("https://gateway.example/a", "https://Gateway.example:443/wx/", "https://Gateway.example:443/a"),
            ("https://gateway.example:0443/wx/a", "https://gateway.example/wx/", "https://gateway.example/wx/a"),
            ("http://127.0.0.1:80/a", "http://127.0.0.1/", "http://127.0.0.1/a"),
            ("http://[0:0::1]:8000/a", "http://[::1]:8000/", "http://[::1]:8000/a"),
            ("https://gateway.example?x", "https://gateway.example/", "https://gateway.example/?x"),
            ("https://gateway.example/a#b@c", "https://gateway.example/", "https://gateway.example/a"),
        ],
    )
    def test_the_same_scheme_host_and_port(self, url, base, sent):
        """URLs are sent as written in the settings."""
        assert signed(url, base) == (sent,)

    @pytest.mark.parametrize("base", ["https://gateway.example:8443/", "https://gateway.example/"])
    def test_plain_http_of_the_same_host_and_port_is_refused(self, base):
        url = f"http://gateway.example:{8443 if '8443' in base else 443}/v3/billdownload/file?token=T"

        with pytest.raises(ConfigurationError, match="^download: plain http of this host and port"):
            route(endpoints_of(base), url)

    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1:8000/a",
            "https://127.0.0.1/a",
            "https://gateway.example:8443/",
            "https://gateway.example.evil.example/",
            "https://api-mch.weixin.qq.com/",
            "https://xn--gatewy-bza.example/",
        ],
    )
    @pytest.mark.parametrize("base", ["http://127.0.0.1:8000/", "https://gateway.example/"])
    def test_another_scheme_port_or_host_gets_no_signature(self, url, base):
        assert signed(url, base) is None

    def test_the_spare_host_is_an_own_origin(self):
        assert signed(SPARE + "a") == (SPARE + "a",)
        assert signed("https://b.example:1/a", "https://a.example/", "https://b.example:1/") == (
            "https://b.example:1/a",
        )


class TestPlatform:
    @pytest.mark.parametrize("host", sorted(PLATFORM_HOSTS))
    def test_its_hosts_by_https(self, host):
        assert signed(f"https://{host.upper()}:443/a?b") == (f"https://{host}/a?b",)

    def test_a_client_that_is_pointed_elsewhere_reaches_nothing_else(self):
        base, backup = "https://a.example/wx/", "https://b.example/"

        assert signed(LIVE + "v3/x?y", base, backup) == (base + "v3/x?y", backup + "v3/x?y")

    @pytest.mark.parametrize("base", [None, "http://127.0.0.1:8000/"])
    @pytest.mark.parametrize("origin", ["http://{}", "http://{}:443", "https://{}:80", "https://{}:8443"])
    @pytest.mark.parametrize("host", ["api.mch.weixin.qq.com", "apihk.mch.weixin.qq.com"])
    def test_another_scheme_or_port_is_refused(self, base, origin, host):
        with pytest.raises(ConfigurationError, match="^download: "):
            route(endpoints_of(base), origin.format(host) + "/v3/x")


class TestRefused:
    @pytest.mark.parametrize(
        "url",
        [
            None,
            b"https://api.mch.weixin.qq.com/",
            "",
            "api.mch.weixin.qq.com/x",
            "//api.mch.weixin.qq.com/x",
            "https:api.mch.weixin.qq.com/x",
            "https:///api.mch.weixin.qq.com/x",
            "https:/\\api.mch.weixin.qq.com/x",
            "https://api.mch.weixin.qq.com\\@evil.example/",
            "https://evil.example\\.api.mch.weixin.qq.com/",
            "https://user:word@api.mch.weixin.qq.com/x",
            "https://api.mch.weixin.qq.com@evil.example/x",
            "https://api.mch.weixin.qq.com./x",
            "https://api.mch.weixin.qq.com%2eevil.example/x",
            "https://api\u3002mch.weixin.qq.com/x",
            "https://\u0430pi.mch.weixin.qq.com/x",
            "https://api.mch.weixin.qq.com:٤٤٣/x",
            "https://api.mch.weixin.qq.com:+443/x",
            "https://api.mch.weixin.qq.com:0/x",
            "https://api.mch.weixin.qq.com:65536/x",
            "https://api.mch.weixin.qq.com:443:443/x",
            "https://api.mch.weixin\n.qq.com/x",
            "https://api.mch.weixin\t.qq.com/x",
            " https://api.mch.weixin.qq.com/x",
            "https://api.mch.weixin.qq.com/x\r\nHost: evil.example",
            "https://api.mch.weixin.qq.com/x\x7f",
            "https://api.mch.weixin.qq.com/中",
            "https://api.mch.weixin.qq.com//evil.example/x",
            "https://api.mch.weixin.qq.com/a/../x",
            "https://api.mch.weixin.qq.com/a/%2e%2E",
            "https://api.mch.weixin.qq.com/./x",
            "https://api.mch.weixin.qq.com/a%zz",
            "https://api.mch.weixin.qq.com/a{b}",
            "https://api.mch.weixin.qq.com/a?b c",
            "https://[127.0.0.1]/x",
            "https://[::1/x",
            "https://[fe80::1%25eth0]/x",
            "https://[:::1]/x",
            "https://a..b/x",
            "https://-a.example/x",
            f"https://{'a' * 64}.example/x",
            f"https://{'a.' * 130}example/x",
            "http://pay.wechatpay.cn/invoice",
            "http://127.0.0.1:6379/x",
            "ftp://api.mch.weixin.qq.com/x",
            "file:///etc/passwd",
        ],
    )
    def test_before_anything_is_sent(self, url):
        with pytest.raises(ConfigurationError, match="^download: "):
            route(endpoints_of(), url)


def test_path_and_query_stay_as_they_are_written():
    address = Address.parse("https://x.example/a%2fB%e4%B8/c..//d;e?f=%2f&g={}\\|?'\"`")

    assert address.target == "a%2fB%e4%B8/c..//d;e?f=%2f&g={}\\|?'\"`"
    assert address.path == "a%2fB%e4%B8/c..//d;e"
    assert address.url == f"https://x.example/{address.target}"


def test_no_access_point_of_the_catalogue_is_plain_http():
    """A signature leaves for those as well."""
    bases = {operation.base_uri for operation in catalogue.operations() if operation.base_uri}

    assert bases
    assert all(base.startswith("https://") for base in bases)


class Connections:
    """Records where urllib3 is about to connect, in place of connecting."""

    def __init__(self, monkeypatch):
        self.asked = []
        outer = self

        def refuse(connection):
            scheme = "https" if isinstance(connection, HTTPSConnection) else "http"
            outer.asked.append((scheme, connection.host.lower().strip("[]"), connection.port))
            raise NewConnectionError(connection, "recorded, not connected")

        monkeypatch.setattr(HTTPConnection, "_new_conn", refuse)


class RecordingSigner(requests.auth.AuthBase):
    """Signs anything, and keeps where it went."""

    def __init__(self):
        self.urls = []

    def __call__(self, r):
        self.urls.append(r.url)
        r.headers["Authorization"] = "WECHATPAY2-SHA256-RSA2048 secret"
        return r


HOSTS = st.sampled_from(
    [
        *sorted(PLATFORM_HOSTS),
        "gateway.example",
        "GATEWAY.example",
        "127.0.0.1",
        "127.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "evil.example",
        "api.mch.weixin.qq.com.",
        "api.mch.weixin.qq.com.evil.example",
        "ａpi.mch.weixin.qq.com",
        "api。mch.weixin.qq.com",
        "K.example",
        "",
    ]
)
GLUE = st.sampled_from(
    [
        "",
        "@",
        ":",
        "/",
        "\\",
        "//",
        "?",
        "#",
        "%",
        "%40",
        "%2f",
        "%5c",
        ".",
        "\t",
        "\n",
        "\r",
        " ",
        "\0",
        "\x7f",
        ";",
        "&",
        "٠",
    ]
)
PORTS = st.sampled_from(
    ["", ":", ":443", ":80", ":8443", ":8000", ":8080", ":0443", ":0", ":99999", ":4 43", ":-1", ":x"]
)
SCHEMES = st.sampled_from(
    ["https://", "http://", "HTTP://", "hTTps://", "https:", "http:/", "//", "https:\\\\", "ws://", " http://", ""]
)
PATHS = st.sampled_from(
    ["", "/", "/v3/billdownload/file?token=T", "//evil.example/", "/%2f", "?x", "#y", "/a/../b", "/{}"]
)


@st.composite
def built(draw):
    """A URL of parts that parsers dispute about."""
    authority = "".join(
        draw(part) for part in draw(st.lists(st.sampled_from([HOSTS, GLUE, PORTS]), min_size=1, max_size=5))
    )
    return draw(SCHEMES) + draw(st.one_of(HOSTS, st.just(authority))) + draw(PORTS) + draw(PATHS)


@st.composite
def damaged(draw):
    """A good URL with something put into it."""
    url = draw(st.sampled_from([LIVE, SPARE, *filter(None, BASES)])) + "v3/file?t=1"
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(url)))
        url = url[:at] + draw(st.one_of(GLUE, st.text(max_size=2))) + url[at + draw(st.integers(0, 1)) :]
    return url


@pytest.fixture(params=BASES, ids=str)
def recorded(request, make_client, monkeypatch):
    """A client whose signer and whose connections are watched."""
    signer = RecordingSigner()
    client = make_client(base_url=request.param, signer=signer, private_key=None, serial=None)
    return client, signer, Connections(monkeypatch)


def allowed(client):
    """The origins that may get the signature, as urllib3 reads them."""
    bases = [base for base in (client.base_url, client.backup_url) if base is not None]
    if client.base_url is None:
        bases += [f"https://{host}/" for host in PLATFORM_HOSTS]
    found = set()
    for base in bases:
        parts = urllib3.util.parse_url(base)
        found.add((parts.scheme, parts.host.strip("[]"), parts.port or {"http": 80, "https": 443}[parts.scheme]))
    return found


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(url=st.one_of(built(), damaged(), st.text(max_size=40)))
@example("http://gateway.example:8443/x")
@example("http://gateway.example:443/x")
@example("https://gateway.example:8443/x")
@example("http://127.0.0.1:8000/x")
@example("https://127.0.0.1:8000/x")
@example("https://api.mch.weixin.qq.com:8443/x")
@example("http://api.mch.weixin.qq.com/x")
@example("https://evil.example/x")
def test_no_other_origin_gets_the_signature(recorded, tmp_path_factory, url):
    """For any URL, judged by where urllib3 would connect: the signature goes to allowed origins, the rest is https."""
    client, signer, connections = recorded
    signer.urls.clear()
    connections.asked.clear()

    with pytest.raises((ChainableError, requests.RequestException)):
        client.download(url, tmp_path_factory.getbasetemp() / "never")

    origins = allowed(client)
    if signer.urls:
        assert set(connections.asked) <= origins
    else:
        assert all(scheme == "https" for scheme, _, _ in connections.asked)
        assert not set(connections.asked) & origins


def test_the_watch_sees_what_is_sent(recorded, tmp_path):
    """Lest the test above passes because nothing is asked at all."""
    client, signer, connections = recorded
    own = (client.base_url or LIVE) + "v3/file"

    for url, is_signed in ((own, True), (LIVE + "v3/file", True), ("https://evil.example/x", False)):
        signer.urls.clear()
        connections.asked.clear()
        with pytest.raises(requests.ConnectionError):
            client.download(url, tmp_path / "x")
        assert connections.asked
        assert bool(signer.urls) is is_signed
