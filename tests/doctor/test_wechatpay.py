"""``wechatpay doctor``: every fault it must find is put there, and found."""

from __future__ import annotations

import base64
import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import requests
import responses
import urllib3
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from chainable.errors import APIError, CodecError, DecryptionError, SignatureError
from wechatpay.cli.doctor import api_checks, error_findings, examine
from wechatpay.cli.doctor.notify_url import examine as examine_callback
from wechatpay.cli.doctor.runner import base_urls
from wechatpay.cli.program import program


@pytest.fixture
def found(complete):
    return lambda settings, **options: {
        finding.check: finding for finding in complete(list(examine(settings, **options)))
    }


@pytest.fixture
def offline(found):
    return lambda settings: found(settings, offline=True)


def certificate(key, *, name="1900000109", days=365, began=2000):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(int("5" * 40, 16))
        .not_valid_before(now - timedelta(days=began))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .sign(key, SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )


def test_all_is_well(found, states, settings):
    result = found(settings)

    assert states(result.values()) == {"✓"}, result
    assert result["encryption"].found.startswith("the platform decrypted")
    assert result["clock"].found == "in sync with the platform"
    assert result["clock, backup host"].found == "in sync with the platform"
    assert result["callback"].found.startswith("SECURITY_ECHO.SUCCESS arrived")


def test_no_secret_is_shown(found, settings, sandbox):
    text = repr([*found(settings).values(), *found(settings | {"private_key": settings["private_key"] + "x"}).values()])

    assert sandbox.account.apiv3_key not in text
    assert sandbox.account.secret not in text
    assert sandbox.account.private_key[30:60] not in text


@pytest.mark.parametrize(
    ("changes", "check", "words"),
    [
        ({"mchid": None}, "mchid", "is missing"),
        ({"private_key": None}, "private_key", "is missing"),
        ({"apiv3_key": "short"}, "apiv3_key", "5 bytes"),
        ({"secret": "short"}, "secret", "5 characters"),
        ({"serial": "not a serial"}, "serial", "serial"),
        ({"serial": "AB" * 20}, "serial", "differs from the serial of merchant_cert"),
        ({"serial": None, "merchant_cert": None}, "serial", "is missing"),
        ({"merchant_cert": "/no/such/file.pem"}, "merchant_cert", "no such file"),
        ({"merchant_cert": "/no/such/file.p12"}, "merchant_cert", "no such file"),
        ({"certs": {}, "apiv3_key": None}, "certs", "is empty"),
        ({"certs": "no path"}, "certs", "id=path"),
        ({"base_url": "http://example.com/"}, "client", "plain http"),
        ({"brand_id": "40000"}, "client", "give one of them"),
    ],
)
def test_faults_of_settings(offline, settings, changes, check, words):
    for name, value in changes.items():
        if value is None:
            del settings[name]
        else:
            settings[name] = value
    finding = offline(settings)[check]

    assert finding.state == "✗"
    assert words in finding.found
    assert finding.meaning
    assert finding.fix
    assert finding.code == 2


def test_files_that_are_mixed_up(offline, settings):
    swapped = settings | {"private_key": settings["merchant_cert"], "merchant_cert": settings["private_key"]}
    result = offline(swapped)

    assert result["private_key"].found.startswith("this is a certificate; a private key was expected: ")
    assert result["private_key"].found.zh.startswith("这是证书，应为私钥：")
    assert result["merchant_cert"].state == "✗"
    (name,) = settings["certs"]
    result = offline(settings | {"certs": {name: settings["merchant_cert"]}})
    assert result[f"certs {name}"].state == "✗"


def test_a_wrong_file_is_reported_once(offline, settings):
    wrong = settings["merchant_cert"]
    result = offline(settings | {"private_key": wrong, "merchant_key": wrong})

    assert (result["private_key"].state, result["merchant_key"].state) == ("✗", "✗")
    assert "private_key and merchant_cert" not in result
    del settings["merchant_key"]
    assert "merchant_key" not in offline(settings)


