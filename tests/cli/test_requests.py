"""``request`` of both: any call, what was signed, what came back."""

from __future__ import annotations

import click
import pytest

from chainable.errors import APIError
from taobao_top.cli.client_options import OTHERS, TEXTS
from taobao_top.cli.client_options import read_settings as top_settings
from wechatpay.cli.client_options import make_client, make_redactor, read_settings
from wechatpay.cli.request import find_node

ORDER = [
    "-d", "appid=wxd678efh567hg6787", "-d", "mchid=1900000109", "-d", "description=x", "-d", "out_trade_no=12345678",
    "-d", "notify_url=https://a.cn/x", "-d", "amount.total=1",
]  # fmt: skip


def test_a_variable_of_the_path_that_is_missing_is_named(wx, sandbox):
    target = ("get", "v3/pay/transactions/out-trade-no/{out_trade_no}", "--env", sandbox.file)
    result = wx("request", *target)
    assert result.code == 2
    assert "--var out_trade_no=…" in result.err
    result = wx("request", *target, "--var", "out_trade_no=none1234", "-p", "mchid=1900000109")
    assert (result.code, "ORDER_NOT_EXIST" in result.err) == (1, True)
    result = wx("request", *target, "--var", "out_trade_no=1", "--var", "mchid=2")
    assert result.code == 2
    assert "mchid" in result.err


def test_a_variable_with_one_value_need_not_be_given(wx, sandbox):
    target = "v3/merchant/fund/withdraw/bill-type/{bill_type}"
    result = wx("request", "get", target, "-p", "bill_date=2026-01-01", "--env", sandbox.file, "--json")
    assert result.code == 0
    assert result.data["data"]["download_url"]


def test_an_order_and_its_query(wx, sandbox):
    made = wx("request", "post", "v3/pay/transactions/native", "--env", sandbox.file, *ORDER, "-v")

    assert made.code == 0
    assert "code_url" in made.out
    assert 'signature="<redacted>"' in made.err
    assert "\nPOST\n/v3/pay/transactions/native\n" in made.err
    assert '"out_trade_no":"12345678"' in made.err
    assert "200, verified" in made.err
    asked = wx(
        "request", "get", "client.v3.pay.transactions.out_trade_no._out_trade_no_", "--env", sandbox.file,
        "--var", "out_trade_no=12345678", "-p", "mchid=1900000109", "--json",
    )  # fmt: skip
    assert asked.data["data"]["trade_state"] == "NOTPAY"
    assert asked.data["verified"] is True


def test_the_query_may_stand_in_the_path(wx, sandbox):
    result = wx(
        "request", "get", "https://api.mch.weixin.qq.com/v3/pay/transactions/out-trade-no/none1234?mchid=1900000109",
        "--env", sandbox.file, "--json",
    )  # fmt: skip

    assert result.code == 1
    assert '"code": "ORDER_NOT_EXIST"' in result.err


def test_a_refusal_shows_what_was_signed(wx, sandbox):
    sandbox.faults.add("error", code="SIGN_ERROR", status=401)
    result = wx("request", "post", "v3.pay.transactions.native", "--env", sandbox.file, *ORDER, "-v")

    assert result.code == 1
    assert "signed message:" in result.err
    assert "SIGN_ERROR" in result.err
    assert "The platform did not say what it checked." in result.err
    assert sandbox.account.apiv3_key not in result.err


def test_an_answer_that_is_not_authentic_is_another_exit_code(wx, sandbox):
    sandbox.faults.add("bad-signature")
    result = wx("request", "post", "v3/pay/transactions/native", "--env", sandbox.file, *ORDER, "--json")

    assert result.code == 4
    assert '"reason": "mismatch"' in result.err


def test_no_network(wx, sandbox, tmp_path):
    file = tmp_path / "a.env"
    file.write_text(
        sandbox.file.read_text().replace(sandbox.https_url, "https://127.0.0.1:9/").replace("BACKUP_URL", "X")
    )
    with pytest.warns(UserWarning, match="WECHATPAY_X"):
        result = wx("request", "post", "v3/pay/transactions/native", "--env", file, *ORDER)

    assert result.code == 3
    assert "nothing was sent" in result.err


def test_apiv2_shows_its_parameters_without_the_key(wx, sandbox):
    result = wx(
        "request", "post", "v2.pay.unifiedorder", "--env", sandbox.file, "-v", "-d", "appid=wxd678efh567hg6787",
        "-d", "body=x", "-d", "out_trade_no=22345678", "-d", "total_fee=1", "-d", "spbill_create_ip=127.0.0.1",
        "-d", "notify_url=https://a.cn/x", "-d", "trade_type=NATIVE",
    )  # fmt: skip

    assert result.code == 0, result.err
    assert "signed parameters, sorted:\nappid=" in result.err
    assert sandbox.account.secret not in result.err + result.out


