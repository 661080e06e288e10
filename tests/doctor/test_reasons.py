"""Configuration errors in Chinese: every reason has a text, and the text fits the values."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path
from string import Formatter

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chainable import reasons
from chainable.destination import Destination
from chainable.errors import REASON_MODULES, ConfigurationError
from chainable.settings import PROBLEMS, check_texts, read_environment, read_toml
from chainable.validation import check_header_fields, check_timeout, check_whole
from taobao_top import reasons as taobao_top_reasons
from wechatpay import reasons as wechatpay_reasons
from wechatpay.apiv2.errors import V2_CODES
from wechatpay.cli.doctor.error_findings import SIGNATURE_REASONS
from wechatpay.crypto.keys import (
    check_apiv3_key,
    check_platform_key,
    containers,
    load_certificate,
    load_merchant_pair,
    load_private_key,
    load_public_key,
)
from wechatpay.crypto.serials import normalise_serial
from wechatpay.reasons import KINDS, explain

CHINESE = re.compile(r"[\u3400-\u9fff]")
ROOT = Path(__file__).parents[2]
PEM = "-----BEGIN {0}-----\n{1}\n-----END {0}-----"


def refused(load, *arguments, **keywords):
    with pytest.raises(ConfigurationError) as caught:
        load(*arguments, **keywords)
    return explain(caught.value)


def pem(key, password=None):
    cipher = serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, cipher).decode()


def test_wrong_files(tmp_path, sandbox):
    account = sandbox.account
    missing, empty, cut = tmp_path / "missing.pem", tmp_path / "empty.pem", tmp_path / "cut.pem"
    empty.write_text("")
    cut.write_text(account.merchant_cert[:200])
    result = {
        refused(load_private_key, str(missing)).zh: f"private_key：没有这个文件：{missing}",
        refused(load_private_key, "nothing"): None,
        refused(load_private_key, str(empty)).zh: f"private_key：文件为空：{empty}",
        refused(load_private_key, str(tmp_path)).zh: "private_key：这是目录，应为文件",
        refused(load_certificate, str(cut)).zh: f"merchant_cert：PEM 被截断：有 BEGIN 行，没有对应的 END 行：{cut}",
        refused(load_private_key, account.merchant_cert).zh: "private_key：这是证书，应为私钥",
        refused(load_certificate, account.private_key).zh: "merchant_cert：这是私钥，应为证书",
        refused(load_public_key, account.private_key).zh: "certs：这是私钥，应为公钥或证书",
        refused(load_private_key, b"x" * 32).zh: "private_key：这像是 32 位的 API 密钥，不是文件",
        refused(load_private_key, b"??").zh: "private_key：既不是 PEM，也不是 DER 或其 base64",
        refused(load_private_key, b"").zh: "private_key：值为空",
        refused(load_private_key, b"\x30\x82\xff\xff\x00").zh: "private_key：内容被截断或已损坏",
        refused(load_private_key, PEM.format("PRIVATE KEY", "!")).zh: "private_key：私钥的 base64 已损坏",
        refused(load_private_key, PEM.format("PRIVATE KEY", "MAAA")).zh: "private_key：这是私钥，但已损坏或算法不明",
        refused(load_private_key, "file://host/a.pem").zh: (
            "private_key：本地文件地址有三条斜线：file:///路径/key.pem：file://host/a.pem"
        ),
        refused(load_private_key, b"0" * (1 << 21)).zh: "private_key：超过 1 MiB，不会是密钥或证书",
    }

    for given, wanted in result.items():
        assert given == wanted or wanted is None
    assert refused(load_private_key, "nothing").zh.startswith("private_key：没有这个文件（")


def test_wrong_keys(sandbox, merchant_key):
    account = sandbox.account
    small = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    other = pem(merchant_key)

    assert refused(load_private_key, pem(small)).zh == "private_key：RSA 密钥只有 1024 位，至少要 2048 位"
    assert refused(load_private_key, pem(curve)).zh == "private_key：这是 EC 密钥，应为 RSA"
    assert (
        refused(load_private_key, pem(small, b"word")).zh
        == "private_key：私钥已加密，但没有给出密码：请配置 private_key_password"
    )
    assert (
        refused(load_private_key, pem(small, b"word"), password="no").zh
        == "private_key：密码（private_key_password）不对，无法打开该私钥，或私钥已损坏"
    )
    assert refused(load_merchant_pair, account.merchant_cert, other).zh == (
        f"merchant_cert 与 merchant_key：私钥与证书 {account.serial} 不匹配"
    )
    assert refused(load_merchant_pair, account.merchant_cert).zh == "merchant_key：缺少与证书配对的私钥"
    assert refused(check_apiv3_key, "short").zh.startswith("apiv3_key：长 5 字节，APIv3 密钥应为 32 个 ASCII 字节")


def test_wrong_names(sandbox):
    account = sandbox.account
    public, certificate = load_public_key(account.public_key), load_public_key(account.merchant_cert)

    assert refused(check_platform_key, "AB" * 20, public).zh.startswith(f"certs：序列号 {'AB' * 20} 对应的是公钥")
    assert refused(check_platform_key, "PUB_KEY_ID_01", certificate).zh == (
        f"certs：PUB_KEY_ID_01 对应的是证书；这个 ID 应对应微信支付公钥 pub_key.pem；该证书的序列号为 {account.serial}"
    )
    assert refused(check_platform_key, "AB" * 20, certificate).zh == (
        f"certs：{'AB' * 20} 对应的证书，序列号却是 {account.serial}"
    )
    assert refused(normalise_serial, "1" * 48).zh.startswith("serial：这是十进制的序列号，应为十六进制：")
    assert refused(normalise_serial, "no").zh.endswith("以 PUB_KEY_ID_ 开头的 ID：长 2 个字符，第 1 个不是十六进制数字")
    assert refused(normalise_serial, "0Key" * 8).zh.endswith(
        "以 PUB_KEY_ID_ 开头的 ID：长 32 个字符，第 2 个不是十六进制数字"
    )
    assert refused(normalise_serial, PEM.format("PUBLIC KEY", "x")).zh.endswith("，第 1 个不是十六进制数字")
    assert refused(check_platform_key, "ABCDEF0123", public).zh.startswith("certs：序列号 'AB…' 对应的是公钥")


def test_wrong_bundles(merchant_key, tmp_path):
    from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

    cipher = serialization.BestAvailableEncryption(b"word")
    alone = serialize_key_and_certificates(b"x", merchant_key, None, None, cipher)

    assert refused(load_merchant_pair, alone, password="no").zh.startswith("merchant_cert：无法打开该 .p12：文件已损坏")
    assert refused(load_merchant_pair, alone, password="word").zh == "merchant_cert：该 .p12 中没有证书"


WRONG_SETTINGS = {
    b"mchid": ("toml_ends_early", "不是有效的 TOML（文件没有写完）"),
    b"mchid = = 1\n": ("not_toml_at", "不是有效的 TOML（第 1 行第 9 列）"),
    b"a = " + b"[" * 5000: ("not_toml", "不是有效的 TOML"),
    b"shop = []\n": ("list_for_table", "shop 是列表，应为表：请在配置上方写 [shop]，只用一层方括号"),
    b"shop = 1\n": ("value_for_table", "shop 是单个值，应为表：请在配置上方写 [shop]，只用一层方括号"),
    b"colour = 1\n": ("unknown_setting", "没有配置项 'colour'"),
    b"mchidd = 1\n": ("unknown_setting_near", "没有配置项 'mchidd'，相近的有 'mchid'"),
    b"\xff": ("settings_not_utf8", "不是 UTF-8 文本，请另存为 UTF-8"),
    b"SHOP_MCHID\n": ("not_an_assignment", "第 1 行不是配置：应写成 NAME=value"),
    b"SHOP_MCHID='1\n": ("quote_not_closed", "第 1 行的值以引号开头，但引号没有配对，或其后还有文字：请补全或去掉引号"),
    b"SHOP_MCHID=-----BEGIN KEY-----\n": (
        "several_lines_without_quotes",
        '第 1 行：多行的值（如 PEM）应写在引号内：NAME="…"',
    ),
    b"SHOP MCHID=1\n": ("name_with_blank", "第 1 行的名称中有空格：应写成 NAME=value"),
    b"SHOP_MCHID=$PATH\n": (
        "dollar_name",
        "第 1 行：$PATH 有两种读法，docker compose 会代入 PATH 的值，python-dotenv 保留原文：请写成 ${PATH}，或把值放入单引号",
    ),
    b"SHOP_MCHID=${X:?}\n": (
        "unknown_expansion",
        "第 1 行：只能用 ${NAME}、${NAME:-默认值}、${NAME-默认值}；要保留原文，请把值放入单引号",
    ),
    b"SHOP_MCHID=1\x07\n": ("control_character", "第 1 行含有控制字符：请删除；换行用 LF 或 CRLF"),
}


@pytest.mark.parametrize(("content", "reason", "chinese"), [(key, *value) for key, value in WRONG_SETTINGS.items()])
def test_a_wrong_file_of_settings(tmp_path, content, reason, chinese):
    file = tmp_path / "settings"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        if content.startswith(b"SHOP"):
            read_environment("SHOP_", ["MCHID"], file)
        else:
            read_toml(file, "shop", ["mchid"])

    assert caught.value.reason == reason
    assert explain(caught.value).zh == f"{chinese}：{file}"


def test_every_problem_of_a_file_of_settings_is_tested():
    assert {reason for reason, _ in WRONG_SETTINGS.values()} == {*PROBLEMS, "settings_not_utf8"}


def test_wrong_values_of_settings(tmp_path):
    assert refused(read_toml, tmp_path, "shop", []).zh.startswith("无法读取（")
    assert refused(check_texts, {"mchid": 1}, "a.toml").zh == "mchid：应为文本：a.toml"
    assert refused(check_texts, {"certs": 1}, "a.toml", tables=["certs"]).zh == "certs：应为值均为文本的表：a.toml"


def test_wrong_options_and_urls():
    assert refused(Destination.of, "https://a b/").zh.startswith("应为 https://host/path 形式的地址")
    assert refused(check_timeout, 0).zh == "timeout：应为正的秒数，或一对秒数：（连接，等待每段数据）"
    assert refused(check_whole, "retries", -1).zh == "retries：应为不小于 0 的整数"
    assert refused(check_header_fields, []).zh == "headers：应为字典，不是 list"


REACHED = sorted(
    path
    for path in (ROOT / "chainable").rglob("*.py")
    if not {"deduplication", "web", "sandbox"} & set(path.relative_to(ROOT).parts)
)
"""The modules of ``chainable`` whose errors a command can show."""


@pytest.mark.parametrize("path", REACHED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_configuration_error_that_a_command_shows_has_a_reason(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ConfigurationError":
            assert "reason" in {keyword.arg for keyword in node.keywords}, node.lineno


def test_an_error_without_a_reason_keeps_its_message():
    assert explain(ConfigurationError("base_url: something else")).zh == "出错：base_url: something else"
    assert explain(ValueError("no values")).zh == "出错：no values"


def test_the_name_of_a_setting_is_not_repeated():
    error = ConfigurationError("certs: x", reason="not_certs_list", setting="certs")

    assert explain(error) == "certs: x"
    assert explain(error).zh == "certs：应为 id=路径,id=路径"
    assert explain(error, "certs") == "x"
    assert explain(error, "certs").zh == "应为 id=路径,id=路径"


def raised(package, error="ConfigurationError"):
    """Yield place, reasons and values of each error of a class that a package raises with a reason."""
    for path in sorted((ROOT / package).rglob("*.py")):
        text = path.read_text("utf-8")
        if error not in text and "refuse_source" not in text:
            continue  # generated types, more than a thousand
        tree = ast.parse(text)
        helper = [node for node in ast.walk(tree) if getattr(node, "name", "") == "refuse_source"]
        own = {node for each in helper for node in ast.walk(each)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or node in own:
                continue
            called = getattr(node.func, "id", "")
            words = {keyword.arg: keyword.value for keyword in node.keywords}
            if called == error:
                reason = words.pop("reason", None)
                if reason is not None:
                    yield f"{path.name}:{node.lineno}", list(texts(reason, tree)), set(words)
            elif called == "refuse_source" and error == "ConfigurationError":
                yield f"{path.name}:{node.lineno}", list(texts(node.args[0], tree)), {"setting", "file", *words}


def texts(value, tree):
    """The values of an expression: a literal, one of two, those assigned to a name, the keys of PROBLEMS."""
    if isinstance(value, ast.Name):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in {value.id, "PROBLEMS"}:
                yield from texts(node.value, tree)
    elif isinstance(value, ast.Dict):
        yield from (key.value for key in value.keys)
    elif isinstance(value, ast.IfExp):
        yield from (*texts(value.body, tree), *texts(value.orelse, tree))
    elif isinstance(value, ast.Constant):
        yield value.value


TABLES = {
    "chainable": reasons.REASONS,
    "wechatpay": wechatpay_reasons.REASONS,
    "taobao_top": taobao_top_reasons.REASONS,
}


@pytest.mark.parametrize("package", TABLES)
def test_every_reason_has_a_chinese_text_that_fits_its_values(package):
    found = list(raised(package))
    table = TABLES[package]

    assert found
    for place, names, values in found:
        assert names, place
        for name in names:
            assert name in table, (place, name)
            fields = {field for _, field, _, _ in Formatter().parse(table[name]) if field}
            # Those with **values are made one by one, in test_a_wrong_file_of_settings.
            assert fields <= values or (None in values and name in PROBLEMS), (place, name)


@pytest.mark.parametrize("package", TABLES)
def test_no_text_is_left_without_a_reason(package):
    assert {name for _, names, _ in raised(package) for name in names} == TABLES[package].keys()


def test_a_reason_means_the_same_in_every_package():
    shared = [set(table) for table in TABLES.values()]
    assert not shared[0] & shared[1]
    assert not shared[0] & shared[2]


def test_every_kind_of_file_has_a_chinese_name():
    assert set(containers._KIND_IDS.values()) <= KINDS.keys()


def test_every_reason_of_a_signature_error_has_a_meaning():
    found = {
        name
        for package in ("chainable", "wechatpay")
        for _, names, _ in raised(package, "SignatureError")
        for name in names
    }
    assert found | {"mismatch"} == SIGNATURE_REASONS.keys()


def test_a_pickled_error_keeps_reason_and_values():
    error = pickle.loads(pickle.dumps(ConfigurationError("x", reason="file_missing", file="a.pem")))

    assert (str(error), error.reason, error.values) == ("x", "file_missing", {"file": "a.pem"})


def test_the_reasons_of_all_packages_differ():
    """So that an error is explained by its reason alone."""
    tables = (reasons.REASONS, wechatpay_reasons.REASONS, taobao_top_reasons.REASONS)

    assert len({name for table in tables for name in table}) == sum(map(len, tables))
    assert set(REASON_MODULES) >= {"wechatpay.reasons", "taobao_top.reasons"}


def test_an_error_explains_itself(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        load_private_key(str(tmp_path / "missing.pem"))
    assert caught.value.explain("zh") == f"private_key：没有这个文件：{tmp_path / 'missing.pem'}"
    with pytest.raises(ConfigurationError) as caught:
        load_certificate(PEM.format("PRIVATE KEY", "MAAA"))
    assert caught.value.explain("zh").startswith("merchant_cert：这是私钥")


@pytest.mark.parametrize("code", sorted(V2_CODES))
def test_the_advice_on_each_code_has_both_languages(code):
    advice = V2_CODES[code].advice

    assert CHINESE.search(advice.zh)
    assert not CHINESE.search(advice)
