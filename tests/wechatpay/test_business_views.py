"""Pages that front ends open: names and texts as published; signatures computed again with hmac."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qsl, urlsplit

import pytest

from chainable.errors import CodecError, ConfigurationError
from wechatpay import WeChatPay

SECRET = "0123456789abcdef0123456789ABCDEF"
NOW = 1530097563
NONCE = "zyx53Nkey8o4bHpxTQvd8m7e92nG5mG2"
MCHID = "1230000109"


@pytest.fixture
def invoke(merchant_key):
    with WeChatPay(
        mchid=MCHID,
        serial="0A75B6A45ACD588826D15E583A95F5DD01020304",
        private_key=merchant_key,
        secret=SECRET,
        clock=lambda: NOW + 0.9,
        nonce=lambda: NONCE,
    ) as client:
        yield client.invoke


def signed(text):
    """Sign a text as the platform's rules for APIv2 say; it ends with the name of the key."""
    return hmac.new(SECRET.encode(), f"{text}{SECRET}".encode(), hashlib.sha256).hexdigest().upper()


class TestTransfers:
    """https://pay.weixin.qq.com/doc/v3/partner/4016960577 and, for apps, https://pay.weixin.qq.com/doc/v3/partner/4015468960."""

    def test_a_transfer_is_not_signed(self, invoke):
        view = invoke.merchant_transfer(appid="wx8888888888888888", package_info="affffddafdfafddffda==")

        assert view.jsapi() == {"mchId": MCHID, "appId": "wx8888888888888888", "package": "affffddafdfafddffda=="}
        assert view.mini_program() == view.jsapi()

    def test_values_of_an_app_are_percent_encoded(self, invoke):
        view = invoke.merchant_transfer(appid="wx8888888888888888", package_info="affffdd+fd/fafddffda==")

        assert view.app() == {
            "businessType": "requestMerchantTransfer",
            "query": f"mchId={MCHID}&appId=wx8888888888888888&package=affffdd%2Bfd%2Ffafddffda%3D%3D",
        }

    def test_a_transfer_of_a_partner(self, invoke):
        view = invoke.merchant_transfer(
            appid="wx8888888888888888", package_info="p==", sub_mchid="1900000000", sub_appid="wx8888888888888889"
        )

        assert view.app()["query"] == (
            f"mchId={MCHID}&appId=wx8888888888888888&subMchId=1900000000&subAppId=wx8888888888888889&package=p%3D%3D"
        )
        assert view.jsapi()["subAppId"] == "wx8888888888888889"

    @pytest.mark.parametrize(
        "changed", [{"appid": ""}, {"package_info": None}, {"sub_mchid": " 1"}, {"sub_appid": "a\nb"}]
    )
    def test_mistakes_are_reported(self, invoke, changed):
        with pytest.raises(CodecError, match=next(iter(changed))):
            invoke.merchant_transfer(**({"appid": "wx8888888888888888", "package_info": "p"} | changed))


class TestPayScore:
    def test_a_confirmation(self, invoke):
        """https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/jsapi-confirm.html"""
        view = invoke.payscore_use(package="XX+XX==")

        assert view.jsapi() == {"businessType": "wxpayScoreUse", "queryString": "package=XX%2BXX%3D%3D"}
        assert view.mini_program() == {"businessType": "wxpayScoreUse", "extraData": {"package": "XX+XX=="}}
        assert view.app() == {"businessType": "wxpayScoreUse", "query": "package=XX%2BXX%3D%3D"}

    def test_a_signed_confirmation(self, invoke):
        """https://pay.weixin.qq.com/doc/global/v3/zh/4014096508: the values themselves are signed, not their encoding."""
        view = invoke.payscore_use(package="XX+XX==", signed=True)
        sign = signed(f"mch_id={MCHID}&nonce_str={NONCE}&package=XX+XX==&sign_type=HMAC-SHA256&timestamp={NOW}&key=")

        assert view.jsapi()["queryString"] == (
            f"mch_id={MCHID}&package=XX%2BXX%3D%3D&timestamp=1530097563&nonce_str={NONCE}&sign_type=HMAC-SHA256&sign={sign}"
        )

    def test_an_authorization(self, invoke):
        """https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/jsapi-auth.html"""
        view = invoke.payscore_enable(apply_permissions_token="AAQT-82Zw_x")

        assert view.jsapi() == {
            "businessType": "wxpayScoreEnable",
            "queryString": "apply_permissions_token=AAQT-82Zw_x",
        }

    def test_the_details_of_an_order(self, invoke):
        """https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/jsapi-order.html"""
        view = invoke.payscore_detail(service_id="88888888000011", out_order_no="1234323JKHDFE1243252")
        sign = signed(
            f"mch_id={MCHID}&nonce_str={NONCE}&out_order_no=1234323JKHDFE1243252&service_id=88888888000011"
            f"&sign_type=HMAC-SHA256&timestamp={NOW}&key="
        )

        assert view.mini_program() == {
            "businessType": "wxpayScoreDetail",
            "extraData": {
                "mch_id": MCHID,
                "service_id": "88888888000011",
                "out_order_no": "1234323JKHDFE1243252",
                "timestamp": "1530097563",
                "nonce_str": NONCE,
                "sign_type": "HMAC-SHA256",
                "sign": sign,
            },
        }
        assert view.jsapi()["queryString"].startswith(
            f"mch_id={MCHID}&service_id=88888888000011&out_order_no=1234323JKHDFE1243252&timestamp=1530097563&"
        )

    def test_without_the_key_nothing_is_signed(self, merchant_key):
        with WeChatPay(mchid=MCHID, serial="AB" * 20, private_key=merchant_key) as client:
            assert client.invoke.payscore_use(package="x").parameters == {"package": "x"}
            with pytest.raises(ConfigurationError, match="give secret= to the client"):
                client.invoke.payscore_detail(service_id="1", out_order_no="2")


