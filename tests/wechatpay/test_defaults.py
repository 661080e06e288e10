"""Parameters of a client fill what an operation has and a call leaves out."""

from __future__ import annotations

import asyncio
import json
from collections import UserDict
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from chainable.chain import path_of
from wechatpay import ConfigurationError, Merchants
from wechatpay.xml import XML

if TYPE_CHECKING:
    from requests import PreparedRequest

HOST = "https://api.mch.weixin.qq.com/"
DEFAULTS = {
    "appid": "wx8888888888888888",
    "mchid": "1900000109",
    "notify_url": "https://shop.example/paid",
    "amount": {"currency": "CNY"},
}


@pytest.fixture
def sent(make_client, platform, web):
    """Make a call of a client with these defaults, and return the request that was sent."""

    def send(call, defaults=DEFAULTS, verb="POST", path="v3/pay/transactions/native", **settings) -> PreparedRequest:
        web.add_callback(verb, f"{HOST}{path}", platform.answer({}))
        call(make_client(defaults=defaults, **settings))
        return platform.requests[-1]

    return send


def body(request):
    return json.loads(request.body)


def query(request):
    return dict(parse_qsl(urlsplit(request.url).query))


class TestBodies:
    def test_what_was_left_out_is_filled(self, sent):
        order = {"description": "a", "out_trade_no": "1", "amount": {"total": 1}}
        request = sent(lambda client: client.v3.pay.transactions.native.post(json=order))

        assert body(request) == {
            **order,
            "appid": "wx8888888888888888",
            "mchid": "1900000109",
            "notify_url": "https://shop.example/paid",
            "amount": {"total": 1, "currency": "CNY"},
        }

    def test_the_mapping_of_the_caller_is_not_changed(self, sent):
        order = {"description": "a", "amount": {"total": 1}}
        sent(lambda client: client.v3.pay.transactions.native.post(json=order))

        assert order == {"description": "a", "amount": {"total": 1}}

    def test_what_was_given_stays(self, sent):
        """
        An empty text and None count as given; None is left out, as always.
        """
        order = {"appid": "wxother", "mchid": "", "notify_url": None, "amount": {"total": 1, "currency": "HKD"}}
        request = sent(lambda client: client.v3.pay.transactions.native.post(json=order))

        assert body(request) == {"appid": "wxother", "mchid": "", "amount": {"total": 1, "currency": "HKD"}}

    def test_only_what_the_operation_has_is_filled(self, sent):
        request = sent(
            lambda client: client.v3.pay.transactions.out_trade_no._n_.close.post(n="1"),
            path="v3/pay/transactions/out-trade-no/1/close",
        )

        assert body(request) == {"mchid": "1900000109"}

    def test_a_missing_object_has_the_members_of_the_operation(self, sent):
        defaults = {"scene_info": {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}}
        orders = {
            "native": {"payer_client_ip": "127.0.0.1"},
            "h5": {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}},
        }
        for name, scene in orders.items():
            request = sent(
                lambda client, name=name: client.v3.pay.transactions[name].post(json={"description": "a"}),
                defaults,
                path=f"v3/pay/transactions/{name}",
            )
            assert body(request) == {"description": "a", "scene_info": scene}

    def test_a_name_counts_at_its_own_place_only(self, sent):
        """
        Other operations have a ``currency`` of their own; an order has it inside ``amount``.
        """
        defaults = {"currency": "CNY"}
        request = sent(lambda client: client.v3.pay.transactions.native.post(json={"amount": {"total": 1}}), defaults)

        assert body(request) == {"amount": {"total": 1}}

    def test_an_object_without_such_members_is_not_added(self, sent):
        defaults = {"scene_info": {"h5_info": {"type": "Wap"}}}
        request = sent(lambda client: client.v3.pay.transactions.native.post(json={"attach": "a"}), defaults)

        assert body(request) == {"attach": "a"}

    def test_every_call_of_a_client_is_filled(self, sent):
        def call(client):
            first = client.v3.pay.transactions.native.post(json={"attach": "a"})
            client.v3.pay.transactions.native.post(json={"attach": "b", "appid": "wx2"})
            assert body(first.request)["appid"] == "wx8888888888888888"

        assert body(sent(call))["appid"] == "wx2"

    def test_a_value_of_another_kind_is_not_filled(self, sent):
        """
        ``amount`` is an object in v3 and a number in v2.
        """
        request = sent(lambda client: client.v3.pay.transactions.native.post(json={"appid": "a"}), {"amount": 5})

        assert body(request) == {"appid": "a"}

    def test_lists_are_filled_whole_and_not_entered(self, sent):
        defaults = {"goods_detail": [{"merchant_goods_id": "1"}], "reason": "r"}
        call = {"out_refund_no": "1", "goods_detail": [{"unit_price": 5}]}
        request = sent(
            lambda client: client.v3.refund.domestic.refunds.post(json=call),
            defaults,
            path="v3/refund/domestic/refunds",
        )
        assert body(request) == {**call, "reason": "r"}
        request = sent(
            lambda client: client.v3.refund.domestic.refunds.post(json={}), defaults, path="v3/refund/domestic/refunds"
        )
        assert body(request) == defaults

    def test_either_or_is_not_filled_beside_the_other(self, sent):
        """
        A payer is named by ``sp_openid`` or by ``sub_openid``: https://pay.weixin.qq.com/doc/v3/partner/4012738519
        """
        defaults = {"payer": {"sub_openid": "sub"}}
        for payer in ({"sp_openid": "sp"}, {"sub_openid": "mine"}):
            request = sent(
                lambda client, payer=payer: client.v3.pay.partner.transactions.jsapi.post(json={"payer": payer}),
                defaults,
                path="v3/pay/partner/transactions/jsapi",
            )
            assert body(request) == {"payer": payer}

    def test_bytes_and_other_forms_are_left_alone(self, sent):
        request = sent(lambda client: client.v3.pay.transactions.native.post(data=b"{}"))
        assert request.body == b"{}"
        request = sent(lambda client: client.v3.pay.transactions.native.post(json=[1]))
        assert body(request) == [1]
        request = sent(lambda client: client.v3.pay.transactions.native.post(json={"amount": "5"}))
        assert body(request)["amount"] == "5"

    def test_any_mapping_is_filled(self, sent):
        order = UserDict(description="a", amount=UserDict(total=1))
        request = sent(lambda client: client.v3.pay.transactions.native.post(json=order))

        assert body(request)["amount"] == {"total": 1, "currency": "CNY"}
        assert dict(order) == {"description": "a", "amount": UserDict(total=1)}

    def test_a_path_outside_the_catalogue_is_left_alone(self, sent):
        request = sent(lambda client: client.v3.brand_new.orders.post(json={"a": 1}), path="v3/brand-new/orders")

        assert body(request) == {"a": 1}


