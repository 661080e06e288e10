"""Contracts and deductions of every kind, premiums, and transfers that a user allowed once for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

CODE = "123456"
SCHEDULE = {
    "estimated_deduct_date": "2025-02-01",
    "estimated_deduct_amount": {"total": 100, "currency": "CNY"},
    "description": "首月",
}


def asked(url: str, **more: Any) -> dict[str, Any]:
    return {
        "appid": "wxd678efh567hg6787",
        "plan_id": 12535,
        "out_contract_code": CODE,
        "contract_display_account": "微信代扣",
        "contract_notify_url": url,
        "deduct_schedule": SCHEDULE,
        **more,
    }


def query(merchant: Any) -> Any:
    return merchant.get(f"/v3/papay/sign/contracts/plan-id/12535/out-contract-code/{CODE}")


def deducted(url: str, contract: str, number: str = "deduct01", **more: Any) -> dict[str, Any]:
    return {
        "appid": "wxd678efh567hg6787",
        "out_trade_no": number,
        "description": "会员",
        "transaction_notify_url": url,
        "contract_id": contract,
        "amount": {"total": 100, "currency": "CNY"},
        **more,
    }


def test_a_contract_is_signed_deducted_from_and_ended(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    base = "/v3/papay/scheduled-deduct-sign/contracts/pre-entrust-sign"
    assert merchant.post(f"{base}/h5", asked(receiver.url)).data["redirect_url"].startswith("https://")
    assert merchant.post(f"{base}/app", asked(receiver.url)).data["pre_entrustweb_id"]
    assert query(merchant).data["code"] == "RESOURCE_NOT_EXISTS"
    sandbox.sign_contract(CODE)
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert envelope["event_type"] == "ENTRUST.SIGN"
    assert (resource["out_contract_code"], resource["contract_state"]) == (CODE, "SIGNED")
    assert merchant.post(f"{base}/app", asked(receiver.url)).data["code"] == "INVALID_REQUEST"
    with pytest.raises(ValueError, match="is SIGNED, not UNSIGNED"):
        sandbox.sign_contract(CODE)

    output = query(merchant).data
    contract = output["contract_id"]
    assert (output["contract_state"], output["deduct_schedule"]["schedule_state"]) == ("SIGNED", "NO_SCHEDULED")
    times = f"/v3/papay/pay/schedules/contract-id/{contract}"
    assert merchant.get(times).data["schedule_state"] == "NO_SCHEDULED"
    # what is taken is what was announced: https://pay.weixin.qq.com/doc/v3/partner/4012468579
    amount = {"appid": "wx1", "schedule_amount": {"total": 100, "currency": "CNY"}}
    assert merchant.post(f"{times}/schedule", amount).data["scheduled_amount"]["total"] == 100
    assert merchant.get(times).data["schedule_state"] == "SCHEDULED"

    assert merchant.post("/v3/papay/pay/transactions/apply", deducted(receiver.url, contract)).data["amount"] == {
        "total": 100,
        "currency": "CNY",
    }
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert (envelope["event_type"], resource["trade_type"]) == ("TRANSACTION.SUCCESS", "AUTH")
    assert resource["payer"]["openid"] == output["openid"]
    assert merchant.get(times).data["schedule_state"] == "PAID"
    assert query(merchant).data["deduct_schedule"]["deduct_amount"]["total"] == 100
    number = f"/v3/pay/transactions/out-trade-no/deduct01?mchid={merchant.account.mchid}"
    assert merchant.get(number).data["trade_state"] == "SUCCESS"

    end = f"/v3/papay/sign/contracts/plan-id/12535/out-contract-code/{CODE}/terminate"
    output = merchant.post(end, {"contract_termination_remark": "不要了"}).data
    assert output["contract_terminate_info"]["contract_termination_mode"] == "MCH_API_TERMINATE"
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[0]["event_type"] == "ENTRUST.TERMINATE"
    assert merchant.post(end, {"contract_termination_remark": "x"}).data["code"] == "INVALID_REQUEST"
    late = deducted(receiver.url, contract, "deduct02")
    assert merchant.post("/v3/papay/pay/transactions/apply", late).data["code"] == "INVALID_REQUEST"
    late["contract_id"] = "none"
    assert merchant.post("/v3/papay/pay/transactions/apply", late).data["code"] == "RESOURCE_NOT_EXISTS"
    assert merchant.post(f"{base}/h5", asked(receiver.url)).status == 200  # once more, from the beginning


def test_a_provider_has_contracts_for_its_merchants(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.context.automatic = frozenset({"sign"})
    own = {"sp_appid": "wx1", "sub_mchid": "1900000110", "sub_openid": "osub"}
    sent = {**asked(receiver.url, **own), "deduct_schedule": SCHEDULE}
    del sent["appid"]
    base = "/v3/papay/scheduled-deduct-sign/partner/contracts/pre-entrust-sign/mini-program"
    assert merchant.post(base, sent).data["redirect_appid"]
    one = f"/v3/papay/sign/partner/contracts/plan-id/12535/out-contract-code/{CODE}"
    output = merchant.get(f"{one}?sub_mchid=1900000110").data
    assert (output["sp_mchid"], output["sub_mchid"], output["sub_openid"]) == (
        merchant.account.mchid,
        "1900000110",
        "osub",
    )
    taken = deducted(receiver.url, output["contract_id"], sp_appid="wx1", sub_mchid="1900000110")
    del taken["appid"]
    assert merchant.post("/v3/papay/pay/partner/transactions/apply", taken).status == 200
    target = (
        f"/v3/pay/partner/transactions/out-trade-no/deduct01?sp_mchid={merchant.account.mchid}&sub_mchid=1900000110"
    )
    assert merchant.get(target).data["trade_state"] == "SUCCESS"
    sandbox.terminate_contract(CODE)
    assert sandbox.callbacks.wait()
    types = sorted(receiver.opened(sandbox, index)[0]["event_type"] for index in range(3))
    assert types == ["ENTRUST.SIGN", "ENTRUST.TERMINATE", "TRANSACTION.SUCCESS"]
    assert merchant.get(f"{one}?sub_mchid=1900000110").data["contract_state"] == "TERMINATED"
    with pytest.raises(ValueError, match="is TERMINATED, not SIGNED"):
        sandbox.terminate_contract(CODE)
    with pytest.raises(LookupError, match="no contract none"):
        sandbox.terminate_contract("none")


def test_abroad_money_is_deducted_at_once(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    base = "/v3/global/papay"
    sent = {
        "appid": "wx1",
        "plan_id": 1,
        "out_contract_code": CODE,
        "user_display_name": "x",
        "success_notify_url": receiver.url,
    }
    assert merchant.post(f"{base}/contracts/web-pre-entrust-sign", sent).data["show_code_url"]
    sandbox.sign_contract(CODE)
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[0]["event_type"] == "PAPAY.SIGN"
    output = merchant.get(f"{base}/contracts/out-contract-code/{CODE}?appid=wx1").data
    assert (output["state"], output["user_display_name"]) == ("SIGNED", "x")
    assert merchant.get(f"{base}/contracts/{output['contract_id']}").data["out_contract_code"] == CODE
    taken = {
        "appid": "wx1",
        "description": "x",
        "notify_url": receiver.url,
        "out_trade_no": "abroad01",
        "merchant_category_code": "1011",
        "contract_id": output["contract_id"],
        "amount": {"total": 7, "currency": "HKD"},
    }
    paid = merchant.post(f"{base}/transactions", taken).data
    assert (paid["trade_state"], paid["trade_type"], paid["payer"]["openid"]) == ("SUCCESS", "AUTH", output["openid"])
    assert merchant.post(f"{base}/transactions", taken).data["code"] == "OUT_TRADE_NO_USED"
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[1]["amount"]["total"] == 7
    for target in ("out-trade-no/abroad01?sub_mchid=1", f"{paid['transaction_id']}?sub_mchid=1"):
        assert merchant.get(f"{base}/transactions/{target}").data["transaction_id"] == paid["transaction_id"]
    assert merchant.post(f"{base}/transactions/out-trade-no/abroad01/reverse?sub_mchid=1").status == 204
    assert merchant.get(f"{base}/transactions/out-trade-no/abroad01?sub_mchid=1").data["trade_state"] == "REVOKED"
    end = merchant.post(
        f"{base}/contracts/{output['contract_id']}/terminate", {"appid": "wx1", "termination_note": "x"}
    )
    assert end.status == 204
    assert merchant.get(f"{base}/contracts/{output['contract_id']}").data["termination_note"] == "x"
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[0]["event_type"] == "PAPAY.TERMINATE"


def test_a_platform_deducts_for_several_merchants(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    base = "/v3/ecommerce/combine-papay"
    sent = {
        "appid": "wx1",
        "plan_id": 1,
        "out_contract_code": CODE,
        "contract_display_account": "x",
        "notify_url": receiver.url,
        "attach": "附",
    }
    assert merchant.post(f"{base}/contracts/pre-entrust-sign", sent).data["pre_entrustweb_id"]
    sandbox.sign_contract(CODE)
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert (envelope["event_type"], resource["attach"]) == ("ECOMMERCE_ENTRUST.SIGN", "附")
    one = f"{base}/contracts/plan-id/1/out-contract-code/{CODE}"
    output = merchant.get(one).data
    taken = {
        "combine_appid": "wx1",
        "combine_mchid": merchant.account.mchid,
        "combine_out_trade_no": "together",
        "contract_id": output["contract_id"],
        "sub_orders": [
            {
                "mchid": merchant.account.mchid,
                "sub_mchid": "1900000110",
                "out_trade_no": f"part000{number}",
                "description": "x",
                "amount": {"total_amount": number, "currency": "CNY"},
            }
            for number in (1, 2)
        ],
    }
    for _ in range(2):  # the same again is the same
        paid = merchant.post(f"{base}/transactions", taken).data
        assert [each["trade_state"] for each in paid["sub_orders"]] == ["SUCCESS", "SUCCESS"]
        assert paid["combine_payer_info"]["openid"] == output["openid"]
    assert merchant.get(f"{base}/transactions/together").data["sub_orders"][1]["amount"]["total_amount"] == 2
    back = {
        "combine_appid": "wx1",
        "sub_orders": [
            {name: each[name] for name in ("mchid", "sub_mchid", "out_trade_no")} for each in taken["sub_orders"]
        ],
    }
    assert merchant.post(f"{base}/transactions/together/reverse", back).status == 204
    assert {each["trade_state"] for each in merchant.get(f"{base}/transactions/together").data["sub_orders"]} == {
        "REVOKED"
    }
    assert merchant.post(f"{one}/terminate", {"contract_termination_remark": "x"}).data["plan_id"] == 1
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[1]["contract_termination_mode"] == "MCH_API_TERMINATE"


# deductions that fail, and those that were announced


def signed(sandbox: Sandbox, merchant: Any, url: str = "http://127.0.0.1:9/", **more: Any) -> str:
    path = "partner/" if "sub_mchid" in more else ""
    sent = {**asked(url), **more}
    base = f"/v3/papay/scheduled-deduct-sign/{path}contracts/pre-entrust-sign/mini-program"
    assert merchant.post(base, {name: value for name, value in sent.items() if value is not None}).status == 200
    sandbox.sign_contract(CODE)
    return str(sandbox.store.entry("contract", CODE)["contract_id"])


APPLY = "/v3/papay/pay/transactions/apply"


def state_of(merchant: Any, number: str) -> Any:
    return merchant.get(f"/v3/pay/transactions/out-trade-no/{number}?mchid={merchant.account.mchid}").data[
        "trade_state"
    ]


def test_a_deduction_fails_once(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    contract = signed(sandbox, merchant)
    sandbox.actions["refuse_deduction"](contract, code="ACCOUNTERROR")
    assert merchant.post(APPLY, deducted(receiver.url, contract)).status == 200
    assert sandbox.callbacks.wait()
    # https://pay.weixin.qq.com/docs/merchant/apis/insurance-entrusted-payment/deduct-result-notify.html
    envelope, resource = receiver.opened(sandbox)
    assert (envelope["event_type"], resource["trade_state"]) == ("TRANSACTION.FAIL", "PAYERROR")
    assert (resource["trade_state_desc"], "transaction_id" in resource) == ("用户账户状态异常", False)
    assert state_of(merchant, "deduct01") == "PAYERROR"
    again = merchant.post(APPLY, deducted(receiver.url, contract))
    assert (again.status, again.data["code"]) == (403, "OUT_TRADE_NO_USED")
    assert merchant.post(APPLY, deducted(receiver.url, contract, "deduct02")).status == 200
    assert state_of(merchant, "deduct02") == "SUCCESS"
    with pytest.raises(ValueError, match="'MOOD' is not a choice"):
        sandbox.actions["refuse_deduction"](contract, "MOOD")
    with pytest.raises(LookupError, match="no contract none"):
        sandbox.actions["refuse_deduction"]("none")


def test_a_deduction_of_v2_fails(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    receiver.default = (200, b"<xml><return_code>SUCCESS</return_code></xml>")
    merchant.v2("/papay/preentrustweb", signing_v2(merchant, "http://127.0.0.1:9/"), nonce=False)
    sandbox.sign_contract(CODE)
    taken = {
        "appid": merchant.account.appid,
        "body": "水电代扣",
        "out_trade_no": "pap00001",
        "total_fee": 888,
        "spbill_create_ip": "8.8.8.8",
        "notify_url": receiver.url,
        "trade_type": "PAP",
        "contract_id": sandbox.store.entry("contract", CODE)["contract_id"],
    }
    sandbox.actions["refuse_deduction"](CODE)
    assert merchant.v2("/pay/pappayapply", taken).xml["result_code"] == "SUCCESS"
    assert sandbox.callbacks.wait()
    notice = receiver.xml()
    assert (notice["result_code"], notice["err_code"], notice["err_code_des"]) == (
        "FAIL",
        "NOTENOUGH",
        "用户账号余额不足",
    )
    assert (notice["trade_state"], notice["out_trade_no"]) == ("PAY_FAIL", "pap00001")
    assert notice["sign"] == merchant.sign(notice)
    assert (
        merchant.v2("/pay/paporderquery", {"appid": "wx1", "out_trade_no": "pap00001"}).xml["trade_state"] == "PAYERROR"
    )
    assert merchant.v2("/pay/pappayapply", taken).xml["err_code"] == "OUT_TRADE_NO_USED"


def test_deductions_that_are_made_at_once_fail_at_once(sandbox: Sandbox, merchant: Any) -> None:
    contract = signed(sandbox, merchant)
    abroad = {
        "appid": "wx1",
        "description": "x",
        "notify_url": "http://127.0.0.1:9/",
        "out_trade_no": "abroad01",
        "merchant_category_code": "1011",
        "contract_id": contract,
        "amount": {"total": 888, "currency": "HKD"},
    }
    sandbox.actions["refuse_deduction"](contract)
    answer = merchant.post("/v3/global/papay/transactions", abroad)
    assert (answer.status, answer.data["code"]) == (403, "NOT_ENOUGH")
    told = merchant.get("/v3/global/papay/transactions/out-trade-no/abroad01?sub_mchid=1").data
    assert told["trade_state"] == "PAYERROR"
    order = {"mchid": merchant.account.mchid, "sub_mchid": "1900000110", "out_trade_no": "part0001", "description": "x"}
    combined = {
        "combine_appid": "wx1",
        "combine_mchid": merchant.account.mchid,
        "combine_out_trade_no": "together",
        "contract_id": contract,
        "sub_orders": [{**order, "amount": {"total_amount": 1, "currency": "CNY"}}],
    }
    base = "/v3/ecommerce/combine-papay/transactions"
    sandbox.actions["refuse_deduction"](contract)
    for _ in range(2):
        assert merchant.post(base, combined).data["code"] == "NOT_ENOUGH"
    other = {**combined, "sub_orders": [{**order, "amount": {"total_amount": 2, "currency": "CNY"}}]}
    assert merchant.post(base, other).data["code"] == "INVALID_REQUEST"
    assert merchant.get(f"{base}/together").data["sub_orders"][0]["trade_state"] == "PAYERROR"


def test_what_was_announced_is_taken_in_its_days_and_once(sandbox: Sandbox, merchant: Any) -> None:
    contract = signed(sandbox, merchant)
    # https://pay.weixin.qq.com/doc/v2/merchant/4011987402
    notice: dict[str, Any] = {"mchid": merchant.account.mchid, "appid": "wx1"}
    notice["deduct_duration"] = {"count": 1, "unit": "DAY"}
    notice["estimated_amount"] = {"amount": 100, "currency": "CNY"}
    path, clock = f"/v3/papay/contracts/{contract}", sandbox.context.clock
    clock.advance((30 - sandbox.context.now().hour) % 24 * 3600)  # six o'clock
    assert merchant.post(f"{path}/notify", notice).data["message"] == "只能在北京时间每天7:00~22:00下发预扣费通知"
    own = {"mchid": merchant.account.mchid, "appid": "wx1"}
    assert merchant.post(f"{path}/fail-notify", own).data["code"] == "INVALID_REQUEST"
    clock.advance(3 * 3600)
    assert merchant.post(f"{path}/notify", notice).status == 204
    assert merchant.post(f"{path}/fail-notify", own).status == 204
    early = merchant.post(APPLY, deducted("http://127.0.0.1:9/", contract))
    assert early.data["message"] == "当前不在可扣费期内"
    clock.advance(2 * 86400)
    above = deducted("http://127.0.0.1:9/", contract, amount={"total": 101, "currency": "CNY"})
    assert merchant.post(APPLY, above).data["code"] == "INVALID_REQUEST"
    sandbox.actions["refuse_deduction"](contract)
    taken = [deducted("http://127.0.0.1:9/", contract, f"deduct0{number}") for number in range(3)]
    assert merchant.post(APPLY, taken[0]).status == 200
    assert merchant.post(f"{path}/fail-notify", own).status == 204
    assert merchant.post(APPLY, taken[1]).status == 200
    assert state_of(merchant, "deduct01") == "SUCCESS"
    assert merchant.post(APPLY, taken[2]).data["message"] == "该扣费周期内已扣款成功"
    assert merchant.post(f"{path}/fail-notify", own).data["code"] == "INVALID_REQUEST"
    del notice["deduct_duration"]
    assert merchant.post(f"{path}/notify", notice).status == 204
    clock.advance(9 * 86400)
    assert merchant.post(APPLY, taken[2]).data["message"] == "当前不在可扣费期内"
    amount = {"appid": "wx1", "schedule_amount": {"total": 100, "currency": "CNY"}}
    merchant.post(f"/v3/papay/pay/schedules/contract-id/{contract}/schedule", amount)
    less = {**taken[2], "amount": {"total": 99, "currency": "CNY"}}
    assert merchant.post(APPLY, less).data["message"] == "扣款金额与预约扣费金额不符: 扣款 99 分，预约 100 分"


def test_a_contract_of_a_sub_merchant_is_of_no_other(sandbox: Sandbox, merchant: Any) -> None:
    contract = signed(sandbox, merchant, appid=None, sp_appid="wx1", sub_mchid="1900000110", sub_openid="o")
    path = f"/v3/papay/sign/partner/contracts/plan-id/12535/out-contract-code/{CODE}?sub_mchid="
    assert merchant.get(path + "1900000110").data["contract_id"] == contract
    assert merchant.get(path + "1900000111").data["code"] == "RESOURCE_NOT_EXISTS"
    taken = deducted("http://127.0.0.1:9/", contract, sp_appid="wx1", sub_mchid="1900000111")
    del taken["appid"]
    assert merchant.post("/v3/papay/pay/partner/transactions/apply", taken).data["code"] == "RESOURCE_NOT_EXISTS"


# v2


def signing_v2(merchant: Any, url: str) -> dict[str, Any]:
    return {
        "appid": merchant.account.appid,
        "mch_id": merchant.account.mchid,
        "plan_id": 12535,
        "contract_code": CODE,
        "request_serial": 1000,
        "contract_display_account": "微信代扣",
        "notify_url": url,
        "version": "1.0",
        "timestamp": "1414488825",
    }


def test_a_contract_of_v2(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    receiver.default = (200, b"<xml><return_code>SUCCESS</return_code></xml>")
    sent = signing_v2(merchant, receiver.url)
    assert merchant.v2_get("/papay/entrustweb", sent).status == 302
    assert merchant.v2_get("/papay/h5entrustweb", {**sent, "clientip": "1.1.1.1"}).xml["redirect_url"]
    assert merchant.v2("/papay/preentrustweb", sent, nonce=False).xml["pre_entrustweb_id"]
    which = {"appid": merchant.account.appid, "plan_id": 12535, "contract_code": CODE, "version": "1.0"}
    assert merchant.v2("/papay/querycontract", which, nonce=False).xml["err_code"] == "CONTRACT_NOT_EXIST"
    sandbox.sign_contract(CODE)
    assert sandbox.callbacks.wait()
    notice = receiver.xml()
    assert (notice["change_type"], notice["contract_code"], notice["request_serial"]) == ("ADD", CODE, "1000")
    assert notice["sign"] == merchant.sign(notice)
    output = merchant.v2("/papay/querycontract", which, nonce=False).xml
    assert (output["contract_state"], output["contract_id"]) == ("0", notice["contract_id"])

    taken = {
        "appid": merchant.account.appid,
        "body": "会员",
        "out_trade_no": "pap00001",
        "total_fee": 12,
        "spbill_create_ip": "8.8.8.8",
        "notify_url": receiver.url,
        "trade_type": "PAP",
        "contract_id": output["contract_id"],
    }
    assert merchant.v2("/pay/pappayapply", taken).xml["result_code"] == "SUCCESS"
    assert sandbox.callbacks.wait()
    notice = receiver.xml()
    assert (notice["trade_type"], notice["total_fee"], notice["openid"]) == ("PAP", "12", output["openid"])
    assert (notice["trade_state"], notice["contract_id"]) == ("SUCCESS", output["contract_id"])
    paid = merchant.v2("/pay/paporderquery", {"appid": "wx1", "out_trade_no": "pap00001"}).xml
    assert (paid["trade_state"], paid["trade_type"]) == ("SUCCESS", "PAP")

    by_id = {"appid": "wx1", "contract_id": output["contract_id"], "contract_termination_remark": "x", "version": "1.0"}
    assert merchant.v2("/papay/deletecontract", by_id, nonce=False).xml["contract_code"] == CODE
    assert sandbox.callbacks.wait()
    notice = receiver.xml()
    assert (notice["change_type"], notice["contract_termination_mode"]) == ("DELETE", "3")
    assert merchant.v2("/papay/deletecontract", by_id, nonce=False).xml["err_code"] == "INVALID_REQUEST"
    assert merchant.v2("/pay/pappayapply", {**taken, "out_trade_no": "pap2"}).xml["err_code"] == "INVALID_REQUEST"


@pytest.mark.parametrize("version", ["v3", "v2"])
def test_who_pays_an_order_with_a_contract_signs_it_too(
    sandbox: Sandbox, merchant: Any, receiver: Any, version: str
) -> None:
    receiver.default = (200, b"<xml><return_code>SUCCESS</return_code></xml>")
    mchid, appid = merchant.account.mchid, merchant.account.appid
    contract = {
        "plan_id": "12535",
        "contract_mchid": mchid,
        "contract_appid": appid,
        "contract_code": CODE,
        "request_serial": "1000",
        "contract_display_account": "张三",
        "contract_notify_url": receiver.url,
    }
    order = {"appid": appid, "out_trade_no": "both0001", "notify_url": receiver.url}
    if version == "v3":
        sent = {**order, "mchid": mchid, "description": "x", "amount": {"total": 5}, "contract_info": contract}
        assert merchant.post("/v3/pay/transactions/app-with-contract", sent).data["prepay_id"]
    else:
        sent = {**order, **contract, "body": "x", "total_fee": 5, "spbill_create_ip": "1.1.1.1", "trade_type": "APP"}
        assert merchant.v2("/pay/contractorder", sent).xml["prepay_id"]
    openid = sandbox.pay("both0001")[0]["openid"]
    assert sandbox.callbacks.wait()
    assert len(receiver.received) == 2
    output = query(merchant).data
    assert (output["contract_state"], output["openid"]) == ("SIGNED", openid)


# schools


def test_a_school_deducts_what_a_user_agreed_to(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    base, openid = "/v3/edu-papay", "oUpF8uMuAJOM2pxb1Q"
    sandbox.notify_at(receiver.url)
    # https://pay.weixin.qq.com/doc/v3/merchant/4012522560
    sent = {"appid": "wx8888888888888888", "openid": openid, "plan_id": "101164396123311331", "user_id": "20200330tony"}
    sent |= {"period_start_date": "2020-03-19", "trade_scene": "EDUCATION_PERIOD"}
    assert merchant.post(f"{base}/contracts/presign", sent).data["presign_token"]
    listing = f"{base}/user/{openid}/contracts?appid=wx8888888888888888&plan_id=101164396123311331"
    assert merchant.get(listing).data["total_count"] == 0
    sandbox.sign_contract("101164396123311331-20200330tony")
    assert sandbox.callbacks.wait()
    envelope, content = receiver.opened(sandbox)
    contract = content["contract_information"]["contract_id"]
    assert (envelope["event_type"], content["contract_information"]["contract_status"]) == ("ENTRUST.SIGNING", "ADD")
    (found,) = merchant.get(listing + "&contract_status=ADD").data["data"]
    assert found["contract_information"]["contract_id"] == contract
    assert merchant.get(f"{base}/contracts/id/{contract}?appid=wx1").data["openid"] == openid
    assert merchant.post(f"{base}/user-notifications/{contract}/send", {"appid": "wx1"}).status == 204

    def taken(number: str, **more: Any) -> Any:
        deduction = {
            "appid": "wx8888888888888888",
            "body": "新东方-语文课程",
            "out_trade_no": number,
            "notify_url": "http://127.0.0.1:9/",
            "contract_id": contract,
            "trade_scene": "EDUCATION_PERIOD",
            "amount": {"total": 888, "currency": "CNY"},
            "device_information": {"device_ip": "123.12.12.123"},
        }
        return merchant.post(f"{base}/transactions", {**deduction, **more})

    sandbox.actions["refuse_deduction"](contract)
    for number, state in (("edu00001", "PAY_FAIL"), ("edu00002", "SUCCESS")):
        assert taken(number).status == 204
        told = merchant.get(f"{base}/transactions/out-trade-no/{number}").data
        assert (told["trade_state"], told["payer"]["openid"]) == (state, openid)
    assert merchant.get(f"{base}/transactions/id/{told['transaction_id']}").data == told
    assert taken("edu00003", sub_mchid="1900000109").status == 204
    assert merchant.get(f"{base}/transactions/out-trade-no/edu00003?sub_mchid=1900000109").status == 200
    order = {"appid": merchant.account.appid, "mchid": merchant.account.mchid, "description": "x"}
    order |= {"out_trade_no": "order001", "notify_url": "http://127.0.0.1:9/"}
    merchant.post("/v3/pay/transactions/native", {**order, "amount": {"total": 1, "currency": "CNY"}})
    assert merchant.get(f"{base}/transactions/out-trade-no/order001").data["code"] == "ORDER_NOT_EXIST"
    assert merchant.call("DELETE", f"{base}/contracts/{contract}").status == 204
    assert merchant.get(listing + "&contract_status=ADD").data["total_count"] == 0
    assert taken("edu00004").data["code"] == "INVALID_REQUEST"
    assert sandbox.callbacks.wait()
    events = [receiver.opened(sandbox, index)[0]["event_type"] for index in range(len(receiver.received))]
    assert sorted(events) == ["ENTRUST.RELEASE", "ENTRUST.SIGNING"]
    sandbox.notify_at(None)


# insurance


def test_premiums_are_taken_period_by_period(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.context.automatic = frozenset({"sign"})
    period = {
        "policy_period_id": 1,
        "estimated_deduct_date": "2025-02-01",
        "estimated_deduct_amount": {"total": 100, "currency": "CNY"},
    }
    sent = {
        "appid": "wx1",
        "openid": "opremium",
        "plan_id": 1,
        "out_contract_code": CODE,
        "insured_display_name": "张*",
        "contract_notify_url": receiver.url,
        "policy_start_date": "2025-01-01",
        "policy_end_date": "2025-12-31",
        "policy_periods": [period],
        "out_user_code": "u",
        "transaction_notify_url": receiver.url,
        "can_renew": True,
        "deduct_duration": {"count": 5, "unit": "DAY"},
    }
    known = {each.name for each in merchant_fields("POST v3/papay/insurance-sign/contracts/pre-entrust-sign/jsapi")}
    answer = merchant.post(
        "/v3/papay/insurance-sign/contracts/pre-entrust-sign/jsapi",
        {name: value for name, value in sent.items() if name in known},
    )
    assert answer.status == 200, answer.data
    assert sandbox.callbacks.wait()
    contract = sandbox.store.entry("insurance contract", CODE)["contract"]["contract_id"]
    one = f"/v3/papay/insurance-pay/policy-periods/contract-id/{contract}/policy-period-id"
    assert merchant.get(f"{one}/1").data["policy_period_state"] == "NO_SCHEDULED"
    amount = {"appid": "wx1", "scheduled_amount": {"total": 100, "currency": "CNY"}}
    assert merchant.post(f"{one}/1/schedule", amount).data["policy_period_state"] == "SCHEDULED"
    assert merchant.get(f"{one}/1").data["scheduled_amount"]["total"] == 100
    assert merchant.get(f"{one}/2").data["code"] == "RESOURCE_NOT_EXISTS"
    taken = deducted(receiver.url, contract, policy_period_id=1)
    less = {**taken, "amount": {"total": 99, "currency": "CNY"}}
    assert merchant.post("/v3/papay/insurance-pay/transactions/apply", less).data["code"] == "INVALID_REQUEST"
    sandbox.actions["refuse_deduction"](CODE)
    failing = {**taken, "out_trade_no": "deduct00"}
    assert merchant.post("/v3/papay/insurance-pay/transactions/apply", failing).data["out_trade_no"] == "deduct00"
    assert merchant.get(f"{one}/1").data["policy_period_state"] == "SCHEDULED"
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[0]["event_type"] == "TRANSACTION.FAIL"
    assert merchant.post("/v3/papay/insurance-pay/transactions/apply", taken).data["out_trade_no"] == "deduct01"
    assert merchant.get(f"{one}/1").data["policy_period_state"] == "PAID"
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert (envelope["event_type"], resource["payer"]["openid"]) == ("TRANSACTION.SUCCESS", "opremium")
    assert (
        merchant.post("/v3/papay/insurance-pay/transactions/apply", {**taken, "out_trade_no": "deduct02"})
        .data["message"]
        .startswith("该扣费期已扣款成功: 扣费期 1，")
    )
    assert merchant.post(f"{one}/1/schedule", amount).data["code"] == "INVALID_REQUEST"
    assert sandbox.store.get("order", "deduct02") is None

    more = {
        "appid": "wx1",
        "policy_periods": [{**period, "policy_period_id": 2, "estimated_deduct_date": "2026-02-01"}],
    }
    renew = f"/v3/papay/insurance-sign/contracts/plan-id/1/contract-id/{contract}/renew"
    assert merchant.post(renew, more).status == 204
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert (envelope["event_type"], resource["contract_expired_time"][:10]) == ("INSURANCE_ENTRUST.RENEW", "2026-02-01")
    assert merchant.get(f"{one}/2").data["policy_period_id"] == 2
    sandbox.terminate_contract(CODE)
    assert merchant.post(renew, more).data["code"] == "INVALID_REQUEST"


def merchant_fields(key: str) -> Any:
    from wechatpay import catalogue

    operation = catalogue.operation(key)
    assert operation is not None
    return operation.request.json


# transfers


BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
ALLOWING = "/v3/fund-app/mch-transfer/user-confirm-authorization"
REPORTED = [
    {"info_type": "活动名称", "info_content": "新会员有礼"},
    {"info_type": "奖励说明", "info_content": "一等奖"},
]


def test_a_user_allows_transfers_and_takes_that_back(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sent = {
        "out_authorization_no": "A1",
        "appid": "wx1",
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "transfer_scene_id": "1000",
        "user_display_name": "张*",
        "authorization_notify_url": receiver.url,
    }
    assert merchant.get(f"{ALLOWING}/out-authorization-no/A1").data["code"] == "NOT_FOUND"
    for _ in range(2):
        assert merchant.post(ALLOWING, sent).data["state"] == "WAIT_USER_CONFIRM"
    assert merchant.post(ALLOWING, {**sent, "openid": "o-MYE42l80oelYMDE34nYD456Xoy"}).data["code"] == "INVALID_REQUEST"
    output = merchant.get(f"{ALLOWING}/out-authorization-no/A1").data
    assert "authorization_id" not in output
    assert output["package_info"]
    end = f"{ALLOWING}/out-authorization-no/A1/close"
    assert merchant.post(end).data["code"] == "INVALID_REQUEST"
    paying = {
        "appid": "wx1",
        "out_bill_no": "B1",
        "transfer_amount": 50,
        "transfer_remark": "x",
        "transfer_scene_id": "1000",
        "transfer_scene_report_infos": REPORTED,
        "out_authorization_no": "A1",
    }
    assert merchant.post(f"{BILLS}/transfer", paying).data["code"] == "INVALID_REQUEST"
    sandbox.confirm_authorization("A1")
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert envelope["event_type"] == "MCHTRANSFER.AUTHORIZATION.CONFIRMED"
    assert resource["state"] == "TAKING_EFFECT"
    assert merchant.get(f"{ALLOWING}/out-authorization-no/A1").data["authorization_id"] == resource["authorization_id"]
    assert merchant.post(f"{BILLS}/transfer", paying).data["state"] == "PROCESSING"
    assert merchant.get(f"{BILLS}/out-bill-no/B1").data["state"] == "SUCCESS"
    assert merchant.post(end).data["close_info"]["close_reason"] == "CLOSE_VIA_MCH_API"
    assert sandbox.callbacks.wait()
    assert receiver.opened(sandbox)[0]["event_type"] == "MCHTRANSFER.AUTHORIZATION.CLOSED"
    with pytest.raises(ValueError, match="is CLOSED, not TAKING_EFFECT"):
        sandbox.close_authorization("A1")


def test_a_transfer_may_bring_its_authorization(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.context.automatic = frozenset({"confirm"})
    sent = {
        "appid": "wx1",
        "out_bill_no": "B1",
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "transfer_amount": 50,
        "transfer_remark": "x",
        "notify_url": receiver.url,
        "transfer_scene_id": "1000",
        "transfer_scene_report_infos": REPORTED,
        "authorization_info": {
            "user_display_name": "张*",
            "out_authorization_no": "A1",
            "authorization_notify_url": receiver.url,
        },
    }
    assert merchant.post(f"{BILLS}/pre-transfer-with-authorization", sent).data["out_authorization_no"] == "A1"
    assert sandbox.callbacks.wait()
    types = {receiver.opened(sandbox, index)[0]["event_type"] for index in range(2)}
    assert types == {"MCHTRANSFER.BILL.FINISHED", "MCHTRANSFER.AUTHORIZATION.CONFIRMED"}
    asking = {
        "out_authorization_no": "A2",
        "appid": "wx1",
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "transfer_scene_id": "1000",
        "user_display_name": "张*",
        "authorization_notify_url": receiver.url,
    }
    merchant.post(ALLOWING, asking)
    assert merchant.get(f"{ALLOWING}/out-authorization-no/A2").data["state"] == "TAKING_EFFECT"


def test_a_transfer_to_another_wallet(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    base = "/v3/fund-app/mch-transfer/transfer-to-qq-wallet-bills"
    sent = {
        "appid": "wx1",
        "out_bill_no": "Q1",
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "transfer_amount": 50,
        "transfer_remark": "x",
        "notify_url": receiver.url,
        "transfer_scene_id": "1401",
        "transfer_scene_report_infos": [{"info_type": "a", "info_content": "b"}],
    }
    assert merchant.post(base, sent).data["state"] == "WAIT_USER_CONFIRM"
    assert merchant.get(f"{base}/Q1").data["transfer_amount"] == 50
    assert merchant.post(f"{base}/Q1/cancel").data["state"] == "CANCELING"
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert (envelope["event_type"], resource["state"]) == ("MCHTRANSFER.QQWALLETBILL.FINISHED", "CANCELLED")


def test_a_batch_that_is_done_is_notified_once(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sent = {
        "appid": "wx1",
        "out_batch_no": "batch001",
        "batch_name": "x",
        "batch_remark": "x",
        "total_amount": 30,
        "total_num": 1,
        "transfer_detail_list": [
            {
                "out_detail_no": "x1",
                "transfer_amount": 30,
                "transfer_remark": "x",
                "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
                "user_name": merchant.encrypt("张三"),
            }
        ],
        "transfer_scene_id": "1000",
        "notify_url": receiver.url,
    }
    for _ in range(2):
        assert merchant.post("/v3/transfer/batches", sent).status == 200
    assert sandbox.callbacks.wait()
    assert len(receiver.received) == 1
    envelope, resource = receiver.opened(sandbox)
    assert envelope["event_type"] == "MCHTRANSFER.BATCH.FINISHED"
    assert (resource["success_num"], resource["success_amount"]) == (1, 30)


# what no request names a place for


def test_profit_sharing_is_notified_where_the_console_says(tmp_path: Path, new_merchant: Any, receiver: Any) -> None:
    data = tmp_path / "sandbox.db"
    with Sandbox(data=data, notify_url=receiver.url) as sandbox:
        merchant = new_merchant(sandbox)
        order = {
            "appid": merchant.account.appid,
            "mchid": merchant.account.mchid,
            "description": "x",
            "out_trade_no": "order001",
            "notify_url": "http://elsewhere.example/",
            "amount": {"total": 1000},
            "settle_info": {"profit_sharing": True},
        }
        merchant.post("/v3/pay/transactions/native", order)
        for account in ("86693851", "86693852"):
            who = {"appid": "wx1", "type": "MERCHANT_ID", "account": account, "relation_type": "STORE"}
            merchant.post("/v3/profitsharing/receivers/add", who)
        transaction = sandbox.pay("order001")[0]["transaction_id"]
        sandbox.clock.advance(minutes=1)
        parts = [
            {"type": "MERCHANT_ID", "account": f"8669385{number}", "amount": number, "description": "分"}
            for number in (1, 2)
        ]
        sent = {"transaction_id": transaction, "out_order_no": "P1", "receivers": parts, "unfreeze_unsplit": False}
        assert merchant.post("/v3/profitsharing/orders", {"appid": "wx1", **sent}).status == 200
        assert sandbox.callbacks.wait()
        output = [receiver.opened(sandbox, index) for index in range(2)]
        assert {envelope["event_type"] for envelope, _ in output} == {"PROFITSHARING.SUCCESS"}
        assert sorted(resource["receiver"]["amount"] for _, resource in output) == [1, 2]
        assert {resource["mchid"] for _, resource in output} == {merchant.account.mchid}
        back = {
            "out_order_no": "P1",
            "out_return_no": "R1",
            "return_mchid": "86693852",
            "amount": 3,
            "description": "x",
        }
        assert merchant.post("/v3/profitsharing/return-orders", back).data["code"] == "NOT_ENOUGH"
        assert merchant.post("/v3/profitsharing/return-orders", {**back, "amount": 2}).data["result"] == "SUCCESS"
        assert sandbox.callbacks.wait()
        envelope, resource = receiver.opened(sandbox)
        assert (envelope["event_type"], resource["receiver"]["account"]) == ("PROFITSHARING.RETURN", "86693852")
        more = {**back, "out_return_no": "R2", "amount": 1}
        assert merchant.post("/v3/profitsharing/return-orders", more).data["code"] == "NOT_ENOUGH"
        refund = {
            "out_trade_no": "order001",
            "out_refund_no": "r1",
            "amount": {"refund": 1, "total": 1000, "currency": "CNY"},
        }
        receiver.default = (200, b"<xml><return_code>SUCCESS</return_code></xml>")
        assert merchant.post("/v3/refund/domestic/refunds", refund).status == 200
        assert sandbox.callbacks.wait()
        assert b"<req_info>" in receiver.received[-1][1]  # of v3, too, without a notify_url of its own
    with Sandbox(data=data) as sandbox:
        assert sandbox.context.notify_url == receiver.url
        sandbox.notify_at(None)
        assert sandbox.context.notify_url is None
        sandbox.actions["notify_at"](receiver.url)
        sandbox.reset()
        assert sandbox.context.notify_url is None
