"""Errors in plain words: what happened and what to do, in English and in Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from chainable.errors import (
    APIError,
    ChainableError,
    ClaimError,
    CodecError,
    ConfigurationError,
    DecryptionError,
    InProgress,
    PathError,
    SignatureError,
    UnknownKeyError,
)
from chainable.i18n import LANGUAGES, Words, environment_language, message_of, translate
from chainable.masking import shown
from chainable.reasons import explain_any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["explain"]

_KINDS: tuple[tuple[type[Exception], Words], ...] = (
    (
        PathError,
        Words(
            "The path of this call is wrong, and nothing was sent: correct it as the details say.",
            "调用路径有误，请求没有发出：请按下面的详情修改。",
        ),
    ),
    (
        ConfigurationError,
        Words(
            "A key, a file or a setting of the client is wrong: correct it as the details say.",
            "客户端的密钥、文件或配置有误：请按下面的详情修改。",
        ),
    ),
    (
        UnknownKeyError,
        Words(
            "The client has no key of this serial or id: compare the configured keys with the console.",
            "客户端没有该序列号或 ID 对应的密钥：请与平台控制台核对所配置的密钥。",
        ),
    ),
    (
        CodecError,
        Words(
            "A value cannot be written in the platform's format, or what arrived cannot be read: the details name it.",
            "有值无法按平台的格式写出，或收到的内容无法解析：详情中指出了是哪一个。",
        ),
    ),
    (
        DecryptionError,
        Words(
            "The ciphertext was made for another key: compare the configured keys with the console.",
            "密文是用另一把密钥加密的：请与平台控制台核对所配置的密钥。",
        ),
    ),
    (
        InProgress,
        Words(
            "Another worker is handling this message: do not acknowledge it, the platform sends it again.",
            "另一个进程正在处理这条消息：不要应答成功，平台会再次发送。",
        ),
    ),
    (
        ClaimError,
        Words(
            "That the message was handled was not recorded: check the work before the message is handled again.",
            "“已处理”没有记录成功：再次处理这条消息之前，请先核对业务是否已经完成。",
        ),
    ),
    (
        TypeError,
        Words(
            "The call is written in a way that does not exist: correct it as the details say.",
            "调用写法有误：请按下面的详情修改。",
        ),
    ),
    (
        AttributeError,
        Words(
            "This name does not exist: correct it as the details say.",
            "没有这个名称：请按下面的详情修改。",
        ),
    ),
)
"""Errors that say all in their message."""

_SIGNATURES = {
    "missing": Words(
        "It has no signature: something in between drops headers, or it does not come from the platform.",
        "没有签名：中间设备丢掉了请求头，或者它并非来自平台。",
    ),
    "stale": Words(
        "It is too old or from the future: set the clock of this machine; or somebody replays an old message.",
        "时间过早或过晚：请校准本机时钟；也可能是有人重放旧消息。",
    ),
    "unknown_key": Words(
        "It is signed with a key that is not configured: compare the keys with the console.",
        "签名所用的密钥没有配置：请与平台控制台核对。",
    ),
    "mismatch": Words(
        "The signature does not fit: the configured key is the wrong one, or something in between changes the body.",
        "签名与内容不符：配置的密钥不对，或正文在途中被改动。",
    ),
    "probe": Words(
        "The platform tests with a wrong signature whether it is verified, and it was: refuse it and go on.",
        "这是平台的签名探测：故意发送错误的签名，验签失败符合预期，照常拒绝即可。",
    ),
    "replayed": Words(
        "An earlier call got the same response: a cache or a test server in between repeats it.",
        "之前的调用已收到过同一应答：中间的缓存或测试服务器在重复发送。",
    ),
    "other_request": Words(
        "The response names another number than the request: something in between mixes responses up.",
        "应答中的单号与请求的不一致：中间设备把应答弄混了。",
    ),
    "repeated": Words(
        "This call came before: it was handled then, or somebody replays it.",
        "这次调用之前已经来过：当时已处理，或有人在重放。",
    ),
}
_DEADLINE = Words("The deadline of the call passed.", "已超过这次调用的总时限。")
_UNTRUSTED = Words(
    "The certificate of the host is not trusted: look for a proxy in between, or give its CA file as verify=.",
    "对方的证书不受信任：请检查中间是否有代理，或用 verify= 给出它的 CA 文件。",
)
_NETWORK: tuple[tuple[type[Exception], Words], ...] = (
    (
        requests.exceptions.ProxyError,
        Words(
            "The proxy did not connect: check proxies= and the proxy.", "代理没有连通：请检查 proxies 配置与代理本身。"
        ),
    ),
    (
        requests.exceptions.SSLError,
        Words("The secure connection (TLS) failed.", "安全连接（TLS）失败。"),
    ),
    (
        requests.exceptions.ConnectTimeout,
        Words(
            "The host could not be reached in time: check the network and the firewall.",
            "连接超时：请检查网络与防火墙。",
        ),
    ),
    (
        requests.exceptions.Timeout,
        Words("No response arrived in time.", "等待应答超时。"),
    ),
    (
        requests.exceptions.ConnectionError,
        Words(
            "The connection failed or was closed: check the network, the name of the host and the firewall.",
            "连接失败或被断开：请检查网络、域名解析与防火墙。",
        ),
    ),
    (
        requests.exceptions.RequestException,
        Words("The response did not arrive whole.", "应答没有完整收到。"),
    ),
)
_NOT_SENT = Words("Nothing was sent: the call can be repeated.", "请求没有发出，可以重新调用。")
_MAYBE_SENT = Words(
    "The platform may have carried it out: query the state first, and repeat only with the same number.",
    "平台可能已经执行：请先查询状态；如需重试，必须用原单号。",
)
_RETRYABLE = Words(
    "It may be sent again with the same number and the same parameters.", "可以用原单号、原参数重新发送。"
)
_PENDING = Words("It is still being processed: query the state.", "仍在处理中：请查询状态。")
_UNKNOWN_CODE = Words(
    "Look the code up on the page of the operation, and correct the request.",
    "请在接口文档中查这个错误码，并修改请求。",
)
_ANOTHER = Words("Another error: see the details.", "其他错误：见详情。")


def explain(error: BaseException, lang: str | None = None) -> Words:
    """
    Say in plain words what happened and what to do.

    Args:
        error: An error of these packages or a network failure of requests.
        lang: ``en`` or ``zh``; by default Chinese if the locale of the environment (``LANG``) is Chinese.

    Returns:
        Lines of text. Their attribute ``zh`` has the Chinese text in either language.

    Raises:
        ValueError: The language is another one.
    """
    language = environment_language() if lang is None else lang
    if language not in LANGUAGES:
        msg = Words(
            f"lang: 'en' or 'zh' was expected, not {shown(lang)}", f"lang：应为 'en' 或 'zh'，不是 {shown(lang).zh}"
        )
        raise ValueError(msg)
    lines = list(_lines(error))
    english, chinese = ("\n".join(translate(line, each) for line in lines) for each in LANGUAGES)
    return Words(english if language == "en" else chinese, chinese)


def _lines(error: BaseException) -> Iterator[str]:
    if isinstance(error, APIError):
        yield from _of_refusal(error)
    elif isinstance(error, SignatureError):
        yield _SIGNATURES.get(error.reason, _SIGNATURES["mismatch"])
        if error.response is not None:
            yield _MAYBE_SENT
        yield from _details(error)
    elif isinstance(error, ConfigurationError) and error.reason is not None:
        yield explain_any(error)
    elif isinstance(error, requests.RequestException):
        yield from _of_network(error)
    else:
        yield next((words for kind, words in _KINDS if isinstance(error, kind)), _ANOTHER)
        if isinstance(error, ChainableError) and error.maybe_sent:
            yield _MAYBE_SENT
        yield from _details(error)


def _details(error: BaseException) -> Iterator[str]:
    text = message_of(error) or type(error).__name__
    yield Words(f"Details: {text}", f"详情：{translate(text, 'zh')}")


def _of_refusal(error: APIError) -> Iterator[str]:
    message = error.args[0] if error.args else ""
    compared = error.comparison()
    if isinstance(message, Words):
        yield message
    else:
        named = error.code or "?"
        sentence = "" if error.message == str(error) else error.message
        status = Words("", "")
        if error.status_code:
            status = Words(f", HTTP {error.status_code}", f"，HTTP {error.status_code}")
        yield Words(
            f"The platform refused the call: {named}{status}{sentence and f': {sentence}'}",
            f"平台拒绝了这次调用：{named}{status.zh}{sentence and f'：{sentence}'}",
        )
        if compared is None and (error.advice or not error.retryable):
            yield _sentence(error.advice) if error.advice else _UNKNOWN_CODE
    if error.pending:
        yield _PENDING
    elif error.retryable:
        yield _RETRYABLE
    elif error.maybe_sent and (error.status_code or 0) >= 500:
        yield _MAYBE_SENT
    if error.request_id:
        yield Words(
            f"For the platform's support: request id {error.request_id}",
            f"联系平台客服请提供请求号：{error.request_id}",
        )
    if compared is not None:
        yield compared


def _sentence(advice: str) -> Words:
    """Return an advice, which is a part of a message, as a sentence."""
    english, chinese = f"{advice[0].upper()}{advice[1:]}", translate(advice, "zh")
    return Words(
        english if english.endswith("?") else f"{english}.", chinese if chinese.endswith("？") else f"{chinese}。"
    )


def _of_network(error: requests.RequestException) -> Iterator[str]:
    if getattr(error, "deadline_passed", False):
        yield _DEADLINE
    elif getattr(error, "bad_certificate", False):
        yield _UNTRUSTED
    else:
        yield next(words for kind, words in _NETWORK if isinstance(error, kind))
    yield _MAYBE_SENT if getattr(error, "maybe_sent", True) else _NOT_SENT
    yield from _details(error)
