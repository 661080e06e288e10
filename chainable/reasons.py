"""
Configuration errors in both languages.

The English text is the error's own message; the Chinese text is found by the
error's ``reason`` and filled with its ``values``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from chainable.errors import REASON_MODULES
from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REASONS", "explain", "explain_any"]

REASONS = {
    "plain_http": "明文 http:// 只能用于本机地址（127.0.0.1、localhost），请用 https://",
    "not_a_url": "应为 https://host/ 形式的地址",
    "not_an_access_point": "接入点不能带用户名、查询参数或片段",
    "url_ambiguous": "应为 https://host/path 形式的地址，不能带用户名、反斜线、空格或片段；中文等非 ASCII 域名请写成 xn--…",
    "port_too_large": "地址中的端口大于 65535，应为 1 到 65535",
    "host_unusual": "地址中的主机既不是域名，也不是常规写法的 IP 地址（如 127.0.0.1、[::1]）",
    "host_not_allowed": "此处不允许访问 {host}",
    "proxy_of_environment": "环境变量为 {host} 配置了代理，而 DirectTransport 不走代理：传入 trust_env=False 直接连接，或去掉 transport=",
    "requests_mocked": "{name} 已被 mock、录制工具替换或删除，而 DirectTransport 不经过它：使用 mock 或录制工具的测试请去掉 "
    "transport=，仍要发送则传入 ignore_mocks=True；请求没有发出",
    "session_request_mocked": "{name} 已被 mock 或删除，而客户端调用的是 Session.send："
    "请改为替换 requests.Session.send，或使用 responses、requests-mock；请求没有发出",
    "not_a_response": "发送方返回的是 {type}，应为 requests.Response：测试中请使用 responses 或 requests-mock，或者创建 "
    "requests.Response() 并设置 status_code、headers 和 _content",
    "settings_unreadable": "无法读取（{error}）",
    "settings_not_utf8": "不是 UTF-8 文本，请另存为 UTF-8",
    "control_character": "第 {line} 行含有控制字符：请删除；换行用 LF 或 CRLF",
    "not_an_assignment": "第 {line} 行不是配置：应写成 NAME=value",
    "quote_not_closed": "第 {line} 行的值以引号开头，但引号没有配对，或其后还有文字：请补全或去掉引号",
    "prefix_is_file": "prefix 应为环境变量名的前缀，如 SHOP_；文件请用 file= 传入",
    "several_lines_without_quotes": '第 {line} 行：多行的值（如 PEM）应写在引号内：NAME="…"',
    "name_with_blank": "第 {line} 行的名称中有空格：应写成 NAME=value",
    "dollar_name": "第 {line} 行：${name} 有两种读法，docker compose 会代入 {name} 的值，python-dotenv 保留原文：请写成 ${{{name}}}，"
    "或把值放入单引号",
    "unknown_expansion": "第 {line} 行：只能用 ${{NAME}}、${{NAME:-默认值}}、${{NAME-默认值}}；要保留原文，请把值放入单引号",
    "setting_empty": "值为空",
    "not_toml": "不是有效的 TOML",
    "not_toml_at": "不是有效的 TOML（第 {line} 行第 {column} 列）",
    "toml_ends_early": "不是有效的 TOML（文件没有写完）",
    "list_for_table": "{table} 是列表，应为表：请在配置上方写 [{table}]，只用一层方括号",
    "value_for_table": "{table} 是单个值，应为表：请在配置上方写 [{table}]，只用一层方括号",
    "unknown_setting": "没有配置项 {name}",
    "unknown_setting_near": "没有配置项 {name}，相近的有 {similar}",
    "not_a_text": "应为文本",
    "not_a_table_of_texts": "应为值均为文本的表",
    "not_a_timeout": "应为正的秒数，或一对秒数：（连接，等待每段数据）",
    "not_a_flag": "应为 True 或 False",
    "not_seconds": "应为正的秒数",
    "not_whole": "应为不小于 {least} 的整数",
    "not_a_verification": "应为 True、False 或 CA 证书文件的路径",
    "not_callable": "应为函数或有 {method} 方法的对象，不是 {kind}",
    "not_proxies": "应为 requests 的字典 {{'https': 'http://user:password@host:port'}}，键为 http、https、all，不带 ://",
    "not_a_proxy": "键 {name} 的值不是代理地址，应写作 http://user:password@host:port，密码中字母和数字以外的字符须百分号编码",
    "not_a_mapping": "应为字典，不是 {kind}",
    "not_a_header_name": "{name} 不能用作请求头名称：只能用字母、数字、'-' 和 '_'",
    "not_a_header_value": "请求头 {name} 的值应为一行可打印的 ASCII 文本",
    "certificate_not_loaded": "客户端证书及其私钥无法加载（{error}），请检查这两个文件",
    "no_ca_certificates": "没有 PEM 格式的 CA 证书（{error}）：请给出 CA 文件或目录的路径",
    "urllib3_replaced": "urllib3 {version} 其实是 urllib3-future（niquests 安装时会用它顶替 urllib3）："
    "requests 的请求会在发出之后出错；请先卸载 urllib3-future 和 urllib3，设置 URLLIB3_NO_OVERRIDE=1 并加 "
    "--no-binary urllib3-future 重装 niquests，再安装 urllib3",
    "session_certificate": "它的 {adapter} 只能从文件读取商户证书，而此接口需要商户证书："
    "请设置 session.cert = ('apiclient_cert.pem', 'apiclient_key.pem')；请求没有发出",
    "session_retries": "它的 {adapter} 设置了 max_retries，可能用同一签名重复付款：请改用 max_retries=0，"
    "并给客户端设置 retries=；请求没有发出",
    "setting_of_other_transport": "不能与 transport= 同时使用：{transport} 自己管理连接，请去掉其中一个",
    "not_a_variable_name": "{name} 不能用作变量名：只能用字母、数字和 '_'",
    "not_printable": "值应为一行可打印的文本，请删除控制字符",
    "value_quoted": "值的首尾不能是空格或引号，请删除",
    "not_a_plain_file": "不是文件，请换一个路径",
    "catalogue_unusable": "接口目录文件缺失或已损坏，请重新安装本软件包",
    "glossary_unreadable": "词汇表无法读取，请重新安装本软件包",
}
"""The Chinese text of each reason in ``chainable``."""


def explain(
    error: Exception, reasons: Mapping[str, str], *, terms: Mapping[str, str] | None = None, setting: str = ""
) -> Words:
    """
    Return the message of a configuration error in both languages.

    Args:
        error: The error; without a known reason, its Chinese text is its message.
        reasons: The Chinese text of each reason of the package that raised it.
        terms: The Chinese text of values that are identifiers.
        setting: A setting that is not repeated in front of the message.
    """
    english = str(error).removeprefix(f"{setting}: ")
    text = {**REASONS, **reasons}.get(str(getattr(error, "reason", None)))
    if text is None:
        return Words(english, f"出错：{english}")
    values = dict(getattr(error, "values", {}))
    name, file = str(values.get("setting") or ""), values.get("file")
    shown = {key: _term(value, terms or {}) for key, value in values.items()}
    chinese = text.format(**shown) + (f"：{file}" if file else "")
    return Words(english, chinese if name in {"", setting} else f"{name.replace(', ', ' 与 ')}：{chinese}")


def _term(value: object, terms: Mapping[str, str]) -> str:
    """Return the Chinese text of a value: identifiers, separated by blanks, or any other text."""
    words = str(value).split(" ")
    return " 和 ".join(terms[word] for word in words) if all(word in terms for word in words) else str(value)


def explain_any(error: Exception) -> Words:
    """Return the message of a configuration error of any imported package in both languages."""
    reasons: dict[str, str] = {}
    terms: dict[str, str] = {}
    for name in REASON_MODULES:
        module = import_module(name)
        reasons |= module.REASONS
        terms |= getattr(module, "KINDS", {})
    return explain(error, reasons, terms=terms)