def test_sensitive_fields_are_encrypted_and_opened(wx, sandbox):
    result = wx(
        "request", "post", "client['v3/security'].chain('echo')", "--env", sandbox.file,
        "-d", "echo_message=x", "-d", "encrypted_echo_message=张三", "--decrypt",
    )  # fmt: skip

    assert result.code == 0, result.err
    assert "张三" in result.out
    assert "张三" not in sandbox.journal[-1].request.body.decode()


def test_sensitive_fields_inside_lists(wx, sandbox):
    from wechatpay import Sensitive
    from wechatpay.catalogue import Field
    from wechatpay.cli.request import encrypt_fields

    fields = (Field("people", "object[]", fields=(Field("name", encrypted="rsa"),)),)

    assert encrypt_fields({"people": [{"name": "a", "other": 1}, "x"]}, fields) == {
        "people": [{"name": Sensitive("a"), "other": 1}, "x"]
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["get", "nothing"],
        ["get", ""],
        ["get", "?a=b"],
        ["get", "v3/a b"],
        ["get", "v3/pay/transactions/id/{transaction_id}"],
        ["get", "v3/x", "-p", "bad"],
        ["get", "v3/x", "-d", "@no.such.file"],
    ],
)
def test_wrong_usage(wx, sandbox, arguments):
    assert wx("request", *arguments, "--env", sandbox.file).code == 2


def test_an_unknown_path_is_sent(wx, sandbox):
    result = wx("request", "post", "v3/no/such", "--env", sandbox.file, "-d", "a.b=1", "--json")

    assert result.code == 1
    assert sandbox.journal[-1].request.body == b'{"a":{"b":1}}'


def test_uploads_and_files(wx, sandbox, tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 100)
    sent = wx("request", "post", "v3/merchant/media/upload", "--env", sandbox.file, "-F", f"file={picture}", "--json")
    assert sent.code == 0, sent.err
    number = sent.data["data"]["media_id"]
    assert number
    kept = tmp_path / "kept"
    saved = wx("request", "post", "v3/security/echo", "--env", sandbox.file, "-d", "echo_message=x",
               "-d", "encrypted_echo_message=y", "-o", kept, "--json")  # fmt: skip
    assert saved.data["data"] == {"saved": str(kept), "bytes": kept.stat().st_size}


class Answer:
    status_code, request_id, verified, pending = 200, None, False, True
    content = b"\xff\xfe"


def test_bytes_without_a_place_are_refused(capsys):
    from chainable.cli.request_command import print_response

    with click.Context(click.Command("x")):
        with pytest.raises(click.UsageError, match="--output"):
            print_response(Answer, b"\xff\xfe", None)
        print_response(Answer, b"text", None)
        print_response(Answer, None, None)
    result = capsys.readouterr()
    assert result.out == "text\n"
    assert result.err.startswith("200, pending: not final yet, request id -")


def test_settings_in_toml(tmp_path, sandbox, merchant_key):
    file = tmp_path / "a.toml"
    account = sandbox.account
    file.write_text(
        f'[wechatpay]\nmchid = "1"\nserial = "{account.serial}"\nprivate_key = """{account.private_key}"""\n'
        f'apiv3_key = "{account.apiv3_key}"\n'
    )

    with make_client(file) as client:
        assert client.mchid == "1"
        assert str(find_node(client, "v3.pay")) == "v3/pay"
    assert read_settings(file)["mchid"] == "1"
    assert make_redactor(file)(account.apiv3_key) == "<redacted>"


def test_a_call_of_top(top, gateway):
    result = top("request", "taobao.time.get", "--env", gateway.file, "-v", "-H", "X-A: b")

    assert result.code == 0, result.err
    assert '"time"' in result.out
    assert "session=<redacted>" in result.err
    assert gateway.account.session not in result.err
    assert top("request", "taobao.time.get", "--env", gateway.file, "--format", "xml", "--json").data["data"]["time"]


def test_a_session_given_for_one_call_is_kept_secret(top, gateway, tmp_path):
    file = tmp_path / "a.env"
    file.write_text(
        "".join(line for line in gateway.file.read_text().splitlines(keepends=True) if "SESSION" not in line)
    )
    session = gateway.account.session
    result = top(
        "request", "taobao.user.seller.get", "-d", "fields=user_id", "--session", session, "-v", "--env", file,
        "-d", "refresh_token=abcdef123456", "--unknown",
    )  # fmt: skip

    assert session not in result.out + result.err
    assert "abcdef123456" not in result.out + result.err
    assert "refresh_token=<redacted>" in result.err


