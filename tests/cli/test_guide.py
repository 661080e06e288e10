"""Every ``$`` line of the guide's pages about the commands runs as it stands, against the sandboxes."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from pathlib import Path

import pytest

from chainable.cli.exit_codes import MEANINGS
from chainable.errors import SignatureError

ROOT = Path(__file__).parents[2]
URL = "http://127.0.0.1:8000/notify"


def lines(page):
    return re.findall(r"^ {3,4}\$ ((?:echo|wechatpay|taobao-top) .+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch, sandbox, gateway, receiver):
    """A folder with the files that the pages name."""
    monkeypatch.chdir(tmp_path)
    sandbox.write_env("sandbox.env")
    gateway.write_env("top.env")
    Path("echo.json").write_text('{"echo_message": "a", "encrypted_echo_message": "b"}')
    Path("ciphertext.txt").write_text(sandbox.account.conceal("李四"))
    sandbox.trigger("TRANSACTION.SUCCESS", receiver.url)
    assert sandbox.callbacks.wait()
    headers, body = receiver.came[-1]
    Path("headers.txt").write_text("".join(f"{name}: {value}\n" for name, value in headers.items()))
    Path("body.json").write_bytes(body)
    return tmp_path


class Line:
    """One line of a page, with what it depends on replaced: ports, days, ids."""

    def __init__(self, text, receiver, sandbox, gateway, port):
        head, pipe, tail = text.rpartition(" | ")
        self.input = shlex.split(head)[1] + "\n" if pipe else None
        words = shlex.split(tail, comments=True)
        changes = {
            URL: receiver.url,
            "http://127.0.0.1:8000/spi": receiver.url,
            "http://127.0.0.1:8000/messages": receiver.url,
            "http://127.0.0.1:8765/notify": f"http://127.0.0.1:{port}/notify",
            "8765": str(port),
            "2026-01-31": (sandbox.context.now() - timedelta(days=2)).date().isoformat(),
        }
        self.name, self.arguments = words[0], [changes.get(word, word) for word in words[1:]]
        if self.arguments[0] == "deliveries" and self.arguments[1].isdigit():
            top = self.name == "taobao-top"
            self.arguments[1] = str(gateway.messages.queued[0].id if top else sandbox.callbacks[0].id)


@pytest.mark.parametrize("page", ["docs/guide/command-line.rst", "docs/guide/doctor.rst", "README.rst"])
def test_the_lines_of_a_page_run(
    page, folder, wx, top, sandbox, gateway, consumer, receiver, interrupted, waiting, port
):
    client = sandbox.client()

    def judge(headers, body):
        try:
            client.notifications.parse(headers, body)
        except SignatureError:
            return 401
        return 204

    receiver.judge = judge
    found = lines(page)
    assert found
    for text in found:
        line = Line(text, receiver, sandbox, gateway, port)
        if line.arguments[0] in {"sandbox", "listen"}:
            interrupted(waiting)
            if line.arguments[0] == "sandbox":
                line.arguments[-1] = f"another.{line.arguments[-1]}"
        result = {"wechatpay": wx, "taobao-top": top}[line.name](*line.arguments, text=line.input)
        assert result.code == 0, (text, result.out, result.err)
        if "out_trade_no=order-0001" in text and "post" in text:
            sandbox.clock.advance(days=-2)  # there are bills of days that are over
            sandbox.pay("order-0001")
            sandbox.clock.advance(days=2)
    assert not page.endswith("command-line.rst") or Path("day.svg").exists()


def test_the_table_of_exit_codes_is_whole():
    text = (ROOT / "docs" / "guide" / "command-line.rst").read_text("utf-8")
    for code, words in MEANINGS.items():
        assert re.search(rf"^{code} +{re.escape(words)} +{re.escape(words.zh)}$", text, re.MULTILINE), code
