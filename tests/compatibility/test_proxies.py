"""A corporate proxy: forwarded requests and tunnels, with and without a password, which appears nowhere."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
import traceback
from urllib.parse import urlsplit

import pytest
import requests

from tests.compatibility.calls import PICTURE, TOP, WECHAT, answered, download

PASSWORD = "pr0xy-Passw0rd"
LOGGED = {"https": (" - CONNECT ",), "http": (" - GET ", " - POST ")}
CALLS = [
    *[
        (name, scheme)
        for name in (*(name for name in WECHAT if name != "v2 with mTLS"), *TOP, "v3 download")
        for scheme in ("http", "https")
    ],
    ("v2 with mTLS", "https"),
]


def started(folder, *options):
    """Start proxy.py on a free port, and return the process and its address."""
    ports = folder / "port"
    command = [
        *(sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", "--port", "0", "--port-file", str(ports)),
        *("--num-workers", "1", "--num-acceptors", "1", "--log-level", "INFO", *options),
    ]
    log = (folder / "log").open("wb")
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={**own, "HOME": str(folder)})
    log.close()
    for _ in range(600):
        if ports.exists() and (port := ports.read_text().strip()):
            return process, f"127.0.0.1:{port}"
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text())


@pytest.fixture(scope="module", params=["open", "with a password"])
def proxy(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("proxy")
    secret = request.param != "open"
    process, address = started(folder, *(("--basic-auth", f"clerk:{PASSWORD}") if secret else ()))
    used = set()
    yield f"http://clerk:{PASSWORD}@{address}" if secret else f"http://{address}", used
    try:
        # proxy.py writes a connection's line after it is closed.
        missing = set(used)
        for _ in range(300):
            log = (folder / "log").read_text()
            missing = {scheme for scheme in used if not any(word in log for word in LOGGED[scheme])}
            if not missing:
                break
            time.sleep(0.1)
        assert not missing, log
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def make(sandbox, top_sandbox):
    made = []

    def client(name, scheme, **options):
        if name in TOP:
            url = top_sandbox.https_gateway if scheme == "https" else top_sandbox.gateway
            made.append(top_sandbox.client(gateway=url, **options))
        else:
            url = sandbox.https_url if scheme == "https" else sandbox.base_url
            made.append(sandbox.client(base_url=url, **options))
        return made[-1]

    yield client
    for each in made:
        each.close()


@pytest.mark.parametrize(("name", "scheme"), CALLS, ids=[", ".join(call) for call in CALLS])
def test_a_call(proxy, make, bills, name, scheme, caplog):
    url, used = proxy
    call = download(bills[scheme]) if name == "v3 download" else {**TOP, **WECHAT}[name]
    client = make(name, scheme, proxies={"http": url, "https": url}, retries=0)
    with caplog.at_level(logging.DEBUG):
        found = answered(call)(client)
    assert not isinstance(found, Exception) or name == "v2 with mTLS", found
    used.add(scheme)
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("proxy", ["with a password"], indirect=True)
@pytest.mark.parametrize(("name", "scheme"), [call for call in CALLS if call[0] in {"v3", "v2 with mTLS", "top"}])
def test_a_wrong_password_is_an_error_that_does_not_show_it(proxy, make, name, scheme, caplog, sandbox, top_sandbox):
    url, _used = proxy
    wrong = f"http://clerk:wrong-{PASSWORD}@{urlsplit(url).netloc.rpartition('@')[2]}"
    client = make(name, scheme, proxies={"http": wrong, "https": wrong}, retries=0)
    arrived = sandbox.journal.count + top_sandbox.journal.count
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception) as caught:
        {**TOP, **WECHAT}[name](client)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    assert PASSWORD not in shown
    assert "407" in shown, str(caught.value)
    assert sandbox.journal.count + top_sandbox.journal.count == arrived


def test_a_proxy_that_is_not_there(make, caplog):
    gone = f"http://clerk:{PASSWORD}@127.0.0.1:9"
    client = make("v3", "https", proxies={"https": gone}, retries=0)
    with caplog.at_level(logging.DEBUG), pytest.raises(requests.ConnectionError) as caught:
        client.v3.merchant.media.upload.post(files=PICTURE)
    assert caught.value.maybe_sent is False
    assert PASSWORD not in "".join(traceback.format_exception(caught.value)) + caplog.text
