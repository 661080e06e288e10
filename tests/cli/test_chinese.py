"""Chinese output: headings, usage errors, results."""

from __future__ import annotations

import errno
import json
import re

import click
import pytest

from chainable.cli import i18n, output, request_items, sandbox_options, usage_errors
from chainable.cli.commands import Command, Group
from chainable.cli.control_client import poll
from chainable.cli.exit_codes import error_text
from chainable.cli.i18n import Words
from chainable.cli.request_command import print_response
from wechatpay.cli.delivery_watch import response_text

CHINESE = re.compile(r"[一-鿿]")


@pytest.fixture(autouse=True)
def chinese(monkeypatch, plain):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")


def headings(text):
    """The headings of the tables that rich drew."""
    found = []
    for line in text.splitlines():
        if line.startswith("┃"):
            found += [cell.strip() for cell in line.strip("┃").split("┃")]
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("request", "--no-such"), "没有选项 '--no-such'。"),
        (("request", "get", "v3/x", "--outptu", "x"), "没有选项 '--outptu'。是否要写 '--output'？"),
        (("request", "jump", "v3/x"), "'{get|post|put|patch|delete}' 的值无效：'jump' 不是可选值，可选值：get, post"),
        (("request", "get"), "缺少参数 'TARGET'。"),
        (("request",), "可选值：get, post, put, patch, delete"),
        (("request", "get", "v3/x", "-o"), "选项 '-o' 需要一个值。"),
        (("request", "get", "v3/x", "--verbose=1"), "选项 '--verbose' 不带值。"),
        (("request", "get", "v3/x", "y", "z"), "多余的参数：y z"),
        (("request", "get", "v3/x", "--env", "no/such.env"), "'--env' 的值无效：'no/such.env' 不存在。"),
        (("request", "get", "v3/x", "--env", "."), "'--env' 的值无效：'.' 是目录，应为文件。"),
        (("request", "get", "v3/x", "-o", "no/such/file"), "no/such：目录不存在"),
        (("certificates", "save", __file__), "是文件，应为目录。"),
        (("trigger", "TRANSACTION.SUCCESS"), "缺少选项 '--to'。"),
        (("sandbox", "--port", "99999"), "'--port' 的值无效：99999 超出范围：>= 0, <= 65535。"),
        (("sandbox", "--port", "many"), "'--port' 的值无效：'many' 不是整数。"),
        (("doctor", "--timeout", "long"), "'--timeout' 的值无效：'long' 不是数字。"),
        (("--no-such",), "没有选项 '--no-such'。"),
        (("no-such",), "没有命令 'no-such'。"),
        (("certificates", "no-such"), "没有命令 'no-such'。"),
        (("trigger", "TRANSACTION.SUCCESS", "--to", "ftp://a"), "--to ftp://a：应为地址"),
        (("trigger", "X.Y", "--to", "http://127.0.0.1:9/"), "没有 v3 事件 'X.Y'"),
        (("trigger", "X.Y"), "没有 v3 事件 'X.Y'"),
        (("trigger", "--v2", "X.Y", "--to", "ftp://a"), "没有 v2 事件 'X.Y'"),
        (("deliveries", "--sandbox", "no-such"), "既不是地址"),
        (("doctor", "--receive", "80"), "给出通到该端口的地址"),
        (("encrypt", ""), "没有可加密的内容"),
        (("decrypt", ""), "没有可解密的内容"),
        (("sandbox", "--notify-url", "shop"), "--notify-url shop：应为地址"),
    ],
)
def test_wrong_usage_is_described_in_chinese(wx, arguments, said):
    result = wx(*arguments)

    assert result.code == 2
    assert result.out == ""
    assert said.replace("'", "").replace(" ", "") in result.err.replace("'", "").replace(" ", "").replace("\n", "")
    assert not re.search(r"Error|Usage|Try|Invalid|Missing", result.err)


