"""``sandbox`` of both command lines: account, env file, warning, end."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from taobao_top import TaobaoTop
from wechatpay import WeChatPay


def test_an_account_is_printed_and_ctrl_c_ends_it(wx, tmp_path, interrupted, waiting):
    file = tmp_path / "sandbox.env"
    interrupted(waiting)
    result = wx("sandbox", "--write-env", file, "--automatic", "pay")

    assert result.code == 0
    assert "1900000109" in result.out
    assert "Ctrl-C" in result.out
    assert str(file) in result.out
    WeChatPay.from_env(file=file).close()


def test_nothing_happens_by_itself_if_that_is_asked_for(wx):
    from click import Context

    from wechatpay.cli.sandbox import sandbox, start_sandbox

    for asked, happens in ((("none",), frozenset()), ((), {"refund", "finish"})):
        running = start_sandbox(state=None, data=None, automatic=asked, callback_scale=0.0, callback_hosts=())
        try:
            assert running.context.automatic == happens
        finally:
            running.stop()
    result = wx("sandbox", "--automatic", "none", "--automatic", "pay")
    assert (result.code, "--automatic none goes with no other" in " ".join(result.err.split())) == (2, True)
    assert "none: all of them wait" in " ".join(sandbox.get_help(Context(sandbox)).split())


def test_the_authority_that_top_prints_is_the_copy_beside_the_env_file(top, tmp_path, interrupted, waiting):
    file = tmp_path / "top.env"
    interrupted(waiting)

    assert json.loads(top("sandbox", "--write-env", file, "--json").out)["ca"] == f"{file}.d/sandbox_ca.pem"
    assert f"TAOBAO_TOP_CA={file}.d/sandbox_ca.pem" in file.read_text()


def test_invalid_ports_are_refused(wx, top):
    for run, command in ((wx, "sandbox"), (wx, "listen"), (top, "sandbox")):
        assert run(command, "--port", 99999).code == 2


def test_a_port_that_is_taken_is_named(wx, top):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for run in (wx, top):
            result = run("sandbox", "--port", port)
            assert result.code == 2
            assert str(port) in result.err
            assert "in use" in result.err
            assert "OSError" not in result.err
            assert "端口已被占用" in run("sandbox", "--port", port, "--lang", "zh").err


def test_an_address_of_another_machine_is_named(wx, top):
    for run in (wx, top):
        result = run("sandbox", "--address", "192.0.2.1")  # RFC 5737
        assert result.code == 2
        assert "this machine does not have the address" in result.err


def test_other_failures_to_listen_are_told_as_they_are(wx, monkeypatch):
    def refuse(self):
        self.stop()
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr("wechatpay.sandbox.Sandbox.start", refuse)
    assert "too many open files" in wx("sandbox").err


def test_sigterm_ends_it_too(wx, interrupted, waiting, tmp_path):
    interrupted(waiting, signal.SIGTERM)
    result = wx("sandbox", "--json", "--lenient", "--state", tmp_path / "state.db")

    assert result.code == 0
    assert result.data["HTTP"].startswith("http://127.0.0.1:")
    assert result.data["inspector"] == result.data["HTTP"] + "_sandbox/"


def test_other_machines_are_warned_of(wx, top, interrupted, waiting):
    interrupted(waiting)
    assert "warning: other machines can reach 0.0.0.0" in wx("sandbox", "--address", "0.0.0.0").err
    interrupted(waiting)
    assert "warning: other machines can reach 0.0.0.0" in top("sandbox", "--address", "0.0.0.0").err


def test_hosts_and_a_seed(wx, top, interrupted, waiting):
    for run in (wx, top):
        interrupted(waiting)
        result = run("sandbox", "--host", "pay.test", "--allow-host", "ops.test", "--seed", "7", "--json")
        assert result.code == 0
        assert result.data["seed"] == "7 (its keys are for tests only)"


@pytest.mark.parametrize(("keys", "shown"), [("certificate", "platform certificate"), ("both", "public key id")])
def test_the_key_that_signs_answers_is_shown(wx, interrupted, waiting, keys, shown):
    interrupted(waiting)
    assert shown in wx("sandbox", "--keys", keys, "--lang", "en").out


def test_a_gateway_of_top(top, tmp_path, interrupted, waiting):
    file = tmp_path / "sandbox.env"
    interrupted(waiting)
    result = top("sandbox", "--write-env", file, "--json")
    assert result.data["inspector"] == result.data["gateway"].replace("router/rest", "_sandbox/")

    assert result.code == 0
    assert result.data["env file"] == str(file)
    assert "app_secret" in result.data


@pytest.mark.parametrize(("package", "client"), [("wechatpay", WeChatPay), ("taobao_top", TaobaoTop)])
def test_it_is_ready_soon_and_ends_cleanly(package, client, tmp_path):
    file = tmp_path / "sandbox.env"
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {package}.cli import main; main()", "sandbox", "--write-env", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        while "Ctrl-C" not in process.stdout.readline():
            assert process.poll() is None
        assert time.monotonic() - started < 20
        with client.from_env(file=file) as made:
            if package == "wechatpay":
                assert (
                    made.chain("v3/security/echo")
                    .post(json={"echo_message": "x", "encrypted_echo_message": made.encrypt("x")})
                    .verified
                )
            else:
                assert made["taobao.time.get"]().data["time"]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 0
    assert errors == ""


def test_a_gateway_of_top_takes_definitions(top, tmp_path, interrupted, waiting):
    file = tmp_path / "acme.yaml"
    file.write_text("taobao.acme.order.get:\n  title: 查询订单\n", "utf-8")
    interrupted(waiting)
    assert top("sandbox", "--catalogue", file, "--json").code == 0

    file.write_text("taobao.acme.order.get:\n  titel: 查询订单\n", "utf-8")
    refused = top("sandbox", "--catalogue", file)
    assert refused.code
    assert "'titel' is unknown here; did you mean 'title'" in refused.err
    assert "Traceback" not in refused.err
