import hashlib
import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import responses
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from chainable.describe import Candidate, Description
from wechatpay import WeChatPay, catalogue
from wechatpay.describe import attributes, describe, described, search
from wechatpay.invoke import Invoke

INSURANCE = "POST v3/hire-power-bank/insurance-orders"
CONTRACT = "POST v3/papay/insurance-sign/contracts/pre-entrust-sign/jsapi"
SECRET = "0" * 32
NAMES = ["同步纯链式", "同步声明式", "同步属性式", "异步纯链式", "异步声明式", "异步属性式"]


class Trusting:
    """Verifies nothing: what is under test here is what leaves."""

    def verify(self, response):
        return None


@pytest.fixture(scope="module")
def client():
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "1900000109")])
    today = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 0x3775B6A45ACD588826D15E583A95F5DD, today, today + timedelta(1)
    )
    certificate = builder.sign(key, hashes.SHA256())
    made = WeChatPay(
        mchid="1900000109",
        private_key=key,
        merchant_cert=certificate.public_bytes(serialization.Encoding.PEM),
        merchant_key=key,
        certs={"PUB_KEY_ID_0000000000000024101100397200000006": key.public_key()},
        secret=SECRET,
        verifier=Trusting(),
    )
    with made:
        yield made


def test_the_description_of_an_operation_is_complete():
    found = describe("v3/hire-power-bank/insurance-orders")
    assert isinstance(found, Description)
    assert (found.key, found.title, found.name) == (INSURANCE, "创建保险订单", INSURANCE)
    assert found.links == (
        "https://pay.weixin.qq.com/docs/merchant/apis/hire-power-bank-insurance/insurance-orders/create-insurance-order.html",
    )
    (table,) = found.tables
    assert table.heading == "请求参数"
    assert [(row.name, row.type, row.depth) for row in table.rows] == [
        ("json", "object", 0),
        ("out_order_no", "string", 1),
        ("openid", "string", 1),
        ("notify_url", "string", 1),
        ("service_id", "string", 1),
    ]
    assert table.rows[1].example == "6e8369071cd942c0476613f9d1ce9ca3"
    assert [form.name for form in found.forms] == NAMES
    assert found.forms[0].code == (
        "response = client.v3.hire_power_bank.insurance_orders.post(\n"
        "    json={\n"
        "        'out_order_no': '6e8369071cd942c0476613f9d1ce9ca3',\n"
        "        'openid': '2323dfsdf342342',\n"
        "        'notify_url': 'https://api.test.com',\n"
        "        'service_id': '实例值',\n"
        "    },\n"
        ")\n"
        "print(response.data)\n"
    )
    assert found.forms[5].code.startswith("client['v3/hire-power-bank/insurance-orders'].post_async(\n")
    assert found.forms[5].code.endswith(").then(lambda response: print(response.data)).wait()\n")
    (answer,) = found.answers
    assert answer.heading == "返回字典"
    assert [row.name for row in answer.rows][:3] == ["order_id", "out_order_no", "openid"]


@pytest.mark.parametrize(
    ("key", "step"),
    [
        ("POST v3/pay/transactions/jsapi", "jsapi(appid=…, prepay_id=…)"),
        ("POST v3/combine-transactions/h5", "h5(h5_url)"),
        ("POST v3/fund-app/mch-transfer/transfer-bills", "merchant_transfer(appid=…, package_info=…)"),
        ("POST v3/payscore/serviceorder", "payscore_use(package=…)"),
        ("POST v3/payscore/permissions", "payscore_enable(apply_permissions_token=…)"),
        (
            "POST v3/papay/scheduled-deduct-sign/contracts/pre-entrust-sign/mini-program",
            "papay_mini_program(**response.data)",
        ),
    ],
)
def test_the_step_of_the_front_end_is_named(key, step):
    assert dict(described(key).facts)["前端"] == f"client.invoke.{step}"
    name = step.partition("(")[0]
    assert callable(getattr(Invoke, name))