def test_what_the_signature_of_top_covers_is_shown_whole(top, gateway):
    result = top("request", "taobao.time.get", "--env", gateway.file, "-v")
    names = {line.partition("=")[0] for line in result.err.partition("sorted:\n")[2].partition("\n\n")[0].splitlines()}

    assert names == {"app_key", "format", "method", "session", "sign_method", "timestamp", "v"}


def test_a_refusal_of_top(top, gateway):
    for more in ([], ["-v"]):
        result = top("request", "taobao.trade.get", "-d", "tid=1", "-d", "fields=tid", "--env", gateway.file, *more)
        assert result.code == 1
        assert "isv.trade-not-exist" in result.err


def test_wrong_usage_of_top(top, gateway):
    assert (
        "a JSON object or name=value was expected"
        in top("request", "taobao.time.get", "-d", "0=1", "--env", gateway.file).err
    )
    assert top("request", "taobao.time.get", "-d", "sign=1", "--env", gateway.file).code == 2
    assert top(
        "request", "no.such.method", "-d", "a=1.5", "--env", gateway.file, "--session", "x", "--simplify"
    ).code in {1, 2}


def test_settings_of_top_in_toml(tmp_path):
    from taobao_top.cli.client_options import make_client as top_client

    file = tmp_path / "a.toml"
    file.write_text('app_key = "12345678"\napp_secret = "s"\nverify = "ca.pem"\n')

    assert top_settings(file) == {"app_key": "12345678", "app_secret": "s", "ca": "ca.pem"}
    file.write_text('app_key = "12345678"\napp_secret = "s"\n')
    top_client(file).close()


@pytest.mark.parametrize(
    "line",
    [
        "serial = 5",
        "private_key = [1]",
        "apiv3_key = [5]",
        "certs = ['x']",
        "certs = {a = 5}",
        "ca = true",
        "mchid = 1.5",
    ],
)
def test_values_in_toml_that_are_not_text_are_refused(wx, tmp_path, line):
    file = tmp_path / "a.toml"
    file.write_text(line)
    for command in (["certificates", "list"], ["doctor", "--offline"], ["request", "get", "v3/certificates"]):
        result = wx(*command, "--env", file)
        assert (result.code, f"{line.partition(' ')[0]}: " in result.err, "was expected" in result.err) == (
            2,
            True,
            True,
        )


def test_numbers_and_lists_in_toml(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text(f"mchid = 1900000109\napiv3_key = ['{'a' * 32}', '{'b' * 32}']\n")

    assert read_settings(file)["mchid"] == "1900000109"
    assert make_redactor(file)("a" * 32 + "b" * 32) == "<redacted><redacted>"


def test_a_file_of_top_may_say_how_calls_are_made(top, gateway, tmp_path):
    from taobao_top import client

    assert {*TEXTS, *OTHERS} == set(client._FILE)
    app = gateway.account
    file = tmp_path / "a.toml"
    file.write_text(
        f'app_key = {app.app_key}\napp_secret = "{app.app_secret}"\ngateway = "{gateway.https_gateway}"\n'
        f'verify = "{gateway.ca}"\nretries = 1\ntimeout = [60, 60]\nproxies = {{}}\n'
    )
    result = top("request", "taobao.time.get", "--env", file)
    assert result.code == 0, result.err
    result = top("doctor", "--env", file)
    assert result.code == 0, result.out
    file.write_text("app_key = '12345678'\napp_secret = 5\nverify = false\n")
    assert "app_secret: text was expected" in top("request", "taobao.time.get", "--env", file).err


def test_an_error_without_an_answer_shows_no_request():
    from wechatpay.cli import request as module

    assert "no" in module._describe(APIError("no"))


def test_targets_are_completed():
    from taobao_top.cli.request import request as top_request
    from wechatpay.cli.request import request

    context = click.Context(request)
    context.params["verb"] = "post"
    (target,) = (param for param in request.params if param.name == "target")
    (method,) = (param for param in top_request.params if param.name == "method")

    found = [each.value for each in target.shell_complete(context, "v3/pay/transactions/n")]
    assert found == ["v3/pay/transactions/native"]
    assert [each.value for each in method.shell_complete(click.Context(top_request), "taobao.time.")] == [
        "taobao.time.get"
    ]


def test_a_session_in_the_url_of_an_upload_is_redacted(top, gateway, tmp_path):
    """It stands there percent-encoded; and in whatever else has the name of a secret."""
    session = "SES/PLANTED+=="
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"x")
    result = top(
        "request", "taobao.picture.upload", "-v", "--env", gateway.file, "--session", session,
        "-d", "picture_category_id=1", "-d", "image_input_title=a", "-F", f"img={picture}",
        "-d", 'my_token={"access_token":"PLANTED"}', "-H", "Cookie: PLANTED=1", "--unknown",
    )  # fmt: skip

    assert "&session=<redacted>&" in result.err
    assert "PLANTED" not in result.out + result.err
    assert "image_input_title=a" in result.err