class TestContracts:
    def test_the_response_of_the_pre_signing_is_all_it_takes(self, invoke):
        """https://pay.weixin.qq.com/docs/merchant/apis/entrusted-payment/redirect-mini-program.html"""
        answer = {
            "pre_entrustweb_id": "5778aadY9nltAsZzXixCkFIGYnV2V",
            "redirect_appid": "wxbd687630cd02ce1d",
            "redirect_path": "pages/index/index",
        }

        assert invoke.papay_mini_program(**answer) == {
            "appId": "wxbd687630cd02ce1d",
            "path": "pages/index/index",
            "extraData": {"pre_entrustweb_id": "5778aadY9nltAsZzXixCkFIGYnV2V"},
        }
        short = invoke.papay_mini_program(pre_entrustweb_id="5778aadY9nltAsZzXixCkFIGYnV2V")
        assert short == invoke.papay_mini_program(**answer)


class TestCoupons:
    """https://pay.weixin.qq.com/docs/partner/products/offer-coupons-by-mini-program/apilist.html"""

    @pytest.mark.parametrize(
        ("coupons", "text"),
        [
            (
                [{"stock_id": "1234567", "out_request_no": "abc123"}],
                f"out_request_no0=abc123&send_coupon_merchant={MCHID}&stock_id0=1234567&key=",
            ),
            (
                [
                    {"stock_id": "1234567", "out_request_no": "abc123", "coupon_code": "asdsada"},
                    {"stock_id": "2345678", "out_request_no": "123abc", "coupon_code": "asdsada"},
                ],
                (
                    "coupon_code0=asdsada&coupon_code1=asdsada&out_request_no0=abc123&out_request_no1=123abc"
                    f"&send_coupon_merchant={MCHID}&stock_id0=1234567&stock_id1=2345678&key="
                ),
            ),
            (
                [{"stock_id": "1", "out_request_no": "2", "create_coupon_merchant": "1900000109", "coupon_code": None}],
                f"create_coupon_merchant0=1900000109&out_request_no0=2&send_coupon_merchant={MCHID}&stock_id0=1&key=",
            ),
        ],
    )
    def test_each_member_is_signed_with_its_number(self, invoke, coupons, text):
        given = [{name: value for name, value in each.items() if value is not None} for each in coupons]

        assert invoke.send_coupons(coupons) == {
            "send_coupon_params": given,
            "sign": signed(text),
            "send_coupon_merchant": MCHID,
        }

    @pytest.mark.parametrize(
        ("coupons", "message"),
        [
            ([], "at least one coupon"),
            ([{"stock_id": "1"}], r"coupons\[0\]: out_request_no is missing"),
            ([{"stock_id": "1", "out_request_no": "2", "stockid": "3"}], r"coupons\[0\]: stockid is unknown"),
            ([{"stock_id": 1, "out_request_no": "2"}], r"coupons\[0\].stock_id: one line of text"),
        ],
    )
    def test_mistakes_are_reported(self, invoke, coupons, message):
        with pytest.raises(CodecError, match=message):
            invoke.send_coupons(coupons)

    @pytest.mark.parametrize("code", [None, "c-1"])
    def test_the_page_of_a_coupon(self, invoke, code):
        """https://pay.weixin.qq.com/docs/merchant/apis/offer-coupons-by-h5/h5-coupon.html"""
        url = urlsplit(
            invoke.coupon_url(
                stock_id="1234567890000000", out_request_no="201911280000", openid="oiS_FD", coupon_code=code
            )
        )
        query = dict(parse_qsl(url.query, strict_parsing=True))
        named = "" if code is None else "coupon_code=c-1&"

        assert f"{url.scheme}://{url.netloc}{url.path}" == "https://action.weixin.qq.com/busifavor/getcouponinfo"
        assert url.fragment == "wechat_pay&wechat_redirect"
        assert query.pop("sign") == signed(
            f"{named}open_id=oiS_FD&out_request_no=201911280000&send_coupon_merchant={MCHID}&stock_id=1234567890000000&key="
        )
        assert query.pop("coupon_code", None) == code
        assert query == {
            "stock_id": "1234567890000000",
            "out_request_no": "201911280000",
            "send_coupon_merchant": MCHID,
            "open_id": "oiS_FD",
        }