class TestQueries:
    def test_a_query_that_has_the_parameter_is_filled(self, sent):
        path = "v3/pay/transactions/out-trade-no/1"
        chain = "v3/pay/transactions/out-trade-no/{out_trade_no}"
        request = sent(lambda client: client[chain].get(out_trade_no="1"), verb="GET", path=path)
        assert query(request) == {"mchid": "1900000109"}
        request = sent(lambda client: client[chain].get(out_trade_no="1", params={"mchid": "2"}), verb="GET", path=path)
        assert query(request) == {"mchid": "2"}

    def test_a_query_without_the_parameter_stays(self, sent):
        request = sent(
            lambda client: client.v3.bill.tradebill.get(params={"bill_date": "2026-01-01"}),
            verb="GET",
            path="v3/bill/tradebill",
        )
        assert query(request) == {"bill_date": "2026-01-01"}
        request = sent(lambda client: client.v3.certificates.get(), verb="GET", path="v3/certificates")
        assert urlsplit(request.url).query == ""


class TestAPIv2:
    SECRET = "abcdefghijklmnopqrstuvwxyz012345"

    def prepared(self, make_client, chain, defaults, **options):
        client = make_client(defaults=defaults, secret=self.SECRET)
        return client.prepare(path_of(chain(client)), "POST", (), options)

    def test_a_body_is_filled_and_signed(self, make_client):
        call = self.prepared(make_client, lambda client: client.v2.pay.unifiedorder, DEFAULTS, xml={"body": "a"})
        assert call.parameters == {
            "body": "a",
            "appid": "wx8888888888888888",
            "notify_url": "https://shop.example/paid",
            "mch_id": "1900000109",
        }

    def test_json_in_a_text_is_filled_as_an_object_or_as_text(self, make_client):
        for defaults in ({"scene_info": {"store_info": {"id": "7"}}}, {"scene_info": '{"store_info":{"id":"7"}}'}):
            call = self.prepared(make_client, lambda client: client.v2.pay.unifiedorder, defaults, xml={"body": "a"})
            assert json.loads(call.parameters["scene_info"]) == {"store_info": {"id": "7"}}

    def test_a_page_is_filled(self, make_client):
        client = make_client(defaults=DEFAULTS, secret=self.SECRET)
        url = client.signed_url(client.v2.papay.entrustweb, params={"plan_id": 1})
        assert dict(parse_qsl(urlsplit(url).query))["appid"] == "wx8888888888888888"

    def test_an_upload_is_left_alone(self, make_client, sent, tmp_path):
        picture = tmp_path / "a.png"
        picture.write_bytes(b"png")
        request = sent(
            lambda client: client.v3.merchant.media.upload.post(files={"file": picture}),
            path="v3/merchant/media/upload",
        )
        assert b"wx8888888888888888" not in request.body


