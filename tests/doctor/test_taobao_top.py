"""``taobao-top doctor``: every fault it must find is put there, and found."""

from __future__ import annotations

import time

import pytest
import requests
import urllib3
from click.testing import CliRunner

from chainable.errors import CodecError
from taobao_top import TopError
from taobao_top.cli.doctor import examine, runner
from taobao_top.cli.program import program


@pytest.fixture
def found(complete):
    return lambda settings, **options: {each.check: each for each in complete(list(examine(settings, **options)))}


def test_all_is_well(found, states, app):
    result = found(app)

    assert states(result.values()) == {"✓"}, result
    assert result["session, at the platform"].found == "accepted"


@pytest.mark.parametrize(
    ("changes", "check", "state", "words"),
    [
        ({"app_key": ""}, "app_key", "✗", "is missing"),
        ({"app_key": "12ab"}, "app_key", "✗", "digits"),
        ({"app_secret": ""}, "app_secret", "✗", "is missing"),
        ({"app_secret": " " + "a" * 32}, "app_secret", "✗", "white space"),
        ({"app_secret": "short"}, "app_secret", "!", "5 characters"),
        ({"session": ""}, "session", "!", "not given"),
        ({"session": "6abc "}, "session", "✗", "white space"),
        ({"gateway": "http://example.com/router/rest"}, "client", "✗", "plain http"),
        ({"sign_method": "rsa"}, "client", "✗", "sign_method"),
    ],
)
def test_faults_of_settings(found, app, changes, check, state, words):
    finding = found(app | changes, offline=True)[check]

    assert finding.state == state
    assert words in finding.found
    assert finding.fix


def test_a_server_that_is_not_a_gateway_is_reported(found, app):
    finding = found(app | {"gateway": app["gateway"].replace("/router/rest", "/nothing")})["taobao.time.get"]

    assert (finding.state, finding.code) == ("✗", 1)
    assert "not a response of the gateway" in finding.found
    assert "404" in finding.found.zh
    assert "not the gateway" in finding.meaning


def test_broken_settings_make_no_calls(found, app):
    assert "taobao.time.get" not in found(app | {"app_key": "x"})


def test_a_secret_of_another_app(found, app):
    finding = found(app | {"app_secret": "a" * 32})["taobao.time.get"]

    assert finding.code == 1
    assert "secret" in finding.meaning


def test_an_unknown_app_is_reported(found, app):
    assert "app_key" in found(app | {"app_key": "99999"})["taobao.time.get"].meaning


def test_a_session_that_is_over(found, app):
    assert "session" in found(app | {"session": "6" + "f" * 48})["session, at the platform"].meaning


def test_without_a_session_no_call_is_made_for_one(found, app):
    del app["session"]

    assert "session, at the platform" not in found(app)


@pytest.mark.parametrize(("seconds", "state"), [(100, "!"), (-100, "!"), (3600, "✗")])
def test_a_clock_that_is_wrong(found, app, seconds, state):
    result = found(app, clock=lambda: time.time() - seconds)

    assert result["clock"].state == state
    assert "clock now --sandbox" in result["clock"].fix
    assert ("session, at the platform" in result) is (state == "!")


def test_the_clock_of_a_sandbox_is_set_back_and_that_of_a_machine_by_ntp():
    refused = TopError("no", code="31")
    for finding in (runner._clock(100), runner._clock(1000), runner._error_finding("x", refused)):
        assert "NTP" in finding.fix
        assert "NTP" in finding.fix.zh
    for finding in (runner._clock(100, local=True), runner._error_finding("x", refused, local=True)):
        assert "clock now --sandbox" in finding.fix
        assert "clock now --sandbox" in finding.fix.zh


def test_a_gateway_that_is_not_there(found, app):
    assert found(app | {"gateway": "https://127.0.0.1:9/router/rest"}, timeout=2)["tcp 127.0.0.1:9"].code == 3


def test_what_only_the_client_finds(found, app):
    assert found(app | {"sign_method": "rot13"})["client"].state == "✗"


def test_a_network_that_fails(found, app, gateway):
    gateway.fault("reset", times=None)

    assert found(app)["taobao.time.get"].code == 3


def test_every_error_has_words(complete):
    (finding,) = complete([runner._error_finding("x", CodecError("no"))])

    assert finding.code == 2


@pytest.mark.parametrize(
    ("code", "words"),
    [(7, "exceeded its call limit"), (11, "package"), (26, "session"), (28, "no app_key"), (99, "refused")],
)
def test_refusals_of_the_platform(found, app, gateway, code, words):
    gateway.error(code, times=9)

    assert words in found(app)["taobao.time.get"].meaning


def test_a_proxy_hides_the_direct_way(found, app, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    result = found(app | {"gateway": "https://127.0.0.1:9/router/rest"})

    assert (result["proxy"].state, result["tcp 127.0.0.1:9"].state) == ("!", "!")
    assert result["taobao.time.get"].code == 3


def test_an_untrusted_certificate_is_reported(found, app):
    assert "not trusted" in next(
        finding.found
        for check, finding in found(app | {"ca": requests.certs.where()}).items()
        if check.startswith("tls")
    )


def test_a_certificate_authority_that_is_none(found, app, tmp_path):
    result = found(app | {"ca": str(tmp_path / "none.pem")})

    assert result["ca"].code == 2
    assert "taobao.time.get" not in result
    del app["ca"]
    assert "ca" not in found(app, offline=True)


@pytest.mark.parametrize("url", ["https://[", "https://127.0.0.1:99999/"])
def test_a_gateway_that_is_not_a_url_is_refused(found, app, url):
    assert found(app | {"gateway": url})["client"].state == "✗"


def test_an_unknown_host_is_reported(found, app):
    assert found(app | {"gateway": "https://no-such-host.invalid/"})["dns no-such-host.invalid"].code == 3


def test_the_command(gateway, tmp_path):
    file = gateway.write_env(tmp_path / "a.env")
    result = CliRunner().invoke(program, ["doctor", "--env", str(file)])

    assert result.exit_code == 0, result.output
    assert "✓ taobao.time.get" in result.output
    assert gateway.account.app_secret not in result.output


def test_the_command_in_chinese(gateway, tmp_path):
    file = gateway.write_env(tmp_path / "a.env")
    result = CliRunner().invoke(program, ["--lang", "zh", "doctor", "--env", str(file)])

    assert "✓ session（平台验证）：有效\n" in result.output


def test_urllib3_that_was_replaced(found, app, monkeypatch):
    monkeypatch.setattr(urllib3, "AsyncPoolManager", object, raising=False)
    result = found(app)
    assert (result["urllib3"].state, result["urllib3"].code) == ("✗", 2)
    assert "urllib3-future" in result["urllib3"].found
    assert result["app_key"].state == "✓"
    assert not result.keys() & {"client", "clock", "proxy"}
