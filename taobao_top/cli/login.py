"""
``taobao-top login``: let a seller authorise the app, and keep the token in a private file.

Official page: https://open.taobao.com/doc.htm?docId=102635&docType=1
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import click

from chainable.cli.commands import as_json, command, json_option, option, usage_error
from chainable.cli.connectivity import is_loopback_url, is_url
from chainable.cli.exit_codes import REFUSED
from chainable.cli.i18n import Words, echo, localized
from chainable.cli.output import print_json, print_pairs
from chainable.cli.redirect_listener import RedirectListener
from chainable.cli.request_items import read_text
from chainable.masking import Secret
from chainable.pinned import PinnedSession
from taobao_top.cli.client_options import env_option, make_client, read_settings

if TYPE_CHECKING:
    from taobao_top import TaobaoTop
    from taobao_top.tokens import Token

__all__ = ["login"]

_TIMEOUT = 10.0


@command(
    "login",
    help=Words(
        "Let a seller authorise the app in a browser, and keep the session and refresh token in a private file.\n\n"
        "The redirect URI has to be the one registered with the app. If it leads to this machine, the command receives "
        "the code there; otherwise it asks for the code. A sandbox authorises at once. In Python: "
        "top.oauth.session(NAME, FileSessions(FILE)).",
        "让卖家在浏览器中授权，并把 session 与 refresh token 保存到仅本人可读的文件。\n\n"
        "回调地址须与应用登记的一致：指向本机时由命令接收授权码，否则由命令提示输入。沙箱立即授权。"
        "在 Python 中使用：top.oauth.session(NAME, FileSessions(FILE))。",
    ),
    examples=(
        "taobao-top login --save sessions.json --env top.env",
        "taobao-top login --save sessions.json --name shop2 --redirect-uri http://127.0.0.1:8766/callback --env top.env",
    ),
)
@option(
    "--save",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help=Words("File of the tokens; other names in it are kept.", "保存 token 的文件；其中其他名称的 token 保留。"),
)
@option(
    "--name",
    default="default",
    show_default=True,
    help=Words("Name of the token in the file.", "token 在文件中的名称。"),
)
@option(
    "--redirect-uri",
    default="http://127.0.0.1:8766/callback",
    show_default=True,
    help=Words("Registered redirect URI.", "应用登记的回调地址。"),
)
@option(
    "--code",
    help=Words(
        "The code of a redirect, @file, or - for the standard input.", "已有的授权码、@文件，或 - 表示标准输入。"
    ),
)
@option(
    "--wait",
    "patience",
    type=click.FloatRange(0),
    default=300.0,
    help=Words("Seconds to wait for the seller.", "等待卖家授权的秒数。"),
)
@env_option
@json_option
def login(save: Path, name: str, redirect_uri: str, code: str | None, patience: float, *, env: Path | None) -> None:
    """Authorise, and keep the token."""
    from taobao_top.sessions import FileSessions

    if not is_url(redirect_uri):
        raise usage_error(
            f"--redirect-uri {redirect_uri}: a URL was expected", f"--redirect-uri {redirect_uri}：应为地址"
        )
    store = FileSessions(save)
    store.load(name)  # a file that is not one of tokens is refused before the code is used
    with make_client(env) as top:
        found = Secret.of(_code(top, redirect_uri, env, patience) if code is None else read_text(code).strip())
        token = top.oauth.token(code=found, redirect_uri=redirect_uri)
    store.save(name, token)
    _print(token, name, save)


def _code(top: TaobaoTop, redirect_uri: str, env: Path | None, patience: float) -> str:
    """Return the code of a new authorisation."""
    state = secrets.token_urlsafe(16)
    url = top.oauth.authorize_url(redirect_uri, state=state)
    if is_loopback_url(url):
        return _checked(_authorized(url, read_settings(env).get("ca")), state)
    target = urlsplit(redirect_uri)
    echo(Words(f"Open this page and authorise:\n{url}", f"请打开以下页面并授权：\n{url}"), err=True)
    if not (is_loopback_url(redirect_uri) and target.scheme == "http"):
        return str(
            click.prompt(localized(Words("code of the redirect", "回调地址中的 code")), hide_input=True, err=True)
        )
    with RedirectListener(target.port or 80, target.path or "/") as listener:
        query = listener.wait(patience)
    if query is None:
        echo(Words(f"nobody authorised within {patience:g} seconds", f"{patience:g} 秒内没有完成授权"), err=True)
        click.get_current_context().exit(REFUSED)
    return _checked(query, state)


def _authorized(url: str, ca: str | None) -> dict[str, str]:
    """Return the query of a sandbox's redirect."""
    with PinnedSession() as session:
        response = session.get(url, allow_redirects=False, timeout=_TIMEOUT, verify=ca or True)
    location = response.headers.get("location")
    if location is None:
        text = response.text[:200]
        raise usage_error(f"the sandbox does not authorise: {text}", f"沙箱未授权：{text}")
    return dict(parse_qsl(urlsplit(location).query))


def _checked(query: dict[str, str], state: str) -> str:
    """Return the code of a redirect that belongs to this request."""
    if not hmac.compare_digest(query.get("state", "").encode(), state.encode()):
        raise usage_error(
            "the redirect does not belong to this request: its state differs; run the command again",
            "收到的回调不属于本次授权：state 不一致，请重新运行命令",
        )
    if "code" not in query:
        reason = query.get("error_description") or query.get("error") or "-"
        raise usage_error(f"the seller did not authorise: {reason}", f"卖家没有授权：{reason}")
    return query["code"]


def _print(token: Token, name: str, save: Path) -> None:
    rows = {
        "name": name,
        "file": str(save),
        "user_nick": token.user_nick,
        "user_id": token.user_id,
        "expires": token.expires,
        "refresh_expires": token.refresh_expires,
    }
    if as_json():
        print_json(rows)
    else:
        print_pairs(Words("authorised", "授权成功"), rows.items())
