"""The app in the terms of several languages' clients: names of settings and the gateway, no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.sandbox.inspector import filled

if TYPE_CHECKING:
    from taobao_top.sandbox.account import Account

__all__ = ["settings"]

CODE = {
    "Python · taobao_top": """\
import os

import taobao_top

client = taobao_top.TaobaoTop(
    app_key=<app_key>,
    app_secret=os.environ["TAOBAO_TOP_APP_SECRET"],
    session=os.environ["TAOBAO_TOP_SESSION"],
    gateway=<gateway>,
)
""",
    "Java · TopSdk": """\
TaobaoClient client = new DefaultTaobaoClient(<gateway>, <app_key>, System.getenv("TAOBAO_TOP_APP_SECRET"));
TimeGetResponse response = client.execute(new TimeGetRequest(), System.getenv("TAOBAO_TOP_SESSION"));
""",
    ".NET · TopSdk": """\
ITopClient client = new DefaultTopClient(
    <gateway>, <app_key>, Environment.GetEnvironmentVariable("TAOBAO_TOP_APP_SECRET"));
TimeGetResponse response = client.Execute(
    new TimeGetRequest(), Environment.GetEnvironmentVariable("TAOBAO_TOP_SESSION"));
""",
    "PHP · TopSdk": """\
$client = new TopClient;
$client->gatewayUrl = <gateway>;
$client->appkey = <app_key>;
$client->secretKey = getenv('TAOBAO_TOP_APP_SECRET');
$response = $client->execute(new TimeGetRequest, getenv('TAOBAO_TOP_SESSION'));
""",
    "Node · node-taobao-topclient": """\
const TopClient = require('node-taobao-topclient').default;

const client = new TopClient({
  appkey: <app_key>,
  appsecret: process.env.TAOBAO_TOP_APP_SECRET,
  REST_URL: <gateway>,
});
""",
    "Python · top-sdk": """\
import os

import top.api

request = top.api.TimeGetRequest(<host>, <port>)
request.set_app_info(top.appinfo(<app_key>, os.environ["TAOBAO_TOP_APP_SECRET"]))
response = request.getResponse(os.environ["TAOBAO_TOP_SESSION"])
""",
}
"""By client; the names in angle brackets stand for values. The app's secret and session come from the environment."""


def settings(account: Account, origin: str) -> dict[str, Any]:
    """Return the app's values and the code that uses them; *origin* is that of the page: ``http://127.0.0.1:8080``."""
    host, _, port = origin.partition("//")[2].rpartition(":")
    shown = {"app_key": account.app_key, "gateway": f"{origin}/router/rest"}
    return {"values": shown, "code": filled(CODE, {**shown, "host": host, "port": port})}
