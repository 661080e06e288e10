"""``clock`` of both command lines."""

from __future__ import annotations

import time

import pytest

from chainable.cli.sandbox_clock import sandbox_clock


@pytest.mark.parametrize(
    ("span", "ahead"), [("+1d", 86_400), ("2h30m", 9000), ("+90", 90), ("+1d1h1m1s", 90_061), ("now", 0)]
)
def test_the_time_is_moved(wx, top, sandbox, gateway, span, ahead):
    for run, running in ((wx, sandbox), (top, gateway)):
        result = run("clock", span, "--sandbox", running.file, "--json")
        assert (result.code, result.data["ahead"], running.clock.offset) == (0, ahead, ahead)
        assert run("clock", "--sandbox", running.file, "--json").data["ahead"] == ahead
        assert run("clock", "--sandbox", running.file, "--", f"-{ahead}").code == 0
        assert running.clock.offset == 0


@pytest.mark.parametrize("span", ["+", "tomorrow", "1h1d", "1.5d", ""])
def test_other_spans_are_refused(wx, sandbox, span):
    result = wx("clock", span, "--sandbox", sandbox.file)
    assert (result.code, "write +1d, +2h30m, +90 (seconds) or -1d, or now" in result.err.replace("\n", " ")) == (
        2,
        True,
    )


def test_commands_follow_the_time_of_the_sandbox(wx, top, sandbox, gateway):
    """A stamp of this machine is refused by a sandbox that is a day ahead."""
    for run, running in ((wx, sandbox), (top, gateway)):
        assert run("clock", "+1d", "--sandbox", running.file).code == 0
    assert wx("request", "get", "v3/certificates", "--env", sandbox.file).code == 0
    assert top("request", "taobao.time.get", "--env", gateway.file).code == 0
    for run, running in ((wx, sandbox), (top, gateway)):
        assert run("clock", "now", "--sandbox", running.file).code == 0


@pytest.mark.parametrize("url", [None, "https://api.mch.weixin.qq.com/", "http://127.0.0.1:9/", "http://[x"])
def test_other_servers_have_the_time_of_this_machine(url):
    assert sandbox_clock(url, None) is time.time


def test_the_clock_goes_back_without_a_word_about_options(wx, sandbox):
    for arguments in (("-1d", "--sandbox", sandbox.file), ("--sandbox", sandbox.file, "-1h30m")):
        result = wx("clock", *arguments)
        assert result.code == 0, result.err
    assert wx("clock", "--sandbox", sandbox.file, "--json").data["ahead"] == -(86_400 + 5400)
    result = wx("clock", "-1x", "--sandbox", sandbox.file)
    assert result.code == 2
    sandbox.clock.reset()


@pytest.mark.parametrize(
    ("span", "en", "zh"),
    [
        ("+1d", "1 day ahead of its machine", "比其所在机器快 1 天"),
        ("+2d1h30m2s", "2 days 1 hour 30 minutes 2 seconds ahead", "快 2 天 1 小时 30 分钟 2 秒"),
        ("-2h", "2 hours behind its machine", "比其所在机器慢 2 小时"),
        ("+0", "the time of its machine", "与其所在机器一致"),
    ],
)
def test_the_time_is_a_sentence(wx, top, sandbox, gateway, span, en, zh):
    for run, running in ((wx, sandbox), (top, gateway)):
        running.clock.reset()
        result = run("clock", span, "--sandbox", running.file)
        assert result.code == 0
        assert result.out.startswith("time of the sandbox: 20")
        assert en in result.out
        result = run("clock", "--sandbox", running.file, "--lang", "zh")
        assert result.out.startswith("沙箱时间：20")
        assert zh in result.out
        running.clock.reset()
