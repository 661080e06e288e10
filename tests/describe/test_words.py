"""
The words that people use find the right operation first.

The right answers are those of the official product pages: the first interface that each page lists for the product, at
https://pay.weixin.qq.com/doc/v3/merchant/ (商家转账 4012711988, JSAPI 4012791856, Native 4012791877, 付款码, 退款, 分账 …),
and of https://open.taobao.com/api.htm for TOP.
"""

from __future__ import annotations

import pytest
import yaml

import taobao_top.catalogue
import taobao_top.describe
import wechatpay.catalogue
import wechatpay.describe
from chainable.describe import Candidate, Index, fold
from tests.describe.test_glossary import ROOT
from tools.build_glossary import products, words

WECHATPAY = [
    ("商家转账", "POST v3/fund-app/mch-transfer/transfer-bills"),
    ("转账到零钱", "POST v3/fund-app/mch-transfer/transfer-bills"),
    ("企业付款", "POST v3/fund-app/mch-transfer/transfer-bills"),
    ("小程序支付", "POST v3/pay/transactions/jsapi"),
    ("公众号支付", "POST v3/pay/transactions/jsapi"),
    ("JSAPI支付", "POST v3/pay/transactions/jsapi"),
    ("jsapi 支付", "POST v3/pay/transactions/jsapi"),
    ("扫码支付", "POST v3/pay/transactions/native"),
    ("Native支付", "POST v3/pay/transactions/native"),
    ("收款码", "POST v3/pay/transactions/native"),
    ("H5支付", "POST v3/pay/transactions/h5"),
    ("APP支付", "POST v3/pay/transactions/app"),
    ("app支付", "POST v3/pay/transactions/app"),
    ("对账单", "GET v3/bill/tradebill"),
    ("下载账单", "GET v3/bill/tradebill"),
    ("资金账单", "GET v3/bill/fundflowbill"),
    ("付款码", "POST v3/pay/transactions/codepay"),
    ("刷卡支付", "POST v3/pay/transactions/codepay"),
    ("退款", "POST v3/refund/domestic/refunds"),
    ("微信退款接口", "POST v3/refund/domestic/refunds"),
    ("查询退款", "GET v3/refund/domestic/refunds/{out_refund_no}"),
    ("退款通知", "event v3 REFUND.SUCCESS"),
    ("支付回调", "event v3 TRANSACTION.SUCCESS"),
    ("查询订单", "GET v3/pay/transactions/out-trade-no/{out_trade_no}"),
    ("关单", "POST v3/pay/transactions/out-trade-no/{out_trade_no}/close"),
    ("分账", "POST v3/profitsharing/orders"),
    ("分账回退", "POST v3/profitsharing/return-orders"),
    ("代扣", "POST v2/pay/pappayapply"),
    ("委托代扣", "POST v2/pay/pappayapply"),
    ("支付分", "POST v3/payscore/serviceorder"),
    ("合单", "POST v3/combine-transactions/jsapi"),
    ("合单支付", "POST v3/combine-transactions/jsapi"),
    ("投诉", "GET v3/merchant-service/complaints-v2"),
    ("进件", "POST v3/applyment4sub/applyment/"),
    ("二级商户进件", "POST v3/ecommerce/applyments/"),
    ("发票", "POST v3/new-tax-control-fapiao/fapiao-applications"),
    ("代金券", "POST v3/marketing/favor/users/{openid}/coupons"),
    ("商家券", "POST v3/marketing/busifavor/stocks"),
    ("平台证书", "GET v3/certificates"),
    ("上传图片", "POST v3/merchant/media/upload"),
    ("余额", "GET v3/merchant/fund/balance/{account_type}"),
    ("红包", "POST v2/mmpaymkttransfers/sendredpack"),
    ("统一下单", "POST v2/pay/unifiedorder"),
]
TOP = [
    ("订单", "taobao.trades.sold.get"),
    ("订单详情", "taobao.trade.fullinfo.get"),
    ("增量订单", "taobao.trades.sold.increment.get"),
    ("发货", "taobao.logistics.offline.send"),
    ("怎么发货", "taobao.logistics.offline.send"),
    ("面单", "cainiao.waybill.ii.get"),
    ("电子面单", "cainiao.waybill.ii.get"),
    ("淘客", "taobao.tbk.dg.material.optional"),
    ("淘客订单", "taobao.tbk.order.details.get"),
    ("授权", "taobao.top.auth.token.create"),
    ("换token", "taobao.top.auth.token.create"),
    ("商品", "taobao.item.seller.get"),
    ("库存", "taobao.item.quantity.update"),
    ("退款", "taobao.refunds.receive.get"),
    ("解密", "taobao.top.oaid.decrypt"),
    ("消息", "taobao.tmc.user.permit"),
    ("物流公司", "taobao.logistics.companies.get"),
    ("备注", "taobao.trade.memo.update"),
    ("评价", "taobao.traderates.get"),
    ("图片空间", "taobao.picture.upload"),
    ("SKU", "taobao.item.skus.get"),
]