def test_a_wrong_use_shows_the_right_one(wx):
    assert wx("completion", "--no-such").err == (
        "用法：wechatpay completion [选项] {bash|zsh|fish}\n"
        "运行“wechatpay completion --help”查看帮助。\n\n"
        "错误：没有选项 '--no-such'。\n"
    )  # fmt: skip


def test_without_a_command_the_help_is_shown(wx):
    result = wx()

    assert "用法：wechatpay [选项] 命令 [参数]..." in result.out + result.err
    assert "错误：" not in result.out + result.err


def test_usage_errors_are_json_with_json(wx):
    result = wx("request", "--json", "--no-such")

    assert (result.code, result.out) == (2, "")
    assert json.loads(result.err)["error"]["message"].startswith("没有选项")


def test_a_program_without_a_command_is_refused(wx):
    assert wx("--lang", "zh").err.endswith("错误：缺少命令。\n")
    assert wx("--lang", "en").err.endswith("Error: Missing command.\n")


def described(lang, wrong, monkeypatch):
    monkeypatch.setenv("LANG", lang)
    with pytest.raises(click.UsageError) as raised:
        wrong()
    return usage_errors.LocalizedUsageError(raised.value).message


def test_an_unreadable_file_is_described(monkeypatch, tmp_path):
    file = tmp_path / "a.env"
    file.write_text("")
    message = usage_errors.invalid_value(click.Path(exists=True), str(file))

    assert message == f"'{file}' is not readable."
    assert message.zh == f"'{file}' 无法读取。"


def test_the_invalid_value_of_a_repeated_option_is_named(wx):
    assert "'go' 不是可选值" in wx("sandbox", "--automatic", "pay", "--automatic", "go").err


def test_the_bounds_of_a_number_are_named():
    kind = click.FloatRange(0, 1, min_open=True, max_open=True)
    assert usage_errors.invalid_value(kind, "7").zh == "7 超出范围：> 0, < 1。"
    assert usage_errors.invalid_value(click.IntRange(max=1), "7") == "7 is out of range: <= 1."


def test_an_unknown_error_keeps_its_text():
    assert usage_errors.describe(click.UsageError("something new")) == "something new"


def test_errors_without_a_parameter_or_context():
    assert usage_errors.describe(click.BadOptionUsage("-o", "x")).zh == "选项 '-o' 需要一个值。"
    assert usage_errors.describe(click.MissingParameter()).zh == "缺少选项 。"


def test_a_language_chosen_beats_that_of_the_system(wx):
    assert "Error: No such option" in wx("--lang", "en", "request", "--no-such").err
    assert i18n.language() == "zh"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: request_items.parse_pairs(["x"], "-p"), "-p 'x'：应为 name=value"),
        (lambda: request_items.parse_headers(["x"], "-H"), "-H：应为 'Name: value'"),
        (lambda: request_items.parse_body(["x"]), "-d 'x'：应为"),
        (lambda: request_items.parse_body(["x:={"]), "-d x：不是 JSON"),
        (lambda: request_items.parse_body(["x.0=1", "x.2=1"]), "请按顺序给出"),
        (lambda: request_items.parse_body(["x=1", "x.y=1"]), "上级不是对象"),
    ],
)
def test_wrong_values(wrong, said, monkeypatch):
    assert said in described("zh_CN.UTF-8", wrong, monkeypatch)


def test_a_mistake_outside_of_a_command_has_no_usage(capsys):
    usage_errors.LocalizedUsageError(click.UsageError(Words("wrong", "不对"))).show()

    assert capsys.readouterr().err == "错误：不对\n"


def test_headings_of_tables_are_chinese(wx, sandbox, receiver):
    sent = wx("trigger", "TRANSACTION.SUCCESS", "--to", receiver.url, "--sandbox", sandbox.file)
    assert headings(sent.out) == [
        "编号", "事件", "地址", "状态", "次数", "最近应答", "几秒后重试", "次序", "内容", "应答", "耗时", "已接受",
    ]  # fmt: skip
    assert "已接受" in sent.out
    assert "真实通知" in sent.out
    assert headings(wx("deliveries", "--sandbox", sandbox.file).out)[:2] == ["编号", "事件"]
    assert headings(wx("act", "--sandbox", sandbox.file).out) == ["操作", "参数", "说明"]
    keys = wx("certificates", "download", "--env", sandbox.file).out
    assert headings(keys) == ["序列号或 ID", "类型", "生效时间", "失效时间"]
    assert "公钥" in keys


