"""One server in the place of every host: brands, hosts abroad, several merchants; nothing leaves for elsewhere."""

from __future__ import annotations

import pytest

from chainable.errors import ConfigurationError, SignatureError
from tests.chainable.fault_server import reset
from wechatpay import Merchants


def targets(gateway):
    return [request.split(b" ", 2)[1].decode() for request in gateway.requests]


def test_hosts_abroad_keep_their_path(gateway, serve, make_client):
    """Operations of apihk reach this server under their prefix."""
    client = make_client(serve(reset, gateway.answer()).url)

    answer = client.v3.global_.certificates.get()

    assert answer.status_code == 200
    assert targets(gateway) == ["/v3/global/certificates"] * 2
    client.v3.customs.orders.get(params={"out_trade_no": "order001"})
    assert targets(gateway)[2] == "/global/v3/customs/orders?out_trade_no=order001"
    assert len(set(gateway.nonces)) == 3


def test_a_host_of_one_call_has_no_backup(gateway, serve, make_client):
    """An unknown outcome and an absent host alike: the call was sent to that host."""
    elsewhere, other = serve(gateway.answer()), serve(gateway.answer())
    client = make_client("http://127.0.0.1:1/", backup_url=other.url, retries=0)

    assert client.v3.certificates.get(base_url=f"{elsewhere.url}hk/").status_code == 200
    assert targets(gateway) == ["/hk/v3/certificates"]
    assert other.requests == []


def test_a_brands_calls_break_like_others(gateway, serve, make_client):
    client = make_client(serve(reset, gateway.answer()).url, mchid=None, brand_id="40001", retries=2)

    with pytest.raises(Exception, match="may have received it") as caught:
        client.brand.store.brandstores.post(json={})

    assert caught.value.maybe_sent
    assert gateway.posts() == 1
    assert client.brand.store.brandstores.post(json={}).status_code == 200
    scheme = b'WECHATPAY-BRAND-SHA256-RSA2048 brand_id="40001"'
    assert all(scheme in request for request in gateway.requests)
    with pytest.raises(ConfigurationError, match="mchid="):
        client.v3.certificates.get()


def test_one_merchants_failure_does_not_affect_others(gateway, serve, make_client):
    """Each client has its own connections and its own host."""
    broken = make_client(serve(reset).url, mchid="1900000101", retries=0)
    fine = make_client(serve(gateway.answer()).url, mchid="1900000102")
    merchants = Merchants([broken, fine])

    with pytest.raises(OSError, match="may have received it"):
        merchants["1900000101"].v3.certificates.get()
    assert merchants["1900000102"].v3.certificates.get().verified
    with pytest.raises(SignatureError, match="treat it as forged"):
        merchants.parse({}, b"{}")
    assert len(gateway.requests) == 2