def test_most_operations_have_no_step_of_a_front_end():
    assert "前端" not in dict(described("GET v3/payscore/serviceorder").facts)
    assert "前端" not in dict(described("POST v3/payscore/payafter-orders").facts)


def test_the_same_for_machines():
    plain = describe(CONTRACT).to_json()
    assert json.loads(json.dumps(plain)) is not None
    names = "key title name facts links tables forms shortest answers samples errors notifications causes"
    assert list(plain) == names.split()
    rows = plain["tables"][0]["rows"]
    amount = next(row for row in rows if row["name"] == "estimated_deduct_amount")
    assert (amount["type"], amount["depth"], amount["required"]) == ("object", 2, True)
    person = next(row for row in rows if row["name"] == "id_card_number")
    assert person["encrypted"] == "rsa"
    serial = next(row for row in rows if row["name"] == "Wechatpay-Serial")
    assert serial["filled"] is True


def test_a_row_tells_its_marks_values_and_example():
    rows = {row.name: row for row in describe(CONTRACT).tables[0].rows}
    assert rows["identity_type"].remarks() == ["证件类型 · Kind of identity document", "可选值 ID_CARD", "例 ID_CARD"]
    assert "加密 rsa" in rows["real_name"].remarks()
    assert rows["Wechatpay-Serial"].remarks()[1] == "自动填写"
    assert {row.name: row for row in described("GET v3/pay/transactions/id/{transaction_id}").tables[0].rows}[
        "transaction_id"
    ].remarks()[1] == "路径变量"


def test_sensitive_fields_are_wrapped():
    code = describe(CONTRACT).forms[0].code
    assert code.startswith("from wechatpay import Sensitive\n\nresponse = client.v3.papay.insurance_sign")
    assert "'real_name': Sensitive('<real_name>')," in code
    assert "Wechatpay-Serial" not in code


@pytest.mark.parametrize(
    "query",
    [
        "v3/hire-power-bank/insurance-orders",
        "/v3/hire-power-bank/insurance-orders",
        "POST v3/hire-power-bank/insurance-orders",
        "post https://api.mch.weixin.qq.com/v3/hire-power-bank/insurance-orders?a=1",
        "client.v3.hire_power_bank.insurance_orders",
        "v3.hire_power_bank.insurance_orders.post",
        "client.v3.hirePowerBank.insuranceOrders.post_async(json={})",
        "client.chain('v3/hire-power-bank/insurance-orders').post(json={…})",
        'client["v3/hire-power-bank/insurance-orders"].postAsync',
        "client.v3['hire-power-bank'].insurance_orders",
        "$instance->v3->hirePowerBank->insuranceOrders->postAsync([",
        "创建保险订单",
    ],
)
def test_an_operation_is_found_however_it_is_written(query):
    assert describe(f"  {query} ").key == INSURANCE


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("GET v3/pay/transactions/id/4200001234", "GET v3/pay/transactions/id/{transaction_id}"),
        ("v3/pay/transactions/id/{transaction_id}", "GET v3/pay/transactions/id/{transaction_id}"),
        ("client.v3.pay.transactions.id._transaction_id_.get(", "GET v3/pay/transactions/id/{transaction_id}"),
        ("TRANSACTION.SUCCESS", "event v3 TRANSACTION.SUCCESS"),
        ("event v2 TRANSACTION.SUCCESS", "event v2 TRANSACTION.SUCCESS"),
        ("combined-transactions-success", "event v2 combined-transactions-success"),
    ],
)
def test_other_ways_to_say_it(query, key):
    assert describe(query).key == key


def test_several_meanings_are_given_best_first():
    found = describe("保险")
    assert all(isinstance(candidate, Candidate) for candidate in found)
    assert {INSURANCE, CONTRACT} <= {candidate.key for candidate in found[:3]}
    refunds = describe("申请退款")
    assert refunds[0].key == "POST v3/refund/domestic/refunds"
    both = describe("v3/marketing/favor/callbacks")
    assert {candidate.key.partition(" ")[0] for candidate in both} == {"GET", "POST"}


