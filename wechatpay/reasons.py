"""The Chinese text of configuration errors of ``wechatpay``, by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable import reasons

if TYPE_CHECKING:
    from chainable.i18n import Words

__all__ = ["KINDS", "REASONS", "explain"]

KINDS = {
    "private_key": "私钥",
    "public_key": "公钥",
    "certificate": "证书",
    "certificate_request": "证书请求（CSR）",
    "p12": "PKCS#12 文件（.p12）",
    "ec_parameters": "EC 密钥参数",
    "openssh_private_key": "OpenSSH 私钥",
    "unknown_der": "类型不明的 DER",
    "unknown_pem": "类型不明的 PEM",
    "public_key_or_certificate": "公钥或证书",
}
"""What a file can be, as in the values ``found`` and ``expected``."""

REASONS = {
    "file_missing": "没有这个文件",
    "not_a_path": "没有这个文件（所给文本既不是存在的路径，也不是 PEM 或 base64）",
    "is_directory": "这是目录，应为文件",
    "file_unreadable": "文件无法读取（{error}）",
    "not_a_file_url": "不是有效的 file 地址",
    "file_url_slashes": "本地文件地址有三条斜线：file:///路径/key.pem",
    "too_large": "超过 1 MiB，不会是密钥或证书",
    "file_empty": "文件为空",
    "value_empty": "值为空",
    "looks_like_api_key": "这像是 32 位的 API 密钥，不是文件",
    "unknown_format": "既不是 PEM，也不是 DER 或其 base64",
    "truncated": "内容被截断或已损坏",
    "base64_damaged": "{found}的 base64 已损坏",
    "pem_truncated": "PEM 被截断：有 BEGIN 行，没有对应的 END 行",
    "wrong_kind": "这是{found}，应为{expected}",
    "wrong_object": "这是 {found} 对象，应为{expected}",
    "wrong_algorithm": "这是 {algorithm} 密钥，应为 RSA",
    "damaged": "这是{found}，但已损坏或算法不明",
    "key_too_short": "RSA 密钥只有 {bits} 位，至少要 2048 位",
    "password_missing": "私钥已加密，但没有给出密码：请配置 {option}",
    "password_wrong": "密码（{option}）不对，无法打开该私钥，或私钥已损坏",
    "pair_mismatch": "私钥与证书 {serial} 不匹配",
    "p12_old_cipher": "无法打开该 .p12：密码不对（默认为商户号，也可用 merchant_cert_password 配置），或 OpenSSL 3 不支持其旧算法 RC2；"
    "请改用同一次下载的 PEM 文件",
    "p12_unreadable": "无法打开该 .p12：文件已损坏，或密码不对（默认为商户号，也可用 merchant_cert_password 配置）",
    "p12_incomplete": "该 .p12 中没有{missing}",
    "key_missing": "缺少与证书配对的私钥",
    "key_not_exportable": "TLS 需要私钥本身，只能签名的对象不够",
    "apiv3_key_empty": "列表为空：请给出密钥，更换期间给出（新，旧）",
    "apiv3_key_length": "长 {length} 字节，APIv3 密钥应为 32 个 ASCII 字节；它在 账户中心 > API安全 > APIv3密钥 设置，"
    "不是 APIv2 密钥，也不是文件",
    "public_key_under_serial": "序列号 {key_id} 对应的是公钥；微信支付公钥应以 PUB_KEY_ID_ 开头的 ID 配置",
    "certificate_under_id": "{key_id} 对应的是证书；这个 ID 应对应微信支付公钥 pub_key.pem；该证书的序列号为 {serial}",
    "serial_mismatch": "{key_id} 对应的证书，序列号却是 {serial}",
    "serial_decimal": "这是十进制的序列号，应为十六进制：{serial}",
    "not_a_serial": "既不是证书的十六进制序列号，也不是以 PUB_KEY_ID_ 开头的 ID：长 {length} 个字符，"
    "第 {position} 个不是十六进制数字",
    "serial_empty": "序列号为空",
    "serial_not_of_certificate": "不是 merchant_cert 的序列号 {serial}：请去掉，或换成对应的证书",
    "serial_too_short": "只有 {length} 个字符，商户 API 证书序列号为 40 位十六进制：请从商户平台复制，或改为给出 merchant_cert",
    "serial_too_long": "有 {length} 位，商户 API 证书序列号为 40 位十六进制，这可能是证书指纹：请从商户平台复制序列号，"
    "或改为给出 merchant_cert",
    "base_url_with_version": "请去掉末尾的版本号：链以它开头，client.v3.pay…",
    "merchant_key_alone": "它与 merchant_cert 一起使用，而 merchant_cert 缺失；用于签名的私钥是 private_key",
    "serial_is_public_key_id": "这是微信支付公钥 ID，应放在 certs 中；此处应为商户自己的 API 证书序列号",
    "serial_missing": "缺少商户 API 证书序列号：请给出 serial 或 merchant_cert",
    "not_digits": "应为数字，如 1900000109",
    "number_is_appid": "这是 appid（wx…）；商户号全为数字，如 1900000109",
    "number_is_key": "与某个密钥相同，应为数字：请在商户平台核对两者",
    "certs_not_mapping": "应为以公钥 ID 或证书序列号为键的字典，不是 {kind}：写成 certs={{'PUB_KEY_ID_…': 'pub_key.pem'}}",
    "not_certs_list": "应为 id=路径,id=路径",
    "mchid_not_set": "没有设置 {name}：请给出商户号",
    "mchid_missing": "缺少商户号",
    "mchid_and_brand_id": "mchid 与 brand_id 只能给一个",
    "secret_bytes": "APIv2 密钥应为 str，而不是 bytes：请先解码",
    "secret_length": "APIv2 密钥为 32 个字符，在商户平台设置；它不是 APIv3 密钥",
    "setting_twice": "既在配置中，又在参数中：请去掉一个",
    "own_certificate": "这是商户自己的证书，应为微信支付公钥或平台证书",
    "apiv2_key_missing": "收到 APIv2 通知，而配置中没有 APIv2 密钥（secret）",
    "apiv3_key_missing": "通知内容用 APIv3 密钥加密，而配置中没有 apiv3_key",
    "cannot_fetch_certificates": "获取平台证书需要 apiv3_key 与商户私钥，缺少其一",
    "no_platform_certificates": "该商户没有平台证书，只有微信支付公钥：请给出 pub_key.pem 及其 ID",
}
"""The Chinese text of each reason."""


def explain(error: Exception, setting: str = "") -> Words:
    """Return the message of a configuration error in both languages, without the name of *setting* in front."""
    return reasons.explain(error, REASONS, terms=KINDS, setting=setting)
