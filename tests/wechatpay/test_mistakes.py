"""What newcomers write by mistake: refused before anything is sent, with what to write instead."""

from __future__ import annotations

import pytest
from requests import Response as RequestsResponse

import chainable
import taobao_top
import wechatpay
from chainable import Response

ORDER = {"appid": "wx8888888888888888", "description": "a", "out_trade_no": "20260101-1", "amount": {"total": 1}}


@pytest.fixture
def nothing_sent(web):
    yield
    assert len(web.calls) == 0


@pytest.mark.usefixtures("nothing_sent")
class TestParameters:
    def test_an_upload_without_a_file_says_files(self, client):
        with pytest.raises(TypeError, match=r"this operation uploads a file: give files=\{'file'"):
            client.v3.merchant.media.upload.post(json={"filename": "a.jpg"})

    def test_parameters_as_keywords_say_json(self, client):
        with pytest.raises(TypeError, match=r"'appid' .* it is a parameter, so write post\(json=\{'appid': …\}\)"):
            client.v3.pay.transactions.native.post(**ORDER)
        with pytest.raises(TypeError, match=r"write post\(json=\{'out_trade_no'"):
            client.v3.refund.domestic.refunds.post_async(out_trade_no="1", out_refund_no="2")

    def test_parameters_of_the_query_say_params(self, client):
        with pytest.raises(TypeError, match=r"write get\(params=\{'mchid': …\}\)"):
            client.v3.pay.transactions.id._transaction_id_.get(transaction_id="1", mchid="1")
        with pytest.raises(TypeError, match=r"write get\(params=\{'bill_date': …\}\)"):
            client.v3.bill.tradebill.get(bill_date="2026-01-01")

    def test_parameters_of_api_v2_say_xml(self, client):
        with pytest.raises(TypeError, match=r"write post\(xml=\{'body': …\}\)|write post\(xml=\{…\}\)"):
            client.v2.pay.unifiedorder.post(body="a", total_fee=1)
        with pytest.raises(TypeError, match=r"write post\(xml=\{'total_fee': …\}\)"):
            client.v2.pay.unifiedorder.post(total_fee=1)

    @pytest.mark.parametrize("word", ["body", "payload", "content", "form"])
    def test_other_words_for_the_body(self, client, word):
        with pytest.raises(TypeError, match=rf"'{word}' .* write post\(json=\{{…\}}\)"):
            client.v3.pay.transactions.native.post(**{word: ORDER})
        with pytest.raises(TypeError, match=r"write post\(json=\{…\}\)"):
            client.v3.brand_new.path.post(**{word: ORDER})
        with pytest.raises(TypeError, match=r"write post\(xml=\{…\}\)"):
            client.v2.pay.orderquery.post(**{word: ORDER})

    @pytest.mark.parametrize("word", ["query", "args"])
    def test_other_words_for_the_query(self, client, word):
        with pytest.raises(TypeError, match=r"write get\(params=\{…\}\)"):
            client.v3.bill.tradebill.get(**{word: {"bill_date": "2026-01-01"}})

    def test_a_misspelt_option_still_has_its_name(self, client):
        with pytest.raises(TypeError, match="did you mean 'json'"):
            client.v3.pay.transactions.native.post(jsn=ORDER)

    def test_positional_arguments_say_where_parameters_go(self, client):
        for call, written in (
            (client.v3.pay.transactions.native.post, r"post\(json="),
            (client.v2.pay.unifiedorder.post, r"post\(xml="),
            (client.v3.bill.tradebill.get, r"get\(params="),
        ):
            with pytest.raises(TypeError, match=f"takes names only: write {written}"):
                call({"a": 1})


@pytest.mark.usefixtures("nothing_sent")
class TestTexts:
    @pytest.mark.parametrize("text", ['{"a":1}', "", b'{"a":1}', bytearray(b"{}"), memoryview(b"{}"), 5, True, 1.5])
    def test_json_that_is_written_already_is_refused(self, client, text):
        for call in (client.v3.pay.transactions.native.post, client.v3.brand_new.path.post_async):
            with pytest.raises(TypeError, match=r"json: a mapping .* json=json\.loads\(text\), or data=bytes"):
                call(json=text)

    def test_the_text_is_not_quoted(self, client):
        with pytest.raises(TypeError) as refused:
            client.v3.pay.transactions.native.post(json='{"name":"PLANTED"}')
        assert "PLANTED" not in str(refused.value)

    @pytest.mark.parametrize("text", ["<xml><a>1</a></xml>", b"<xml/>"])
    def test_xml_that_is_written_already_is_refused(self, client, text):
        with pytest.raises(TypeError, match=r"xml: a mapping .* write xml="):
            client.v2.pay.unifiedorder.post(xml=text)

    def test_a_url_is_no_path(self, client):
        for step in (client.chain, client.__getitem__):
            with pytest.raises(chainable.PathError, match="not a URL"):
                step("https://api.mch.weixin.qq.com/v3/certificates")
        with pytest.raises(chainable.PathError, match="'v3/certificates'"):
            client["api.mch.weixin.qq.com/v3/certificates"].get()