def test_persons_in_paths_queries_and_bodies_are_redacted(wx, sandbox):
    person = "oPLANTED0123456789/+=="
    for arguments in (
        ("get", "v3/new/{openid}", "--var", f"openid={person}"),
        ("get", "v3/payscore/permissions/openid/oPLANTED0123456789", "-p", "service_id=1"),
        ("get", "v3/payscore/permissions/openid/{openid}", "--var", f"openid={person}"),
        ("post", "v3/new", "-d", f"payer.openid={person}", "-d", f"mobile_of_payer={person}"),
        ("get", "v3/new", "-p", f"sub_openid={person}"),
    ):
        result = wx("request", *arguments, "--env", sandbox.file, "-v")
        assert "<redacted>" in result.err
        assert "PLANTED" not in result.err, arguments


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_wrong_usage_shows_no_key(wx, top, sandbox, gateway, lang):
    key = "V3PLANTED0123456789abcdef0123456"
    for arguments in (
        (key,),
        ("request", key, "v3/a"),
        ("request", "get", "v3/a", "-p", key),
        ("request", "get", "v3/a", "--var", key),
        ("request", "post", "v3/a", "-d", key),
        ("request", "get", "v3/a", "-H", key),
        ("request", "get", "v3/a", "-F", key),
        ("request", "get", "v3/a", "--env", key),
        ("request", "get", "v3/a", f"--{key}"),
        ("request", "get", "v3/a", key),
        ("request", "get", "v3/a", key, "--json"),
    ):
        result = wx("--lang", lang, *arguments)
        assert result.code == 2
        assert "PLANTED" not in result.out + result.err, arguments
    result = top("--lang", lang, "request", "taobao.time.get", "--format", key)
    assert result.code == 2
    assert "PLANTED" not in result.out + result.err


@pytest.mark.parametrize(
    ("lang", "near", "none"),
    [
        (
            "en",
            "has no parameter start_creatd in the catalogue; did you mean start_created or end_created? --unknown",
            "has no parameter zzz in the catalogue; --unknown sends it all the same",
        ),
        (
            "zh",
            "没有参数 start_creatd，是否为 start_created 或 end_created？加 --unknown",
            "没有参数 zzz；加 --unknown 可照样发送",
        ),
    ],
)
def test_a_misspelt_parameter_of_a_method_is_refused_unless_it_is_wanted(top, gateway, lang, near, none):
    call = ("--lang", lang, "request", "taobao.trades.sold.get", "--env", gateway.file, "-d", "fields=tid")

    for name, words in (("start_creatd", near), ("zzz", none)):
        refused = top(*call, "-d", f"{name}=1")
        assert refused.code == 2
        assert words in refused.err.replace("\n", " ")
        assert top(*call, "-d", f"{name}=1", "--unknown").code == 0
    assert top(*call, "-d", "pageSize=5", "-v").err.count("page_size=5")


def test_a_call_without_settings_says_how_to_try_it(wx, top, tmp_path):
    hint = "Without an account, start a sandbox in another terminal ({} sandbox --write-env sandbox.env)"
    result = wx("request", "get", "v3/certificates")
    assert (result.code, hint.format("wechatpay") in result.err) == (2, True)
    result = top("request", "taobao.time.get")
    assert (result.code, hint.format("taobao-top") in result.err) == (2, True)
    result = top("--lang", "zh", "request", "taobao.time.get")
    assert "没有账号时，请先在另一个终端启动沙箱（taobao-top sandbox --write-env sandbox.env）" in result.err
    (tmp_path / "a.env").write_text("WECHATPAY_SERIAL=AB\n")
    assert "sandbox" not in wx("request", "get", "v3/certificates", "--env", tmp_path / "a.env").err


def test_a_verb_in_wrong_letters_is_corrected(wx):
    assert "Did you mean 'post'?" in wx("request", "pots", "v3/pay/transactions/native").err
    assert "是否要写 'post'？" in wx("--lang", "zh", "request", "pots", "v3/pay/transactions/native").err
    assert "Did you mean" not in wx("request", "zzzzzz", "v3/pay/transactions/native").err


def test_parameters_without_their_option_are_corrected(wx, top):
    expected = "Unexpected arguments: fields=tid num=1. Request parameters are given with -d: -d fields=tid"
    assert expected in top("request", "taobao.trades.sold.get", "fields=tid", "num=1").err
    assert "请求参数用 -d 给出：-d a=1" in wx("--lang", "zh", "request", "post", "v3/x", "a=1").err
    assert "given with -d" not in wx("request", "post", "v3/x", "more").err