def test_the_certificate_of_another_merchant(found, offline, settings):
    del settings["serial"]
    assert offline(settings | {"mchid": "1900000108"})["merchant_cert"].state == "✗"
    del settings["merchant_cert"], settings["merchant_key"]
    result = found(settings | {"mchid": "1900000108", "serial": "AB" * 20})
    assert result["echo"].code == 1
    assert "SIGN_ERROR" in result["echo"].found
    assert result["echo"].fix.startswith("The platform did not say what it checked.")
    assert result["echo"].fix.zh.startswith("平台没有给出它验签的内容。请依次检查：serial 是否为")


def test_a_key_of_another_certificate(offline, settings, merchant_key, tmp_path):
    file = tmp_path / "other.pem"
    file.write_bytes(
        merchant_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    finding = offline(settings | {"private_key": str(file)})["private_key and merchant_cert"]

    assert finding.state == "✗"
    assert "SIGN_ERROR" in finding.meaning


@pytest.mark.parametrize(("days", "state"), [(-3, "✗"), (10, "!"), (300, "✓")])
def test_certificates_end(settings, merchant_key, days, state):
    pem = certificate(merchant_key, days=days, name="1234567890")
    result = list(examine(settings | {"merchant_cert": pem, "serial": "5" * 40}, offline=True))

    assert next(finding for finding in result if finding.check == "merchant_cert").state == state
    assert any("1234567890" in finding.found for finding in result)


def test_certificates_of_the_platform(offline, settings, platform_key, merchant_key):
    result = offline(settings | {"certs": {"5" * 40: certificate(platform_key, days=5)}})
    assert result["certs " + "5" * 40].state == "!"
    own = offline(settings | {"certs": {"5" * 40: certificate(platform_key)}, "serial": "5" * 40})
    assert "merchant's own" in own["certs " + "5" * 40].found


def test_a_key_store_with_its_password(offline, settings, sandbox, tmp_path):
    from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

    file = tmp_path / "cert.p12"
    account = sandbox.account
    file.write_bytes(
        serialize_key_and_certificates(
            b"x", account.key, account.certificate, None, serialization.BestAvailableEncryption(account.mchid.encode())
        )
    )
    del settings["merchant_key"]
    result = offline(settings | {"merchant_cert": str(file)})

    assert result["merchant_cert"].state == "✓"
    assert result["private_key and merchant_cert"].state == "✓"


@pytest.mark.parametrize("form", ["serialised", "base64"])
def test_a_key_store_with_a_password_of_its_own(offline, settings, sandbox, tmp_path, form):
    """The same function reads it as in the client: base64 of it, and a password that is not the merchant number."""
    from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

    account = sandbox.account
    cipher = serialization.BestAvailableEncryption(b"open sesame")
    bundle = serialize_key_and_certificates(b"x", account.key, account.certificate, None, cipher)
    file = tmp_path / "cert.pfx"
    file.write_bytes(bundle)
    given = str(file) if form == "serialised" else base64.b64encode(bundle).decode()
    del settings["merchant_key"]
    own = {"merchant_cert": given, "merchant_cert_password": "open sesame"}

    assert offline(settings | own)["private_key and merchant_cert"].state == "✓"
    assert offline(settings | own | {"merchant_cert_password": "no"})["merchant_cert"].state == "✗"


def test_an_encrypted_private_key(offline, settings, sandbox):
    cipher = serialization.BestAvailableEncryption(b"open sesame")
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    text = sandbox.account.key.private_bytes(encoding, form, cipher).decode()
    settings |= {"private_key": text, "merchant_key": text}

    assert "give private_key_password=" in offline(settings)["private_key"].found
    found = offline(settings | {"private_key_password": "open sesame"})
    assert found["private_key"].state == found["merchant_key and merchant_cert"].state == "✓"


@pytest.mark.parametrize("name", ["mchid", "serial", "secret", "private_key", "merchant_cert"])
def test_white_space_is_a_warning_as_in_the_client(settings, tmp_path, sandbox, name):
    for each, text in {
        "private_key": sandbox.account.private_key,
        "merchant_cert": sandbox.account.merchant_cert,
    }.items():
        (tmp_path / each).write_text(text)
        settings[each] = str(tmp_path / each)
    settings |= {"secret": "s" * 32}
    found = [one for one in examine(settings | {name: f"{settings[name]}\n"}, offline=True) if one.check == name]

    assert found[0].state == "!"
    assert {one.state for one in found[1:]} <= {"✓", "!"}


def test_things_to_be_warned_of(offline, settings):
    assert offline(settings | {"secret": settings["apiv3_key"]})["secret"].state == "!"
    assert offline(settings | {"certs": {}})["certs"].state == "!"
    result = [
        f
        for f in examine(settings | {"apiv3_key": settings["apiv3_key"] + "\n"}, offline=True)
        if f.check == "apiv3_key"
    ]
    assert [finding.state for finding in result] == ["!", "✓"]
    assert (
        len(
            [
                f
                for f in examine(settings | {"apiv3_key": (settings["apiv3_key"], "x")}, offline=True)
                if f.check == "apiv3_key"
            ]
        )
        == 2
    )
    for name in ("apiv3_key", "secret", "merchant_cert", "merchant_key"):
        del settings[name]
    result = offline(settings)
    assert result["apiv3_key"].state == result["merchant_cert"].state == "!"
    assert "secret" not in result


def test_without_a_certificate_common_name(offline, settings, merchant_key):
    pem = certificate(merchant_key, name="1900000109")
    result = offline(
        {"brand_id": "40000", "merchant_cert": pem, "private_key": settings["private_key"], "certs": settings["certs"]}
    )

    assert result["merchant_cert"].state == "✓"


def test_broken_settings_make_no_calls(found, settings, sandbox):
    before = sandbox.journal.count
    result = found(settings | {"secret": "short"})

    assert "echo" not in result
    assert [
        entry for entry in sandbox.journal if entry.id > before and entry.operation == "POST v3/security/echo"
    ] == []


def test_what_only_the_client_finds(found, settings):
    assert found(settings | {"backup_url": "http://example.com/"}, timeout=0.2)["client"].state == "✗"


def test_hosts_that_are_not_there(found, settings):
    result = found(
        settings | {"base_url": "https://127.0.0.1:9/", "backup_url": "https://no-such-host.invalid/"}, timeout=2
    )

    assert result["tcp 127.0.0.1:9"].code == 3
    assert result["dns no-such-host.invalid"].code == 3
    assert result["clock"].state == "!"
    assert result["echo"].code == 3


def test_the_platforms_hosts_are_the_default():
    assert base_urls({}) == ["https://api.mch.weixin.qq.com/", "https://api2.mch.weixin.qq.com/"]
    assert base_urls({"base_url": "https://a.cn/"}) == ["https://a.cn/"]
    assert base_urls({"backup_url": "https://b.cn/"}) == ["https://api.mch.weixin.qq.com/", "https://b.cn/"]


def test_a_certificate_authority_that_is_another(found, settings):
    result = found(settings | {"ca": requests.certs.where()})

    assert any(finding.check.startswith("tls") and "not trusted" in finding.found for finding in result.values())


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_authority_that_is_none(found, settings, tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    result = found(settings | {"ca": str(file)})

    assert (result["ca"].state, result["ca"].code) == ("✗", 2)
    assert "echo" not in result


def test_tls_where_there_is_none(found, settings, sandbox):
    result = found(settings | {"base_url": sandbox.base_url.replace("http:", "https:")})

    assert any(finding.check.startswith("tls") and "handshake" in finding.found for finding in result.values())


def test_plain_http_on_loopback(found, settings, sandbox):
    assert found(settings | {"base_url": sandbox.base_url})["echo"].state == "✓"


def test_a_proxy_in_the_way(settings, monkeypatch):
    from chainable.cli.connectivity import check_proxy

    monkeypatch.setenv("https_proxy", "http://user:word@proxy.example:3128")
    result = check_proxy("https://api.example/")
    assert result.state == "!"
    assert "proxy.example:3128" in result.found
    assert "word" not in result.found
    monkeypatch.setenv("no_proxy", "api.example")
    assert check_proxy("https://api.example/").state == "✓"


@pytest.mark.parametrize(
    ("offset", "state", "words"), [(3600, "✗", "ahead of"), (-3600, "✗", "behind"), (20, "!", "ahead of")]
)
def test_a_clock_that_is_wrong(found, settings, offset, state, words):
    finding = found(settings, clock=lambda: time.time() + offset)["clock"]

    assert finding.state == state
    assert words in finding.found
    assert "clock now --sandbox" in finding.fix


@pytest.mark.parametrize(("offset", "state"), [(3600, "✗"), (20, "!")])
def test_the_clock_of_a_machine_is_set_by_ntp(offset, state):
    from chainable.cli.connectivity import check_clock

    with responses.RequestsMock() as network:
        network.get("https://api.example/", headers={"X-Time": "1000"})
        finding = check_clock("https://api.example/", None, lambda: 1000 + offset, header="X-Time")
    assert (finding.state, "NTP" in finding.fix, "NTP" in finding.fix.zh) == (state, True, True)


def test_a_slow_host():
    from chainable.cli import connectivity
    from chainable.cli.i18n import Words

    assert connectivity._timed("x", Words("y", "z"), time.monotonic() - 5).state == "!"


@pytest.mark.parametrize(
    ("fault", "options", "code", "words"),
    [
        ("bad-signature", {}, 4, "mismatch"),
        ("missing-signature", {}, 4, "missing"),
        ("unknown-serial", {}, 4, "unknown_key"),
        ("stale", {}, 4, "stale"),
        ("error", {"code": "SIGN_ERROR", "status": 401}, 1, "SIGN_ERROR"),
        ("error", {"code": "NO_AUTH", "status": 403}, 1, "NO_AUTH"),
        ("reset", {}, 3, "echo"),
    ],
)
def test_faults_of_calls(found, settings, sandbox, fault, options, code, words):
    sandbox.faults.add(fault, operation="POST v3/security/echo", times=None, **options)
    finding = found(settings)["echo"]

    assert finding.state == "✗"
    assert finding.code == code
    assert words in finding.found
    assert finding.meaning
    assert finding.fix


def test_a_merchant_without_certificates(found, settings, sandbox):
    sandbox.faults.add("error", operation="GET v3/certificates", code="RESOURCE_NOT_EXISTS", status=404, times=None)
    finding = found(settings)["certificates"]

    assert finding.state == "!"
    assert "public key only" in finding.meaning


def test_certificates_that_do_not_open(found, settings):
    assert found(settings | {"apiv3_key": "x" * 32})["certificates"].code == 5


def test_certificates_that_cannot_be_asked_for(found, settings):
    del settings["apiv3_key"]

    assert found(settings)["certificates"].state == "!"


class Echo:
    def __init__(self, text):
        self.text = text

    def chain(self, path):
        return self

    def post(self, json):
        return self

    def decrypted(self):
        if isinstance(self.text, Exception):
            raise self.text
        return {"encrypted_echo_message": self.text}


def test_a_different_echo_is_reported(complete):
    result = {finding.check: finding for finding in complete(list(api_checks._echo(Echo("other"), "x", None, 0)))}

    assert result["encryption"].code == 5
    assert "callback" not in result
    result = {finding.check: finding for finding in api_checks._echo(Echo(DecryptionError("no")), "x", None, 0)}
    assert result["encryption"].code == 5


def test_every_error_has_words(complete):
    errors = [SignatureError("no", reason="probe"), CodecError("no"), APIError("no", code="X", status_code=400)]
    result = complete([error_findings.error_finding("x", error) for error in errors])

    assert [finding.code for finding in result] == [4, 2, 1]


@pytest.mark.parametrize(("content", "words"), [(b'{"message": "\xe4\xb8\x8d"}', "：不"), (b"<html>", ""), (b"[]", "")])
def test_the_platforms_own_words_are_kept(content, words):
    response = requests.Response()
    response.status_code, response._content = 400, content
    finding = error_findings.error_finding(
        "x", APIError("no", code="X", status_code=400, request_id="08-0", response=response)
    )

    assert finding.found.zh == f"平台返回 X，HTTP 400，请求号 08-0{words}"


# -- notify_url -----------------------------------------------------------


@pytest.fixture
def secure(sandbox):
    """An https server with the sandbox's certificates: answers with ``status``."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            if server.status == 0:
                return
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request, address):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    context = sandbox.account.authority.server_context("127.0.0.1")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = f"https://127.0.0.1:{server.server_port}/notify"
    server.ca = str(sandbox.folder / "sandbox_ca.pem")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "state", "code", "words"),
    [
        (401, "✓", 0, "401"),
        (200, "✗", 4, "forgery"),
        (302, "✗", 2, "redirect"),
        (404, "✗", 2, "404"),
        (500, "!", 0, "500"),
        (0, "✗", 3, "no response"),
    ],
)
def test_a_forgery_at_the_callback(secure, complete, status, state, code, words):
    secure.status = status
    result = complete(list(examine_callback(secure.url, secure.ca, timeout=60)))

    assert result[-1].check == "notify_url, forged"
    assert (result[-1].state, result[-1].code) == (state, code)
    assert words in result[-1].found


def test_urls_the_platform_does_not_call(sandbox):
    result = {finding.found: finding.state for finding in examine_callback("http://127.0.0.1:9/a?b=c", None, timeout=2)}

    assert result["is http, not https"] == "!"
    assert result["has a query"] == "✗"
    (first, *_) = examine_callback("http://127.0.0.1:9/", None, timeout=2, public=True)
    assert first.state == "✗"
    assert [finding.found for finding in examine_callback("shop", None, timeout=2)] == ["is not a URL of http or https"]
    assert list(examine_callback("https://127.0.0.1:9/", None, timeout=2, offline=True)) == []


@pytest.mark.parametrize("url", ["http://[", "https://127.0.0.1:99999/", "ftp://a.cn/", ""])
def test_urls_that_are_none(found, settings, url):
    result = found(settings, notify_url=url)
    assert result["notify_url"].found == "is not a URL of http or https"
    assert result["callback"].state == "✓"
    result = found(settings | {"base_url": url, "backup_url": "https://[/"}, notify_url="nothing") if url else {}
    assert not url or result["client"].state == "✗"


# -- the command ----------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(program, ["doctor", *map(str, arguments)])


def test_the_command(sandbox, tmp_path):
    file = sandbox.write_env(tmp_path / "a.env")
    result = run("--env", file)
    assert result.exit_code == 0, result.output
    assert "✓ echo" in result.output
    assert '"exit_code": 0' in run("--env", file, "--json", "--offline").output
    broken = tmp_path / "b.env"
    broken.write_text(Path(file).read_text().replace(sandbox.account.secret, "short"))
    result = run("--env", broken, "--offline")
    assert result.exit_code == 2
    assert "    → " in result.output
    assert run("--offline").exit_code == 2
    broken.write_text("WECHATPAY_CERTS=x\n")
    assert "✗ certs: id=path,id=path was expected" in run("--env", broken, "--offline").output


def test_the_command_in_chinese(sandbox, tmp_path):
    file = sandbox.write_env(tmp_path / "a.env")
    result = CliRunner().invoke(program, ["--lang", "zh", "doctor", "--offline", "--env", str(file)])

    assert "✓ private_key 与 merchant_cert：配对\n" in result.output
    findings = json.loads(run("--env", file, "--json", "--offline").output)["findings"]
    chinese = CliRunner().invoke(program, ["--lang", "zh", "doctor", "--offline", "--env", str(file), "--json"])
    assert [each["check"] for each in json.loads(chinese.output)["findings"]] == [each["check"] for each in findings]


def test_the_command_receives(sandbox, tmp_path, port):
    file = sandbox.write_env(tmp_path / "a.env")
    url = f"http://127.0.0.1:{port}/notify"
    result = run("--env", file, "--notify-url", url, "--receive", port)

    assert result.exit_code == 0, result.output
    assert f"SECURITY_ECHO.SUCCESS arrived at {url}" in result.output
    assert "✓ notify_url, forged: responds 401" in result.output
    assert run("--env", file, "--receive", 0).exit_code == 2
    assert "give --notify-url" in run("--env", file, "--receive", port).output


def test_urllib3_that_was_replaced(found, settings, monkeypatch):
    """No call is made, as it could be sent and fail afterwards; the files are still checked."""
    monkeypatch.setattr(urllib3, "AsyncPoolManager", object, raising=False)
    result = found(settings)
    assert (result["urllib3"].state, result["urllib3"].code) == ("✗", 2)
    assert "urllib3-future" in result["urllib3"].found
    assert result["private_key"].state == "✓"
    assert not result.keys() & {"client", "clock", "encryption", "proxy"}