@pytest.mark.usefixtures("nothing_sent")
class TestVerbs:
    @pytest.mark.parametrize("name", ["pots", "psot", "pst", "postt", "Post", "POST"])
    def test_a_misspelt_verb_names_the_verb_first(self, client, name):
        for chain in (client.v3.pay.transactions.native, client.v2.pay.unifiedorder, client.v3.brand_new.path):
            with pytest.raises(TypeError, match=r"did you mean \.post\("):
                getattr(chain, name)(json=ORDER)

    @pytest.mark.parametrize(
        ("name", "verb"),
        [
            ("gett", "get"),
            ("delet", "delete"),
            ("pach", "patch"),
            ("post_asyn", "post_async"),
            ("getAsnyc", "get_async"),
        ],
    )
    def test_other_verbs(self, client, name, verb):
        with pytest.raises(TypeError, match=rf"did you mean \.{verb}\("):
            getattr(client.v3.brand_new.path, name)()

    def test_of_a_known_path_only_its_verbs_are_proposed(self, client):
        with pytest.raises(TypeError, match=r"write \.post\(json=…\)$"):
            client.v3.pay.transactions.native.gett()
        with pytest.raises(TypeError, match=r"did you mean \.get\("):
            client.v3.bill.tradebill.gett(params={})


class TestValues:
    def test_items_of_a_response_are_in_its_data(self):
        response = Response()
        response.set_content(b"{}")
        response.set_data({"code_url": "weixin://"})

        assert response.data["code_url"] == "weixin://"
        with pytest.raises(TypeError, match=r"write response\.data\[…\]"):
            response["code_url"]
        with pytest.raises(TypeError, match=r"write … in response\.data"):
            assert "code_url" in response
        with pytest.raises(AttributeError, match=r"'Response' object has no attribute 'get'; .* response\.data"):
            _ = response.get
        with pytest.raises(AttributeError, match="'_repr_html_'$"):
            _ = response._repr_html_
        assert isinstance(response, RequestsResponse)

    def test_items_of_a_notification_are_in_its_resource(self):
        notification = wechatpay.Notification(
            id="1", event_type="", summary="", resource={"out_trade_no": "7"}, envelope={}, raw=b""
        )

        assert notification.resource["out_trade_no"] == "7"
        with pytest.raises(TypeError, match=r"write notification\.resource\[…\]"):
            notification["out_trade_no"]
        with pytest.raises(AttributeError, match=r"'data'; .* notification\.resource"):
            _ = notification.data
        with pytest.raises(AttributeError, match="'_repr_html_'$"):
            _ = notification._repr_html_


class TestErrors:
    def test_the_message_is_the_sentence_of_the_platform(self, client, platform, web):
        refusal = {"code": "PARAM_ERROR", "message": "输入源“/body/appid”映射到值字段“公众账号ID”字符串规则校验失败"}
        headers = {"Request-ID": "08F2E1A1C906-0"}
        web.add_callback(
            "POST",
            "https://api.mch.weixin.qq.com/v3/pay/transactions/native",
            platform.answer(refusal, 400, headers=headers),
        )

        with pytest.raises(wechatpay.APIError) as refused:
            client.v3.pay.transactions.native.post(json=ORDER)

        error = refused.value
        assert error.message == refusal["message"]
        assert str(error).startswith(f"POST v3/pay/transactions/native: PARAM_ERROR; {refusal['message']}; ")
        assert "reason" not in str(error)
        assert "request id 08F2E1A1C906-0" in str(error)

    def test_other_reasons_are_shown(self, client, platform, web):
        web.add_callback(
            "GET", "https://api.mch.weixin.qq.com/v3/certificates", platform.answer({"code": "SIGN_ERROR"}, 401)
        )

        with pytest.raises(wechatpay.APIError, match=r"reason 268443699 \(the signature\)") as refused:
            client.v3.certificates.get()
        assert refused.value.message == str(refused.value)

    def test_of_api_v2(self, make_client, web):
        body = "<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>"
        web.post("https://api.mch.weixin.qq.com/pay/orderquery", body=body.encode())

        with (
            make_client(secret="abcdefghijklmnopqrstuvwxyz012345") as client,
            pytest.raises(wechatpay.APIError) as refused,
        ):
            client.v2.pay.orderquery.post(xml={"out_trade_no": "1"})
        assert refused.value.message == "签名错误"
        assert str(refused.value).startswith("POST v2/pay/orderquery: FAIL; 签名错误; ")


@pytest.mark.parametrize("package", [wechatpay, taobao_top])
def test_both_packages_hand_on_what_their_users_catch(package):
    errors = {name for name in chainable.__all__ if name.endswith("Error")} | {"InProgress"}

    assert errors <= set(package.__all__)
    assert all(getattr(package, name) is getattr(chainable, name) for name in errors)
    assert issubclass(package.APIError, Exception)


@pytest.mark.parametrize("package", [chainable, wechatpay, taobao_top])
def test_every_package_has_its_version(package):
    from importlib.metadata import version

    assert package.__version__ == version("wechatpay-taobao-top")


def test_dir_of_the_client_shows_what_users_need(client):
    shown = {name for name in dir(client) if not name.startswith("__")}

    assert shown == {
        "backup_url", "base_url", "brand", "certificates", "chain", "clock_offset", "close", "decrypt", "download",
        "encrypt", "from_env", "from_file", "invoke", "mchid", "notifications", "serial", "settings", "signed_url",
        "v2", "v3",
    }  # fmt: skip
