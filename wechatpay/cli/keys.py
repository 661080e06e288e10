"""``wechatpay certificates``, ``encrypt``, ``decrypt``: the platform's keys and what is sealed with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.commands import Argument, Command, Group, Option, as_json, json_option, usage
from chainable.cli.output import put_json, put_table
from chainable.cli.overwriting import forced, replacing_option
from chainable.cli.values import read_text
from chainable.cli.words import Words
from chainable.private_files import write_private
from wechatpay.cli.clients import client_of, env_option

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

certificates = Group("certificates", help="The platform's keys and certificates.", zh="平台公钥与平台证书。")


@certificates.command(
    "list", cls=Command, help="Show the keys the settings hold; asks nobody.", zh="列出配置中的密钥与证书，不联网。"
)
@env_option
@json_option
def listed(env: Path | None) -> None:
    """Show the keys at hand."""
    with client_of(env) as client:
        _put(client)


@certificates.command(
    "download", cls=Command, help="Ask the platform for its certificates and show them.", zh="向平台获取证书并列出。"
)
@env_option
@json_option
def downloaded(env: Path | None) -> None:
    """Ask for the certificates."""
    with client_of(env) as client:
        client.certificates.download()
        _put(client)


@certificates.command(
    "save",
    cls=Command,
    help="Ask the platform for its certificates and save each as PEM.",
    zh="获取平台证书并存为 PEM 文件。",
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), cls=Argument)
@replacing_option
@env_option
@json_option
def saved(folder: Path, env: Path | None) -> None:
    """Save the certificates."""
    with client_of(env) as client:
        found = client.certificates.download()
    folder.mkdir(parents=True, exist_ok=True)
    paths = {folder / f"wechatpay_{each.serial}.pem": each.pem for each in found}
    for path, pem in paths.items():
        if os.path.lexists(path) and not forced() and (path.is_symlink() or path.read_bytes() != pem):
            raise usage(
                Words(
                    f"{path} holds something else: name another folder, or replace it with --force",
                    f"{path} 内容不同：请换一个目录，或加 --force 覆盖",
                )
            )
    for path, pem in paths.items():
        write_private(path, pem)
    if as_json():
        put_json({"saved": [str(path) for path in paths]})
    else:
        click.echo("\n".join(map(str, paths)))


def _put(client: WeChatPay) -> None:
    held = {each.serial: each for each in client.certificates.certificates}
    rows = [_row(serial, held.get(serial)) for serial in client.certificates.serials]
    if as_json():
        put_json({"keys": rows})
    else:
        put_table("", _HEADINGS, [tuple(_KINDS.get(cell or "", cell) for cell in row.values()) for row in rows])


def _row(serial: str, held: Certificate | None) -> dict[str, Any]:
    return {
        "serial": serial,
        "kind": "public key" if held is None else "certificate",
        "not_before": None if held is None else held.not_before.isoformat(),
        "not_after": None if held is None else held.not_after.isoformat(),
    }


@click.command(
    "encrypt",
    cls=Command,
    help="Encrypt a person's data for the platform.\n\nTEXT is the text, @file, or - for the standard input, "
    "which keeps it out of the shell's history.",
    zh="用平台公钥加密敏感信息。\n\nTEXT 为文本、@文件，或 - 表示标准输入（不会留在命令历史里）。",
)
@click.argument("text", default="-", cls=Argument)
@click.option("--serial", cls=Option, help="The platform key to use.", zh="使用的平台密钥序列号。")
@env_option
@json_option
def encrypt(text: str, serial: str | None, env: Path | None) -> None:
    """Encrypt a text."""
    plain = read_text(text).rstrip("\r\n")
    if not plain:
        raise usage(Words("there is nothing to encrypt: the text is empty", "文本为空，没有可加密的内容"))
    with client_of(env) as client:
        try:
            sealed = client.encrypt(plain, serial=serial)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    if as_json():
        put_json({"ciphertext": str(sealed), "serial": sealed.serial})
    else:
        click.echo(str(sealed))
        click.echo(f"Wechatpay-Serial: {sealed.serial}", err=True)


@click.command(
    "decrypt",
    cls=Command,
    help="Open what the platform encrypted for the merchant.\n\nTEXT is the ciphertext, @file, or - for the standard input.",
    zh="用商户私钥解密平台下发的密文。\n\nTEXT 为密文、@文件，或 - 表示标准输入。",
)
@click.argument("text", default="-", cls=Argument)
@env_option
@json_option
def decrypt(text: str, env: Path | None) -> None:
    """Open a ciphertext."""
    sealed = read_text(text).strip()
    if not sealed:
        raise usage(Words("there is nothing to decrypt: the text is empty", "文本为空，没有可解密的内容"))
    with client_of(env) as client:
        plain = client.decrypt(sealed)
    if as_json():
        put_json({"text": plain})
    else:
        click.echo(plain)
