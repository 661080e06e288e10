"""``wechatpay certificates``, ``encrypt``, ``decrypt``: the platform's keys, and encryption with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import Group, argument, as_json, command, json_option, option, usage_error
from chainable.cli.i18n import Words
from chainable.cli.output import print_json, print_table
from chainable.cli.overwriting import forced, overwrite_option
from chainable.cli.request_items import read_text
from chainable.private_files import write_private
from wechatpay.cli.client_options import env_option, make_client

if TYPE_CHECKING:
    from wechatpay import WeChatPay
    from wechatpay.crypto.keys import Certificate

__all__ = ["certificates", "decrypt", "encrypt"]

_HEADINGS = (
    Words("serial or id", "序列号或 ID"),
    Words("kind", "类型"),
    Words("valid from", "生效时间"),
    Words("valid until", "失效时间"),
)
_KINDS = {"public key": Words("public key", "公钥"), "certificate": Words("certificate", "证书")}

certificates = Group(
    "certificates",
    help=Words("The platform's keys and certificates.", "微信支付公钥与平台证书。"),
    examples=("wechatpay certificates list --env sandbox.env",),
)


@certificates.command(
    "list",
    help=Words("List the keys of the settings, offline.", "列出配置中的公钥与证书，不联网。"),
    examples=("wechatpay certificates list --env sandbox.env",),
)
@env_option
@json_option
def listed(env: Path | None) -> None:
    """List the keys of the settings."""
    with make_client(env) as client:
        _print_keys(client)


@certificates.command(
    "download",
    help=Words("Fetch the platform's certificates and list them.", "获取平台证书并列出。"),
    examples=("wechatpay certificates download --env sandbox.env",),
)
@env_option
@json_option
def downloaded(env: Path | None) -> None:
    """Fetch the certificates."""
    with make_client(env) as client:
        client.certificates.download()
        _print_keys(client)


@certificates.command(
    "save",
    help=Words("Fetch the platform's certificates and save each as PEM.", "获取平台证书并保存为 PEM 文件。"),
    examples=("wechatpay certificates save platform-certificates --env sandbox.env",),
)
@argument("folder", type=click.Path(file_okay=False, path_type=Path))
@overwrite_option
@env_option
@json_option
def saved(folder: Path, env: Path | None) -> None:
    """Save the certificates."""
    with make_client(env) as client:
        found = client.certificates.download()
    folder.mkdir(parents=True, exist_ok=True)
    paths = {folder / f"wechatpay_{each.serial}.pem": each.pem for each in found}
    for path, pem in paths.items():
        if os.path.lexists(path) and not forced() and (path.is_symlink() or path.read_bytes() != pem):
            raise usage_error(
                f"{path} has other content: choose another folder, or replace it with --force",
                f"{path} 内容不同：请换一个目录，或加 --force 覆盖",
            )
    for path, pem in paths.items():
        write_private(path, pem)
    if as_json():
        print_json({"saved": [str(path) for path in paths]})
    else:
        click.echo("\n".join(map(str, paths)))


def _print_keys(client: WeChatPay) -> None:
    held = {each.serial: each for each in client.certificates.certificates}
    rows = [_row(serial, held.get(serial)) for serial in client.certificates.serials]
    if as_json():
        print_json({"keys": rows})
    else:
        print_table("", _HEADINGS, [tuple(_KINDS.get(cell or "", cell) for cell in row.values()) for row in rows])


def _row(serial: str, held: Certificate | None) -> dict[str, Any]:
    return {
        "serial": serial,
        "kind": "public key" if held is None else "certificate",
        "not_before": None if held is None else held.not_before.isoformat(),
        "not_after": None if held is None else held.not_after.isoformat(),
    }


@command(
    "encrypt",
    help=Words(
        "Encrypt sensitive data for the platform.\n\nTEXT is the text, @file, or - for the standard input, "
        "which stays out of the shell's history.",
        "用微信支付公钥或平台证书加密敏感信息。\n\nTEXT 为文本、@文件，或 - 表示标准输入（不会留在命令历史里）。",
    ),
    examples=(
        "wechatpay encrypt 张三 --env sandbox.env",
        "echo 张三 | wechatpay encrypt --env sandbox.env",
    ),
)
@argument("text", default="-")
@option(
    "--serial", help=Words("Serial or ID of the key to encrypt with.", "加密所用的平台证书序列号或微信支付公钥 ID。")
)
@env_option
@json_option
def encrypt(text: str, serial: str | None, env: Path | None) -> None:
    """Encrypt a text."""
    plain = read_text(text).rstrip("\r\n")
    if not plain:
        raise usage_error("nothing to encrypt: the text is empty", "没有可加密的内容：文本为空")
    with make_client(env) as client:
        try:
            sealed = client.encrypt(plain, serial=serial)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    if as_json():
        print_json({"ciphertext": str(sealed), "serial": sealed.serial})
    else:
        click.echo(str(sealed))
        click.echo(f"Wechatpay-Serial: {sealed.serial}", err=True)


@command(
    "decrypt",
    help=Words(
        "Decrypt a ciphertext with the merchant's private key.\n\nTEXT is the ciphertext, @file, or - for the standard input.",
        "用商户私钥解密应答中的密文。\n\nTEXT 为密文、@文件，或 - 表示标准输入。",
    ),
    examples=("wechatpay decrypt @ciphertext.txt --env sandbox.env",),
)
@argument("text", default="-")
@env_option
@json_option
def decrypt(text: str, env: Path | None) -> None:
    """Decrypt a ciphertext."""
    sealed = read_text(text).strip()
    if not sealed:
        raise usage_error("nothing to decrypt: the text is empty", "没有可解密的内容：文本为空")
    with make_client(env) as client:
        plain = client.decrypt(sealed)
    if as_json():
        print_json({"text": plain})
    else:
        click.echo(plain)