class TestClients:
    def test_promises_are_filled(self, sent):
        request = sent(lambda client: client.v3.pay.transactions.native.post_async(json={"description": "a"}).wait())
        assert body(request)["appid"] == "wx8888888888888888"

        async def call(client):
            await client.v3.pay.transactions.native.postAsync(json={"description": "b"})

        request = sent(lambda client: asyncio.run(call(client)))
        assert (body(request)["appid"], body(request)["description"]) == ("wx8888888888888888", "b")

    def test_the_clients_of_a_pool_keep_their_own(self, make_client, web, platform):
        web.add_callback("POST", f"{HOST}v3/pay/transactions/native", platform.answer({}))
        pool = Merchants(
            [make_client(mchid=number, defaults={"appid": f"wx{number}"}) for number in ("1900000109", "1900000110")]
        )
        for client in pool:
            client.v3.pay.transactions.native.post(json={"description": "a"})
        assert [body(request)["appid"] for request in platform.requests] == ["wx1900000109", "wx1900000110"]

    def test_later_changes_of_the_mapping_have_no_effect(self, make_client, sent):
        defaults = {"appid": "wx1", "amount": {"currency": "CNY"}}

        def call(client):
            defaults["appid"] = defaults["amount"]["currency"] = "changed"
            client.v3.pay.transactions.native.post(json={"description": "a"})

        assert body(sent(call, defaults)) == {"description": "a", "appid": "wx1", "amount": {"currency": "CNY"}}

    def test_the_repr_shows_names_only(self, make_client):
        client = make_client(defaults={"appid": "wxPLANTED"})
        assert repr(client._defaults) == "Defaults(appid)"
        assert "PLANTED" not in repr(client)

    @pytest.mark.parametrize(
        ("defaults", "message"),
        [
            (
                {"notifyUrl": "https://a.example/"},
                r"such a parameter 'notifyUrl'; did you mean 'notify_url'",
            ),
            ({"amount": {"curency": "CNY"}}, r"'amount\.curency'; did you mean 'currency'"),
            ({"appid": {"a": 1}}, "'appid"),
            ({"mchid": ["1"]}, "'mchid'"),
            ("appid=wx", "a mapping of the platform's names"),
            ({5: 1}, "the name of a parameter is text"),
        ],
    )
    def test_what_would_never_fill_anything_is_refused(self, make_client, defaults, message):
        with pytest.raises(ConfigurationError, match=message):
            make_client(defaults=defaults)

    def test_none_fills_nothing(self, sent):
        request = sent(lambda client: client.v3.pay.transactions.native.post(json={"a": 1}), {"appid": None})
        assert body(request) == {"a": 1}
        request = sent(lambda client: client.v3.pay.transactions.native.post(json={"a": 1}), None)
        assert body(request) == {"a": 1}


def test_what_is_sent_is_what_a_call_without_defaults_sends(make_client):
    """
    The XML of APIv2 is that of the same parameters given by the call.
    """
    bodies = []
    for defaults, given in ((None, {"appid": "wx1", "body": "a"}), ({"appid": "wx1"}, {"body": "a"})):
        client = make_client(defaults=defaults, secret=TestAPIv2.SECRET)
        call = client.prepare(path_of(client.v2.pay.unifiedorder), "POST", (), {"xml": given})
        bodies.append(XML.decode(XML.encode(call.parameters)))
    assert bodies[0] == bodies[1]