@pytest.mark.parametrize(
    "query",
    ["", "查无此物", "v3/no/such", "client.v3.no.such", "v3//pay", "client._private", "client.v3", "client[''].x"],
)
def test_what_means_nothing_finds_nothing_or_only_likenesses(query):
    assert isinstance(describe(query), list)


def test_an_unknown_key_is_reported():
    for key in ("POST v3/no/such", "event v3 NO.SUCH", "NO.SUCH"):
        with pytest.raises(LookupError, match=r"NO\.SUCH|no/such"):
            described(key)


def test_search_ranks_what_people_ask_for():
    assert search("保险订单")[0].key == INSURANCE
    assert CONTRACT in [candidate.key for candidate in search("预签约", 3)]
    assert search("退款")[0].key == "POST v3/refund/domestic/refunds"
    assert "GET v3/pay/transactions/out-trade-no/{out_trade_no}" in [found.key for found in search("out_trade_no", 3)]


def test_every_operation_is_described_and_its_six_forms_are_python():
    for operation in catalogue.operations():
        found = described(operation.key)
        expected = NAMES[:3] if operation.answer == "redirect" else NAMES
        assert [form.name for form in found.forms] == expected
        for form in (found.forms[0], found.forms[-1]):
            compile(form.code, operation.key, "exec")


def test_every_chain_means_its_operation(client):
    for operation in catalogue.operations():
        chain = eval(f"client{attributes(operation.path)}", {"client": client})
        assert describe(f"{operation.method} {operation.path}").key == operation.key
        assert describe(f"client{attributes(operation.path)}.{operation.method.lower()}").key == operation.key
        assert str(chain) == operation.path or operation.path.endswith("{empty}"), operation.key


def test_every_event_is_described():
    for event in catalogue.events():
        found = described(f"event {event.version} {event.name}")
        for form in found.forms:
            compile(form.code, event.name, "exec")
        assert any(table.rows for table in found.answers)


def sample():
    unlike = {}
    for operation in catalogue.operations():
        kind = (
            operation.method,
            operation.path.partition("/")[0],
            operation.body,
            operation.answer,
            bool(operation.variables),
            operation.encrypted,
            operation.mtls,
            bool(operation.encoded_fields),
        )
        unlike.setdefault(kind, operation.key)
    return [*unlike.values(), INSURANCE, CONTRACT]


@pytest.mark.parametrize("key", sample())
def test_the_forms_run_as_they_stand(key, client, monkeypatch, tmp_path, capsys):
    operation = catalogue.operation(key)
    monkeypatch.chdir(tmp_path)
    for name in ("file.jpg", "file.xlsx", "file.csv", "file.pdf", "file.mp4", "file.avi", "file.png"):
        Path(name).write_bytes(b"\0")
    sent = []
    given = {"result_code": "SUCCESS", "return_code": "SUCCESS"}
    text = "&".join(f"{name}={value}" for name, value in given.items()) + f"&key={SECRET}"
    given["sign"] = hashlib.md5(text.encode()).hexdigest().upper()
    good = 200, {}, "<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in given.items()) + "</xml>"
    with responses.RequestsMock(assert_all_requests_are_fired=False) as platform:

        def answer(request):
            sent.append((request.method, request.url.partition("?")[0]))
            return good if operation.answer == "xml" else (200, {"Content-Type": "application/json"}, "{}")

        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            platform.add_callback(method, re.compile("https://.*"), callback=answer)
        for form in described(key).forms:
            exec(compile(form.code, key, "exec"), {"client": client})
    expected = 0 if operation.answer == "redirect" else 6
    assert len(sent) == expected
    assert len(set(sent)) <= 1
    assert capsys.readouterr().out
