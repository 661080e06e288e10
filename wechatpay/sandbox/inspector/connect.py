"""The account in the terms of several languages' clients: names of settings, URLs, paths of key files, no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.sandbox.inspector import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.account import Account

__all__ = ["settings"]

CODE = {
    "Python · wechatpay": """\
import os
from pathlib import Path

import wechatpay

client = wechatpay.WeChatPay(
    mchid=<mchid>,
    serial=<serial>,
    private_key=Path(<key>),
    certs={<public_key_id>: Path(<public_key>)},
    apiv3_key=os.environ["WECHATPAY_APIV3_KEY"],
    secret=os.environ["WECHATPAY_SECRET"],
    merchant_cert=Path(<cert>),
    merchant_key=Path(<key>),
    base_url=<base_url>,
    verify=<ca>,
)
""",
    "PHP · wechatpay/wechatpay": """\
use WeChatPay\\Builder;
use WeChatPay\\Crypto\\Rsa;

$instance = Builder::factory([
    'mchid' => <mchid>,
    'serial' => <serial>,
    'privateKey' => Rsa::from('file://' . <key>, Rsa::KEY_TYPE_PRIVATE),
    'certs' => [<public_key_id> => Rsa::from('file://' . <public_key>, Rsa::KEY_TYPE_PUBLIC)],
    'secret' => getenv('WECHATPAY_SECRET'),
    'merchant' => ['cert' => <cert>, 'key' => <key>],
    'base_uri' => <base_url>,
    'verify' => <ca>,
]);
""",
    "Node · wechatpay-axios-plugin": """\
// NODE_EXTRA_CA_CERTS=<ca>
const { Wechatpay } = require('wechatpay-axios-plugin');
const { readFileSync } = require('node:fs');

const wxpay = new Wechatpay({
  mchid: <mchid>,
  serial: <serial>,
  privateKey: readFileSync(<key>),
  certs: { [<public_key_id>]: readFileSync(<public_key>) },
  secret: process.env.WECHATPAY_SECRET,
  merchant: { cert: readFileSync(<cert>), key: readFileSync(<key>) },
  baseURL: <base_url>,
});
""",
    "Node · wechatpay-node-v3": """\
// NODE_EXTRA_CA_CERTS=<ca>
const WxPay = require('wechatpay-node-v3');
const { readFileSync } = require('node:fs');

const pay = new WxPay({
  appid: <appid>,
  mchid: <mchid>,
  serial_no: <serial>,
  publicKey: readFileSync(<cert>),
  privateKey: readFileSync(<key>),
  key: process.env.WECHATPAY_APIV3_KEY,
});
const local = (url) => url.replace('https://api.mch.weixin.qq.com/', <base_url>);
pay.createHttp(new Proxy(pay.httpService, {
  get: (http, name) => (url, ...rest) => http[name](local(url), ...rest),
}));
""",
    "Java · wechatpay-java": """\
// keytool -importcert -noprompt -alias sandbox -file <ca> -keystore sandbox.p12 -storepass changeit
// java -Djavax.net.ssl.trustStore=sandbox.p12 -Djavax.net.ssl.trustStorePassword=changeit
Config config = new RSAPublicKeyConfig.Builder()
    .merchantId(<mchid>)
    .merchantSerialNumber(<serial>)
    .privateKeyFromPath(<key>)
    .publicKeyId(<public_key_id>)
    .publicKeyFromPath(<public_key>)
    .apiV3Key(System.getenv("WECHATPAY_APIV3_KEY"))
    .build();
okhttp3.HttpUrl local = okhttp3.HttpUrl.get(<base_url>);
OkHttpClient http = new OkHttpClient.Builder().addInterceptor(chain -> chain.proceed(
    chain.request().newBuilder().url(chain.request().url().newBuilder()
        .host(local.host()).port(local.port()).build()).build())).build();
NativePayService service = new NativePayService.Builder()
    .httpClient(new DefaultHttpClientBuilder().config(config).okHttpClient(http).build())
    .build();
""",
    "Go · wechatpay-go": """\
// SSL_CERT_FILE=<ca>
type local struct{ host string }

func (to local) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.URL.Host, request.Host = to.host, to.host
	return http.DefaultTransport.RoundTrip(request)
}

key, err := utils.LoadPrivateKeyWithPath(<key>)
publicKey, err := utils.LoadPublicKeyWithPath(<public_key>)
client, err := core.NewClient(ctx,
	option.WithWechatPayPublicKeyAuthCipher(<mchid>, <serial>, key, <public_key_id>, publicKey),
	option.WithHTTPClient(&http.Client{Transport: local{<host>}}),
)
""",
    ".NET · SKIT.FlurlHttpClient.Wechat.TenpayV3": """\
// SSL_CERT_FILE=<ca>
var manager = new InMemoryPublicKeyManager();
manager.AddEntry(new PublicKeyEntry("RSA", <public_key_id>, File.ReadAllText(<public_key>)));
var client = WechatTenpayClientBuilder.Create(new WechatTenpayClientOptions()
{
    MerchantId = <mchid>,
    MerchantV3Secret = Environment.GetEnvironmentVariable("WECHATPAY_APIV3_KEY"),
    MerchantCertificateSerialNumber = <serial>,
    MerchantCertificatePrivateKey = File.ReadAllText(<key>),
    PlatformAuthScheme = PlatformAuthScheme.PublicKey,
    PlatformPublicKeyManager = manager,
    Endpoint = <origin>,
}).Build();
""",
}
"""By client; the names in angle brackets stand for values. APIv3 key and APIv2 secret come from the environment."""
FILES = {"key": "PRIVATE_KEY", "cert": "MERCHANT_CERT", "ca": "CA"}


def settings(account: Account, env: Mapping[str, str]) -> dict[str, Any]:
    """Return the account's values and the code that uses them; *env* are the settings of an env file."""
    values = {name.removeprefix("WECHATPAY_"): value for name, value in env.items()}
    _, _, public_key = values["CERTS"].partition("=")
    shown = {
        "mchid": account.mchid,
        "appid": account.appid,
        "serial": account.serial,
        **{name: values[setting] for name, setting in FILES.items()},
        "public_key_id": account.public_key_id,
        "public_key": public_key,
        "base_url": values["BASE_URL"],
    }
    origin = shown["base_url"].rstrip("/")
    texts = {**shown, "origin": origin, "host": origin.partition("//")[2]}
    return {
        "values": shown,
        "code": filled(CODE, texts),
    }
