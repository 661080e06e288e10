"""What the loaders of keys say, in Chinese: their errors are English, a doctor's findings are not."""

from __future__ import annotations

import re

from chainable.cli.words import Words

__all__ = ["translated"]

_KINDS = {
    "a private key": "私钥",
    "private key": "私钥",
    "a public key": "公钥",
    "a certificate": "证书",
    "certificate": "证书",
    "a certificate request": "证书请求（CSR）",
    "a PKCS#12 bundle (.p12)": "PKCS#12 文件（.p12）",
    "a public key or a certificate": "公钥或证书",
    "parameters of an EC key": "EC 密钥参数",
    "an OpenSSH private key": "OpenSSH 私钥",
    "DER of an unknown type, or damaged": "类型不明或已损坏的 DER",
    "private": "私",
    "public": "公",
}
_SENTENCES = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"there is no such file \(.*", "没有这个文件（所给文本既不是存在的路径，也不是 PEM 或 base64）"),
        (r"there is no such file", "没有这个文件"),
        (r"this is a directory; a file was expected", "这是目录，应为文件"),
        (r"the file cannot be read \((.*)\)", "文件无法读取（{0}）"),
        (r"cannot be read \((.*)\)", "无法读取（{0}）"),
        (r"this is not a usable file URL", "这不是可用的 file 地址"),
        (r"a local file URL has three slashes, file:///path/to/key\.pem", "本地文件地址有三条斜线：file:///路径/key.pem"),
        (r"larger than any key or certificate \(1 MiB\)", "超过 1 MiB，不会是密钥或证书"),
        (r"the file is empty", "文件为空"),
        (r"the value is empty", "值为空"),
        (r"this looks like an API key of 32 characters, not like a file", "这像是 32 位的 API 密钥，不像文件"),
        (r"this is neither PEM nor DER nor base64 of DER", "既不是 PEM，也不是 DER 或其 base64"),
        (r"this is truncated or damaged", "内容被截断或损坏"),
        (r"the base64 of (.*?) is damaged", "{0}的 base64 已损坏"),
        (r"the PEM is truncated: .*", "PEM 被截断：有 BEGIN 行而没有对应的 END 行"),
        (r"this is a (private|public) key of the kind (.*?); RSA was expected", "这是 {1} {0}钥，应为 RSA"),
        (r"this is (.*?); (.*?) was expected", "这是{0}，应为{1}"),
        (r"this is (.*?), but it is damaged or of an unknown algorithm", "这是{0}，但已损坏或算法不明"),
        (r"an RSA key of (\d+) bits; at least 2048 are needed", "RSA 密钥只有 {0} 位，至少要 2048 位"),
        (r"this private key is encrypted and no password was given", "私钥已加密，而未给出密码"),
        (r"the password does not open this private key, or it is damaged", "密码解不开这个私钥，或私钥已损坏"),
        (r"this private key does not belong to the certificate (\w+)", "私钥与证书 {0} 不匹配"),
        (r"this \.p12 could not be opened: the password is wrong .* RC2; .*",
         "打不开这个 .p12：密码不对（密码是商户号），或 OpenSSL 3 拒绝其旧算法 RC2；请改用同一份下载里的 PEM 文件"),
        (r"this \.p12 could not be opened: the file is damaged.*", "打不开这个 .p12：文件已损坏或密码不对（密码是商户号）"),
        (r"this \.p12 holds no (private key|certificate)", "这个 .p12 里没有{0}"),
        (r"the private key that belongs to \w+ is missing", "缺少与证书配对的私钥"),
        (r"(\d+) bytes, and an APIv3 key has 32 of ASCII; .*",
         "长 {0} 字节，APIv3 密钥应为 32 个 ASCII 字节；它在 账户中心 > API安全 > APIv3密钥 设置，不是 APIv2 密钥，也不是文件"),
        (r"a public key stands under the serial (\w+|'.*?\)); .*", "序列号 {0} 下放的是公钥；平台公钥的 ID 以 PUB_KEY_ID_ 开头"),
        (r"a certificate stands under (\w+|'.*?\)); .* serial is (\w+)",
         "{0} 下放的是证书；这个 ID 对应平台公钥 pub_key.pem；该证书的序列号为 {1}"),
        (r"the certificate given for (\w+|'.*?\)) has the serial (\w+)", "给 {0} 的证书，序列号却是 {1}"),
        (r"this is the serial in decimal; the platform wants hex: (\w+|'.*?\))", "这是十进制的序列号，平台要十六进制：{0}"),
        (r"neither the hex serial of a certificate nor an id that begins with PUB_KEY_ID_: (.*)",
         "既不是证书的十六进制序列号，也不是以 PUB_KEY_ID_ 开头的 ID：{0}"),
        (r"plain http:// is for addresses of this machine only .*", "明文 http:// 只能用于本机地址，请用 https://"),
        (r"digits were expected, .*", "应为数字"),
        (r"id=path,id=path was expected", "应为 id=路径,id=路径"),
        (r"give one of them", "只能给其中一个"),
        (r"the merchant's number is missing", "缺少商户号"),
        (r"(\S+|'.*?\)) is the merchant's own certificate; .*", "{0} 是商户自己的证书，应为平台公钥或平台证书"),
        (r"the resource is sealed under the APIv3 key, .*", "通知内容用 APIv3 密钥加密，而配置中没有 apiv3_key"),
        (r"certificates are fetched with apiv3_key= .*", "获取平台证书需要 apiv3_key 与商户私钥，缺少其一"),
        (r"this is the merchant's own certificate; the platform's was expected", "这是商户自己的证书，应为平台证书"),
    )
)  # fmt: skip
_OUTLINES = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"(\d+) characters?, which looks like a key or secret", r"\1 个字符，看起来是密钥"),
        (r"(\d+) characters?", r"\1 个字符"),
        (r"; character (\d+) is not a hex digit", r"，第 \1 个不是十六进制数字"),
        (r"a PEM block of the type ([A-Z0-9 ]+)", r"\1 类型的 PEM"),
    )
)
"""What is said of a text that may be a secret."""
_NAMED = re.compile(r"([a-z0-9_]+)(?: (?:and|or) ([a-z0-9_]+))?: ")


def _outlined(text: str) -> str:
    for pattern, chinese in _OUTLINES:
        text = pattern.sub(chinese, text)
    return text


def translated(message: str) -> Words:
    """Give an error's message with its Chinese; one that is not known stays as it is."""
    named = _NAMED.match(message)
    text = message if named is None else message[named.end() :]
    for pattern, chinese in _SENTENCES:
        found = pattern.match(text)
        if found is not None:
            names = () if named is None else filter(None, named.groups())
            parts = (
                " 和 ".join(_KINDS.get(kind, _outlined(kind)) for kind in part.split(" and "))
                for part in found.groups()
            )
            file = text[found.end() :].partition(": ")[2]
            said = chinese.format(*parts) + (f"：{file}" if file else "")
            return Words(message, "：".join(filter(None, (" 与 ".join(names), said))))
    return Words(message, f"出错：{message}")