@pytest.mark.parametrize(("query", "key"), WECHATPAY)
def test_a_word_finds_the_operation_first(query, key):
    found = wechatpay.describe.describe(query)
    assert (found.key if not isinstance(found, list) else found[0].key) == key


@pytest.mark.parametrize(("query", "key"), TOP)
def test_a_word_finds_the_method_first(query, key):
    found = taobao_top.describe.describe(query)
    assert (found.key if not isinstance(found, list) else found[0].key) == key


def test_every_word_of_the_tables_finds_its_keys_in_their_order():
    for describe in (wechatpay.describe, taobao_top.describe):
        for word, keys in describe.glossary.words.items():
            assert [each.key for each in describe.search(word, len(keys))] == keys, word


def test_the_tables_name_what_the_catalogues_have():
    events = {f"event {each.version} {each.name}" for each in wechatpay.catalogue.events()}
    for keys in wechatpay.describe.glossary.words.values():
        for key in keys:
            assert key in events or wechatpay.catalogue.operation(key) is not None, key
    for keys in taobao_top.describe.glossary.words.values():
        for key in keys:
            assert taobao_top.catalogue.method(key) is not None, key


def test_a_word_narrows_what_other_words_find():
    found = wechatpay.describe.search("退款 v2")
    assert found[0].key == "POST v2/secapi/pay/refund"


MADE = Index(
    [Candidate("a", "甲乙", "GET a"), Candidate("b", "丙丁", "GET b"), Candidate("c", "戊", "GET c")],
    {"收钱": ["b", "c"], "token": ["a"], "付钱": ["a"]},
)


def test_a_text_may_contain_one_word_of_the_table():
    assert [each.key for each in MADE.search("怎么收钱呢")] == ["b", "c"]
    assert MADE.search("收钱还是付钱") == []
    assert MADE.search("mytokens") == []
    assert MADE.search("qqqq") == []
    assert [MADE.knows("收 钱"), MADE.knows("收")] == [True, False]
    assert fold("收 钱") == "收钱"


def test_equal_titles_have_their_product():
    found = wechatpay.describe.search("付款码支付", None)
    equal = {each.product for each in found if each.title == "付款码支付"}
    assert equal == {"支付下单与查询", "支付下单与查询（服务商）"}
    assert {each.product.en for each in found if each.title == "付款码支付" and "partner" in each.name} == {
        "支付下单与查询, partner"
    }
    assert wechatpay.describe.search("REFUND.SUCCESS")[0].product == "通知"
    assert all(each.product for each in wechatpay.describe.candidates())
    found = taobao_top.describe.search("查询", None)
    titles = [each.title for each in found]
    repeated = [each for each in found if titles.count(each.title) > 1]
    assert repeated
    assert all(each.product for each in repeated)
    assert not any(each.product for each in found if each not in repeated)


def test_a_method_that_is_gone_has_no_product(monkeypatch):
    monkeypatch.setattr(taobao_top.catalogue, "method", lambda name: None)
    assert taobao_top.describe._group("x") == ""


def test_a_product_is_that_of_the_longest_beginning_of_a_path():
    product = wechatpay.describe.glossary.product
    assert product("v3/papay/sign") == "委托代扣与预约扣费"
    assert product("v3/papay/insurance-sign/contracts") == "保险"
    assert product("v9") == ""


def test_a_word_has_one_entry():
    with pytest.raises(ValueError, match="A-B has two entries"):
        words([{"words": ["a_b"], "keys": ["x"]}, {"words": ["A-B"], "keys": ["y"]}])


def test_products_of_a_package_without_a_table(tmp_path):
    assert products(tmp_path / "none.yaml") == {}
    (tmp_path / "a.yaml").write_text("x: {title: 某, paths: [v3/a, v3/b]}", "utf-8")
    assert products(tmp_path / "a.yaml") == {"v3/a": "某", "v3/b": "某"}


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
def test_the_tables_have_no_key_twice(package):
    for entry in yaml.safe_load((ROOT / "catalogue/glossary/words" / f"{package}.yaml").read_text("utf-8")):
        assert len(set(entry["keys"])) == len(entry["keys"]), entry
        assert sorted(entry) == ["keys", "words"]