def test_json_names_things_in_english(wx, top, sandbox, receiver, interrupted, waiting):
    arguments = ("trigger", "TRANSACTION.SUCCESS", "--to", receiver.url, "--sandbox", sandbox.file, "--json")
    assert wx(*arguments).data["state"] == "accepted"
    assert not CHINESE.search(wx("certificates", "list", "--env", sandbox.file, "--json").out)
    for run in (wx, top):
        interrupted(waiting)
        assert not CHINESE.search(run("sandbox", "--json").out)


def test_an_account(wx, top, interrupted, waiting):
    interrupted(waiting)
    result = wx("sandbox", "--address", "0.0.0.0")
    assert "警告：其他机器可以访问 0.0.0.0" in result.err
    for word in ("微信支付沙箱", "微信支付公钥 ID", "查看页面", "按 Ctrl-C 结束。"):
        assert word in result.out
    interrupted(waiting)
    result = top("sandbox")
    for word in ("淘宝开放平台沙箱", "网关（HTTPS）", "消息通道", "按 Ctrl-C 结束。"):
        assert word in result.out


def test_signed_text_and_status_are_chinese(wx, sandbox, top, gateway):
    result = wx("request", "get", "v3/certificates", "-v", "--env", sandbox.file)
    assert "签名原文：" in result.err
    assert "200，验签通过，请求号" in result.err
    result = top("request", "taobao.time.get", "-v", "--env", gateway.file)
    assert "参与签名的参数（已排序）：" in result.err


def test_a_pending_response_is_described_in_chinese(capsys):
    class Answer:
        status_code, request_id, verified, pending = 202, "", False, True

    with click.Context(Command("x")):
        print_response(Answer, None, None)
    assert capsys.readouterr().err == "202，处理中：结果未定，请求号 -\n"


def test_a_search_without_results_says_so_in_chinese(wx):
    assert wx("describe", "qqqqqqqqzzzz").err == "没有找到 'qqqqqqqqzzzz'\n"


def test_a_sandbox_that_is_not_running_is_reported_in_chinese(wx):
    assert "没有运行中的沙箱" in wx("deliveries", "--sandbox", "http://127.0.0.1:9").err


def test_cells_of_tables_are_chinese(capsys):
    output.print_table("", (Words("a", "甲"),), [(Words("b", "乙"),), (1,)])

    assert "甲" in (result := capsys.readouterr().out)
    assert "乙" in result


def test_a_missing_extra_is_reported_in_chinese(monkeypatch):
    def load():
        raise ModuleNotFoundError(name="httptools")

    message = described("zh_CN.UTF-8", lambda: sandbox_options.require_sandbox(load, "x"), monkeypatch)
    assert message == "沙箱需要 httptools：pip install 'x[sandbox]'"


def test_an_error_that_shows_itself_stays_as_it_is():
    class Own(click.UsageError):
        def show(self, file=None):
            """Discard log lines."""

    group = Group("x", help=Words("X", "某"))

    @group.command("y", help=Words("Y", "某"))
    def y():
        raise Own("own")

    with pytest.raises(Own):
        group.main(["y"], standalone_mode=False)


def test_configuration_errors_are_chinese(wx, top, tmp_path):
    file = tmp_path / "a.env"
    file.write_text("WECHATPAY_SERIAL=AB\n")

    assert (
        wx("certificates", "list", "--env", file).err == "ConfigurationError: 没有设置 WECHATPAY_MCHID：请给出商户号\n"
    )
    assert "WECHATPAY_MCHID is not set" in wx("--lang", "en", "certificates", "list", "--env", file).err
    assert "app_key" in top("request", "taobao.time.get", "--env", tmp_path / "a.env").err


