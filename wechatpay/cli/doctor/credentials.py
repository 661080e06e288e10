"""Check keys and certificates: what each file is, and whether they belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.cli.checks import bad, good, warning
from chainable.cli.i18n import Words
from chainable.errors import ConfigurationError
from chainable.masking import MaskedDict, shown_number
from wechatpay import configuration
from wechatpay.crypto.keys import (
    check_apiv3_key,
    check_platform_key,
    load_certificate,
    load_merchant_certificate,
    load_merchant_pair,
    load_private_key,
    load_public_key,
)
from wechatpay.crypto.serials import normalise_serial, shown_serial
from wechatpay.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainable.cli.checks import Finding

__all__ = ["SOON", "examine", "parse_certs"]

SOON = 30 * 86400.0
"""Seconds before a certificate expires, from which on there is a warning."""

_TRIMMED = ("mchid", "brand_id", "serial", "private_key", "secret", "merchant_cert", "merchant_key")
_SPACED = Words("has white space around it", "前后有空白字符")
_UNSPACE = Words("Remove the white space.", "去掉前后的空格或换行。")
_MISSING = Words("is missing", "缺失")
_NOT_GIVEN = Words("is not given", "未提供")
_UNSIGNED = Words("Nothing can be signed.", "无法签名。")
_NO_TLS = Words("Refunds and all calls with TLS certificates fail.", "退款等需要商户证书（TLS）的调用会失败。")
_UNDECRYPTED = Words("Notifications and certificates cannot be decrypted.", "回调通知与平台证书无法解密。")
_UNVERIFIED = Words("Responses cannot be verified.", "应答无法验签。")


def parse_certs(given: Mapping[str, Any] | str) -> dict[str, Any]:
    """Parse the setting ``certs``: a table, or ``id=path,id=path``."""
    return configuration.parse_certs(given) if isinstance(given, str) else dict(given)


def examine(settings: Mapping[str, Any], clock: Callable[[], float]) -> Iterator[Finding]:
    """Check each setting, and those that belong together."""
    spaced = [name for name in _TRIMMED if _is_spaced(settings.get(name))]
    for name in spaced:
        yield warning(
            name,
            _SPACED,
            Words("This client drops it; other clients use it literally.", "本客户端会去掉；其他客户端会原样使用。"),
            _UNSPACE,
        )
    settings = MaskedDict({**settings, **{name: settings[name].strip() for name in spaced}})
    number = settings.get("mchid") or settings.get("brand_id")
    if number is None:
        yield bad(
            "mchid",
            _MISSING,
            Words("Every call carries the merchant number.", "每次调用都要带商户号。"),
            Words("Set WECHATPAY_MCHID.", "设置 WECHATPAY_MCHID。"),
        )
    else:
        yield good("mchid", shown_number(str(number)))
    yield _private_key(settings)
    yield from _merchant_certificate(settings, clock)
    yield from _apiv3_key(settings)
    yield from _secret(settings)
    yield from _platform_keys(settings, clock)


def _is_spaced(value: Any) -> bool:
    """Return whether a value, but for PEM and base64 in lines, has white space around it."""
    return isinstance(value, str) and value != value.strip() and len(value.split()) == 1 and "-----" not in value


def _private_key(settings: Mapping[str, Any]) -> Finding:
    if "private_key" not in settings:
        fix = Words(
            "Set WECHATPAY_PRIVATE_KEY to apiclient_key.pem.", "把 WECHATPAY_PRIVATE_KEY 设为 apiclient_key.pem。"
        )
        return bad("private_key", _MISSING, _UNSIGNED, fix)
    try:
        key: Any = load_private_key(
            settings["private_key"], name="private_key", password=settings.get("private_key_password")
        )
    except ConfigurationError as error:
        fix = Words(
            "Use apiclient_key.pem, the file that begins with BEGIN PRIVATE KEY.",
            "应为 apiclient_key.pem，即以 BEGIN PRIVATE KEY 开头的文件。",
        )
        return _wrong("private_key", error, _UNSIGNED, fix)
    return good("private_key", Words(f"an RSA private key of {key.key_size} bits", f"{key.key_size} 位 RSA 私钥"))


def _merchant_certificate(settings: Mapping[str, Any], clock: Callable[[], float]) -> Iterator[Finding]:
    given, check = settings.get("merchant_cert"), "merchant_cert"
    serial = settings.get("serial")
    if given is None:
        yield from _no_certificate(serial)
        return
    try:
        held = load_merchant_certificate(given, name=check, password=_p12_password(settings))
    except ConfigurationError as error:
        yield _wrong(
            check,
            error,
            _NO_TLS,
            Words("Use apiclient_cert.pem.", "应为 apiclient_cert.pem。"),
        )
        return
    yield _validity(
        check,
        Words(f"serial {held.serial}", f"序列号 {held.serial}"),
        held.not_after.timestamp() - clock(),
        Words("Apply for a new one in the console.", "在商户平台申请新证书。"),
    )
    if serial is not None:
        yield _compare_serials(str(serial), held.serial)
    if held.common_name and settings.get("mchid") not in {None, held.common_name}:
        mchid = shown_number(str(settings["mchid"]))
        yield bad(
            check,
            Words(
                f"was issued to {held.common_name}, but mchid is {mchid}",
                f"签发给 {held.common_name}，而 mchid 是 {mchid}",
            ),
            Words("A certificate signs for its own merchant only.", "证书只能用于所属商户的签名。"),
            Words(
                "Use this merchant's certificate, or correct WECHATPAY_MCHID.",
                "换成该商户的证书，或改正 WECHATPAY_MCHID。",
            ),
        )
    yield from _check_pair(settings, given)


def _no_certificate(serial: Any) -> Iterator[Finding]:
    if serial is None:
        yield bad(
            "serial",
            Words(
                "is missing, and cannot be read from merchant_cert, which is missing too",
                "缺失，也没有可供读取的 merchant_cert",
            ),
            Words("Every signature carries the serial of the merchant certificate.", "每个签名都要带商户证书序列号。"),
            Words(
                "Set WECHATPAY_SERIAL, or set WECHATPAY_MERCHANT_CERT to apiclient_cert.pem.",
                "设置 WECHATPAY_SERIAL，或把 WECHATPAY_MERCHANT_CERT 设为 apiclient_cert.pem。",
            ),
        )
        return
    yield _serial(serial)
    yield warning(
        "merchant_cert",
        _NOT_GIVEN,
        Words(
            "The key cannot be compared with the serial, and calls that need the certificate in TLS cannot be made.",
            "无法判断私钥与序列号是否配对，也无法发起需要商户证书（TLS）的调用。",
        ),
        Words(
            "Set WECHATPAY_MERCHANT_CERT to apiclient_cert.pem.",
            "把 WECHATPAY_MERCHANT_CERT 设为 apiclient_cert.pem。",
        ),
    )


def _serial(serial: Any) -> Finding:
    try:
        return good("serial", shown_serial(normalise_serial(str(serial))))
    except ConfigurationError as error:
        return _wrong(
            "serial",
            error,
            Words("Every signature carries it.", "每个签名都要带它。"),
            Words("Copy it from the console, or set merchant_cert.", "从商户平台复制，或配置 merchant_cert。"),
        )


def _compare_serials(serial: str, real: str) -> Finding:
    found = _serial(serial)
    if found.code or found.found == real:
        return found
    return bad(
        "serial",
        Words(
            f"{found.found} differs from the serial of merchant_cert, {real}",
            f"{found.found} 不是 merchant_cert 的序列号 {real}",
        ),
        Words(
            "The platform verifies with another key and returns SIGN_ERROR.",
            "平台会用另一把公钥验签，返回 SIGN_ERROR。",
        ),
        Words(
            "Remove WECHATPAY_SERIAL: it is read from merchant_cert.",
            "去掉 WECHATPAY_SERIAL：会从 merchant_cert 读取。",
        ),
    )


def _check_pair(settings: Mapping[str, Any], certificate: Any) -> Iterator[Finding]:
    for name in ("private_key", "merchant_key"):
        if name not in settings:
            continue
        check = Words(f"{name} and merchant_cert", f"{name} 与 merchant_cert")
        try:
            load_private_key(settings[name], name=name, password=_key_password(settings, name))
        except ConfigurationError as error:
            if name == "merchant_key":  # private_key has a finding of its own
                yield _wrong(name, error, _NO_TLS, Words("Use apiclient_key.pem.", "应为 apiclient_key.pem。"))
            continue
        try:
            load_merchant_pair(
                certificate,
                settings[name],
                password=_p12_password(settings),
                key_password=_key_password(settings, name),
                key_name=name,
            )
        except ConfigurationError as error:
            yield _wrong(
                check,
                error,
                Words(
                    "They do not belong together: the platform returns SIGN_ERROR, and TLS fails.",
                    "两者不配对：平台返回 SIGN_ERROR，TLS 握手失败。",
                ),
                Words(
                    "Use both files of the same download of the certificate tool.",
                    "使用证书工具同一次生成的两个文件。",
                ),
            )
        else:
            yield good(check, Words("belong together", "配对"))


def _p12_password(settings: Mapping[str, Any]) -> Any:
    return settings.get("merchant_cert_password") or settings.get("mchid")


def _key_password(settings: Mapping[str, Any], name: str) -> Any:
    own = settings.get("private_key_password")
    return own if name == "private_key" else (settings.get("merchant_cert_password"), own)


def _apiv3_key(settings: Mapping[str, Any]) -> Iterator[Finding]:
    given = settings.get("apiv3_key")
    if given is None:
        yield warning(
            "apiv3_key", _NOT_GIVEN, _UNDECRYPTED, Words("Set WECHATPAY_APIV3_KEY.", "设置 WECHATPAY_APIV3_KEY。")
        )
        return
    keys = given if isinstance(given, tuple | list) else [given]
    for text in map(str, keys):
        if text != text.strip():
            yield warning(
                "apiv3_key",
                _SPACED,
                Words("Other clients use it literally and fail to decrypt.", "不去空白的客户端会解密失败。"),
                _UNSPACE,
            )
        try:
            check_apiv3_key(text.strip())
        except ConfigurationError as error:
            fix = Words("Set a new one in the console.", "在商户平台重新设置。")
            yield _wrong("apiv3_key", error, _UNDECRYPTED, fix)
        else:
            yield good("apiv3_key", Words("32 bytes", "32 字节"))


def _secret(settings: Mapping[str, Any]) -> Iterator[Finding]:
    secret = settings.get("secret")
    if secret is None:
        return
    length = len(str(secret))
    if length != 32 or not str(secret).isascii():
        yield bad(
            "secret",
            Words(f"has {length} characters", f"长 {length} 个字符"),
            Words(
                "The APIv2 key has 32 ASCII characters; with another key every v2 call is refused.",
                "APIv2 密钥为 32 个 ASCII 字符，否则所有 v2 调用都会被拒绝。",
            ),
            Words(
                "Set it under API安全 > APIv2密钥; it is not the AppSecret of an official account.",
                "在 API安全 > APIv2密钥 设置；它不是公众号的 AppSecret。",
            ),
        )
    elif secret == settings.get("apiv3_key"):
        yield warning(
            "secret",
            Words("is the same as apiv3_key", "与 apiv3_key 相同"),
            Words("If one leaks, both leak.", "泄露一个等于泄露两个。"),
            Words("Use two different keys.", "两个密钥分别设置，不要相同。"),
        )
    else:
        yield good("secret", Words("32 characters", "32 个字符"))


def _platform_keys(settings: Mapping[str, Any], clock: Callable[[], float]) -> Iterator[Finding]:
    try:
        certs = parse_certs(settings.get("certs") or {})
    except ConfigurationError as error:
        yield _wrong(
            "certs",
            error,
            _UNVERIFIED,
            Words(
                "Write WECHATPAY_CERTS=PUB_KEY_ID_…=/path/pub_key.pem.",
                "写成 WECHATPAY_CERTS=PUB_KEY_ID_…=/路径/pub_key.pem。",
            ),
        )
        return
    if not certs:
        yield _no_platform_key(settings)
    for name, source in certs.items():
        check = f"certs {name}"
        try:
            loaded = load_public_key(source, name="certs")
            check_platform_key(name, loaded, name="certs")
            if loaded.serial is None:
                yield good(check, Words("the platform's public key", "微信支付公钥"))
                continue
            if settings.get("serial") is not None and loaded.serial == str(settings["serial"]).upper():
                msg = "this is the merchant's own certificate; the platform's was expected"
                raise ConfigurationError(msg, reason="own_certificate")  # noqa: TRY301 (reported like a wrong file)
            left = load_certificate(source, name="certs").not_after.timestamp() - clock()
        except ConfigurationError as error:
            yield _wrong(
                check,
                error,
                _UNVERIFIED,
                Words("Use pub_key.pem with its PUB_KEY_ID_….", "应为 pub_key.pem 及其 PUB_KEY_ID_…。"),
            )
            continue
        yield _validity(
            check,
            Words("a platform certificate", "平台证书"),
            left,
            Words("Switch to the platform's public key, which does not expire.", "改用微信支付公钥，它不会过期。"),
        )


def _no_platform_key(settings: Mapping[str, Any]) -> Finding:
    empty = Words("is empty", "为空")
    fix = Words(
        "Add pub_key.pem with its ID: WECHATPAY_CERTS=PUB_KEY_ID_…=/path/pub_key.pem.",
        "配置 pub_key.pem 及公钥 ID：WECHATPAY_CERTS=PUB_KEY_ID_…=/路径/pub_key.pem。",
    )
    if settings.get("apiv3_key") is None:
        none = Words(
            "Responses cannot be verified: without apiv3_key, certificates cannot be fetched either.",
            "应答无法验签：没有 apiv3_key，也无法获取平台证书。",
        )
        return bad("certs", empty, none, fix)
    fetched = Words(
        "Certificates will be fetched; merchants since autumn 2024 have none.",
        "将自动获取平台证书；2024 年秋季以后的新商户没有平台证书。",
    )
    return warning("certs", empty, fetched, fix)


def _validity(check: str, what: Words, left: float, fix: Words) -> Finding:
    days = int(left // 86400)
    if left <= 0:
        return bad(
            check,
            Words(f"{what}, expired {-days} days ago", f"{what.zh}，已过期 {-days} 天"),
            Words("The platform refuses its signatures.", "平台会拒绝它的签名。"),
            fix,
        )
    if left < SOON:
        return warning(
            check,
            Words(f"{what}, expires in {days} days", f"{what.zh}，{days} 天后过期"),
            Words("Calls fail from that day on.", "到期后调用会失败。"),
            fix,
        )
    return good(check, Words(f"{what}, {days} days left", f"{what.zh}，剩余 {days} 天"))


def _wrong(check: str, error: ConfigurationError, meaning: Words, fix: Words) -> Finding:
    return bad(check, explain(error, check.partition(" ")[0]), meaning, fix)
