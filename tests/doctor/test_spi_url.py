"""The URL of an SPI: a forged call has to be refused."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from chainable.errors import SignatureError
from taobao_top import spi
from taobao_top.cli.doctor import examine
from taobao_top.cli.program import program


@pytest.fixture
def found(app, complete):
    def look(url, **options):
        result = complete(list(examine(app, spi_url=url, **options)))
        return {finding.check: finding for finding in result if finding.check.startswith("SPI")}

    return look


@pytest.mark.parametrize(
    ("status", "state", "code", "words"),
    [
        (401, "✓", 0, "refused: 401"),
        (200, "✗", 4, "responds 200"),
        (302, "✗", 2, "responds 302"),
        (404, "✗", 2, "responds 404"),
        (500, "!", 0, "responds 500"),
    ],
)
def test_a_forged_call(found, shop, status, state, code, words):
    shop.status = status
    finding = found(shop.url)["SPI, forged"]

    assert (finding.state, finding.code) == (state, code)
    assert words in finding.found


@pytest.fixture
def verifying(gateway):
    """An SPI that checks signatures as this package does."""
    top = gateway.client()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                top.spi.verify(self.headers, self.path, body)
            except SignatureError:
                reply = spi.reject()
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/spi"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_refusal_that_the_platform_documents(found, verifying):
    assert found(verifying)["SPI, forged"].found.startswith("refused: 200")


def test_urls_that_are_none(found, complete):
    assert found("nothing")["SPI"].code == 2
    assert found("http://no-such-host.invalid/", timeout=1)["SPI"].state == "!"


def test_an_spi_that_does_not_answer(found, complete, deaf):
    assert found(deaf, timeout=0.3)["SPI, forged"].code == 3


@pytest.fixture
def deaf():
    """Takes connections and says nothing."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_the_command(gateway, shop, tmp_path):
    file = gateway.write_env(tmp_path / "a.env")
    shop.status = 401
    result = CliRunner().invoke(program, ["doctor", "--env", str(file), "--spi-url", shop.url])

    assert result.exit_code == 0, result.output
    assert "✓ SPI, forged: refused: 401" in result.output