def test_a_refusal_is_explained(wx, sandbox):
    target = "v3/pay/transactions/out-trade-no/{out_trade_no}"
    arguments = ("request", "get", target, "--var", "out_trade_no=none1234", "-p", "mchid=1900000109")
    result = wx(*arguments, "--env", sandbox.file)

    assert result.code == 1
    assert "平台拒绝了这次调用：ORDER_NOT_EXIST，HTTP 404：" in result.err
    assert "订单不存在：请检查单号与商户号" in result.err
    message = json.loads(wx(*arguments, "--env", sandbox.file, "--json").err)["error"]["message"]
    assert message.startswith("平台拒绝了这次调用")
    assert "no such order" in wx(*arguments, "--env", sandbox.file, "--lang", "en").err


def test_a_network_failure_is_explained(wx, sandbox, tmp_path, port):
    settings = tmp_path / "absent.env"
    text = sandbox.file.read_text("utf-8").replace(sandbox.https_url, f"https://127.0.0.1:{port}/")
    settings.write_text(re.sub(r"(?m)^WECHATPAY_BACKUP_URL=.*\n", "", text), "utf-8")
    result = wx("certificates", "download", "--env", settings)

    assert result.code == 3
    assert "连接失败或被断开" in result.err
    assert "请求没有发出，可以重新调用。" in result.err


def test_a_record_of_another_form_is_explained(wx, tmp_path):
    bill, orders = tmp_path / "bill.csv", tmp_path / "orders.csv"
    bill.write_text(
        "交易时间,微信订单号,商户订单号,交易状态,订单金额,商户退款单号\n`,`1,`A,`SUCCESS,`1.00,`0\n总交易单数\n`1\n",
        "utf-8",
    )
    orders.write_text("out_trade_no,total\nA,1.00\n", "utf-8")
    result = wx("reconcile", bill, orders)

    assert result.code == 2
    assert "有值无法按平台的格式写出，或收到的内容无法解析" in result.err


def test_errors_of_files_are_chinese(wx, tmp_path):
    result = wx("bill", tmp_path / "none.csv")
    assert (result.code, result.err) == (2, f"FileNotFoundError: {tmp_path / 'none.csv'}：没有这个文件或目录\n")
    result = wx("bill", tmp_path)
    assert (result.code, result.err) == (2, f"IsADirectoryError: {tmp_path}：这是目录，应为文件\n")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.EADDRINUSE, "Address already in use"), "端口已被占用，请换一个端口"),
        (OSError(errno.ENOEXEC, "Exec format error", "a"), "a：Exec format error"),
        (OSError("other"), "other"),
        (ValueError(Words("wrong", "错误")), "错误"),
    ],
)
def test_errors_of_the_system_are_chinese(error, text):
    assert error_text(error) == text


def test_failed_deliveries_are_chinese(wx, sandbox, port):
    body = ["-d", "appid=wxd678efh567hg6787", "-d", "mchid=1900000109", "-d", "description=x", "-d", "amount.total=1"]
    order = [*body, "-d", "out_trade_no=late0001", "-d", f"notify_url=http://127.0.0.1:{port}/"]
    assert wx("request", "post", "v3/pay/transactions/native", *order, "--env", sandbox.file).code == 0
    assert wx("act", "pay", "number=late0001", "--sandbox", sandbox.file).code == 0
    (number,) = [str(each.id) for each in sandbox.callbacks]
    shown = poll(
        lambda: {"text": wx("deliveries", number, "--sandbox", sandbox.file).out},
        lambda found: "连不上：该地址没有服务在监听" in found["text"],
        30,
    )
    assert "连不上：该地址没有服务在监听" in shown["text"]
    assert "no connection: nothing listens" in wx("--lang", "en", "deliveries", number, "--sandbox", sandbox.file).out


def test_a_delivery_without_words_is_shown_as_it_is():
    assert response_text({"status": 0, "error": "StrangeError: x"}) == "StrangeError: x"
