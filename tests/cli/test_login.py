"""``taobao-top login``: against a sandbox, and with a browser's redirect."""

from __future__ import annotations

import stat
import threading
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from taobao_top import TaobaoTop
from taobao_top.cli import login as module
from taobao_top.cli.login import login
from taobao_top.sessions import FileSessions


def test_a_sandbox_authorises_at_once(top, gateway, tmp_path):
    file = tmp_path / "sessions.json"
    result = top("login", "--save", file, "--env", gateway.file)
    assert result.code == 0
    assert "sandbox_seller" in result.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = FileSessions(file).load("default")
    assert token.access_token not in result.out + result.err
    assert token.refresh_token not in result.out + result.err
    with TaobaoTop.from_env(file=gateway.file) as client:
        session = client.oauth.session("default", FileSessions(file))
        assert client.taobao.user.seller.get(fields="nick", session=session).data


def test_further_names_are_kept_in_the_same_file(top, gateway, tmp_path):
    file = tmp_path / "sessions.json"
    for name in ("default", "shop2"):
        result = top("login", "--save", file, "--name", name, "--env", gateway.file, "--json")
        assert (result.code, result.data["name"], result.data["user_nick"]) == (0, name, "sandbox_seller")
    store = FileSessions(file)
    assert store.load("default").access_token != store.load("shop2").access_token


def test_another_file_is_refused_before_the_code_is_used(top, gateway, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    result = top("login", "--save", file, "--env", gateway.file)
    assert (result.code, file.read_text()) == (2, "mine")
    assert "not a file of sessions" in result.err


def test_a_code_is_taken_from_the_standard_input(top, gateway, tmp_path):
    code = gateway.sessions.code()
    file = tmp_path / "sessions.json"
    assert top("login", "--code", "-", "--save", file, "--env", gateway.file, text=f"{code}\n").code == 0
    result = top("login", "--code", code, "--save", file, "--env", gateway.file)
    assert result.code == 1
    assert "invalid_grant" in result.err
    assert code not in result.err


@pytest.mark.parametrize("uri", ["callback", "ftp://127.0.0.1/"])
def test_a_redirect_uri_is_a_url(top, gateway, tmp_path, uri):
    result = top("login", "--redirect-uri", uri, "--wait", "30", "--save", tmp_path / "a", "--env", gateway.file)
    assert result.code == 2
    assert "a URL was expected" in result.err


def test_a_sandbox_that_refuses_says_why(top, gateway, tmp_path):
    gateway.sessions.redirect_uri = "http://127.0.0.1:1/"
    try:
        result = top("login", "--save", tmp_path / "a", "--env", gateway.file)
    finally:
        gateway.sessions.redirect_uri = None
    assert result.code == 2
    assert "redirect_uri is not the registered one" in result.err


@pytest.fixture
def elsewhere(monkeypatch):
    """Take the authorisation page for one that only a browser can open."""
    before = module.is_loopback_url
    monkeypatch.setattr(module, "is_loopback_url", lambda url: "/authorize" not in url and before(url))


@pytest.fixture
def browser(monkeypatch, gateway):
    """Open the page that a command prints, and follow its redirect, which *change* may alter."""
    threads, replies = [], []

    def open_pages(change=lambda query: query, first=()):
        said = []
        monkeypatch.setattr(module, "echo", lambda text, err: said.append(text))

        def run():
            while not said:
                time.sleep(0.01)
            target = requests.get(said[0].split("\n")[1], allow_redirects=False, verify=str(gateway.ca)).headers[
                "location"
            ]
            base, _, query = target.partition("?")
            for path in first:
                replies.append(visited(base.rpartition("/")[0] + path))
            replies.append(visited(f"{base}?{urlencode(change(dict(parse_qsl(query))))}"))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        threads.append(thread)
        return replies

    yield open_pages
    for thread in threads:
        thread.join()


def visited(url):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            return requests.get(url)
        except requests.ConnectionError:
            time.sleep(0.02)
    return None


@pytest.mark.usefixtures("elsewhere")
def test_the_redirect_of_a_browser_is_received(top, gateway, tmp_path, browser, port):
    replies = browser(first=["/favicon.ico"])
    uri = f"http://127.0.0.1:{port}/callback"
    result = top("login", "--redirect-uri", uri, "--wait", "30", "--save", tmp_path / "a", "--env", gateway.file)
    assert result.code == 0, result.err
    other, page = replies
    assert (other.status_code, page.status_code) == (404, 200)
    assert "回到命令行" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert FileSessions(tmp_path / "a").load("default").user_nick == "sandbox_seller"


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda query: query | {"state": "another"}, "its state differs"),
        (lambda query: {"code": query["code"]}, "its state differs"),
        (
            lambda query: {"state": query["state"], "error": "access_denied", "error_description": "no"},
            "the seller did not authorise: no",
        ),
        (lambda query: {"state": query["state"]}, "the seller did not authorise: -"),
    ],
)
def test_a_redirect_that_does_not_authorise_is_refused(top, gateway, tmp_path, browser, port, change, words):
    browser(change)
    uri = f"http://127.0.0.1:{port}/callback"
    result = top("login", "--redirect-uri", uri, "--wait", "30", "--save", tmp_path / "a", "--env", gateway.file)
    assert result.code == 2
    assert words in result.err
    assert not (tmp_path / "a").exists()


@pytest.mark.usefixtures("elsewhere")
def test_a_seller_who_does_not_come_is_not_awaited_for_ever(top, gateway, tmp_path, port):
    uri = f"http://127.0.0.1:{port}/"
    result = top("login", "--redirect-uri", uri, "--wait", "0.1", "--save", tmp_path / "a", "--env", gateway.file)
    assert result.code == 1
    assert "Open this page and authorise:\nhttp" in result.err
    assert "nobody authorised within 0.1 seconds" in result.err


@pytest.mark.usefixtures("elsewhere")
def test_a_redirect_uri_elsewhere_asks_for_the_code(top, gateway, tmp_path):
    uri = "https://shop.example/callback"
    code = gateway.sessions.code(redirect_uri=uri)
    file = tmp_path / "a"
    result = top("login", "--redirect-uri", uri, "--save", file, "--env", gateway.file, text=f"{code}\n")
    assert result.code == 0, result.err
    assert code not in result.out + result.err
    (url,) = [line for line in result.err.splitlines() if line.startswith("http")]
    assert dict(parse_qsl(urlsplit(url).query))["redirect_uri"] == uri


def test_the_page_of_the_platform_is_not_opened_by_the_command():
    (option,) = [each for each in login.params if each.name == "redirect_uri"]
    assert option.default == "http://127.0.0.1:8766/callback"
