from chainable.describe import Candidate, Index


def index(*entries):
    return Index([Candidate(str(place), *entry) for place, entry in enumerate(entries)])


def titles(found):
    return [candidate.title for candidate in found]


ORDERS = index(
    ("查询保险订单详情", "GET v3/hire-power-bank/insurance-orders/{out_order_no}"),
    ("创建保险订单", "POST v3/hire-power-bank/insurance-orders"),
    ("预签约", "POST v3/papay/contracts"),
    ("APP预签约", "POST v3/papay/app", 300),
    ("查询单笔交易", "taobao.trade.fullinfo.get"),
)


def test_a_title_that_ends_so_goes_before_one_that_holds_it():
    assert titles(ORDERS.search("保险订单")) == ["创建保险订单", "查询保险订单详情"]


def test_the_very_title_comes_first_unless_another_is_much_weightier():
    assert titles(ORDERS.search("预签约")) == ["预签约", "APP预签约"]


def test_spelling_of_names_does_not_matter():
    for text in (
        "hire-power-bank",
        "hire_power_bank",
        "hirePowerBank",
        "ＨＩＲＥ power bank",
        "{out_order_no}",
        "out_order_no",
    ):
        assert "查询保险订单详情" in titles(ORDERS.search(text)), text
    assert titles(ORDERS.search("trade.fullinfo")) == ["查询单笔交易"]


def test_the_whole_name_and_a_whole_segment_go_first():
    paths = index(("c", "GET v3/pay/xorders"), ("a", "GET v3/orders/list"), ("b", "GET v3/orders"))
    assert titles(paths.search("orders"))[:2] == ["b", "a"] or titles(paths.search("orders"))[:2] == ["a", "b"]
    assert titles(paths.search("v3/orders"))[0] == "b"
    assert titles(paths.search("orders"))[-1] == "c"


def test_every_word_counts():
    assert titles(ORDERS.search("保险 post")) == ["创建保险订单"]
    assert ORDERS.search("保险 查无此词") == []


def test_close_spellings_are_found_when_nothing_else_is():
    assert titles(ORDERS.search("创建订单保险"))[0] == "创建保险订单"
    assert ORDERS.search("x") == []


def test_blank_text_finds_nothing_and_the_limit_holds():
    assert ORDERS.search("  -- ") == []
    assert len(ORDERS.search("v3", limit=2)) == 2
    assert len(ORDERS) == 5
