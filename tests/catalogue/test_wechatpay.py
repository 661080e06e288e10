from __future__ import annotations

import subprocess
import sys

import pytest

from chainable.errors import ConfigurationError
from chainable.record_file import encode_records
from wechatpay import catalogue
from wechatpay.catalogue import CatalogueNode, fields

ORDERS = "POST v3/hire-power-bank/insurance-orders"


def below(path):
    branch = catalogue.tree()
    for segment in path.split("/"):
        branch = dict(branch.variables)[segment[1:-1]] if segment[:1] == "{" else branch.literal(segment)
    return branch


def test_a_branch_answers_to_every_spelling():
    ((spelling, branch),) = below("v3").matching("hirepowerbank")
    assert (spelling, branch.path, repr(branch)) == (
        "hire-power-bank",
        "v3/hire-power-bank",
        "CatalogueNode('v3/hire-power-bank')",
    )
    assert branch.matching("insuranceorders")[0][1] is branch.literal("insurance-orders")
    assert branch.literal("insurance_orders") is None
    assert branch.matching("unknown") == ()
    assert below("v3").matching("unknown") == ()
    assert branch.literal("insurance-orders").verbs == {"POST": ORDERS}


def test_two_spellings_of_one_name_are_both_given():
    found = dict(below("v3/papay/insurance-sign").matching("policyperiods"))
    assert set(found) == {"policy-periods", "policy_periods"}


def test_a_trailing_slash_is_an_empty_segment():
    (slash,) = below("v3/ecommerce/applyments").matching("")
    assert slash[0] == ""
    assert slash[1].verbs == {"POST": "POST v3/ecommerce/applyments/"}


def test_variables_have_their_official_names_and_the_verbs_below():
    names = [name for name, _ in below("v3/refund/domestic/refunds").variables]
    assert sorted(names) == ["out_refund_no", "refund_id"]
    assert below("v3/refund/domestic/refunds/{out_refund_no}").verbs == {
        "GET": "GET v3/refund/domestic/refunds/{out_refund_no}"
    }
    assert below("v3/refund/domestic/refunds/{refund_id}").verbs == {}


def test_the_only_value_of_a_variable_counts_as_a_literal():
    branch = below("v2/secapi/mch")
    ((spelling, child),) = branch.matching("addinstitutionsub")
    assert spelling == "addInstitutionsub"
    assert child is dict(branch.variables)["addinstitutionsub"]
    assert branch.literal("addInstitutionsub") is child
    assert "addInstitutionsub" not in branch.literals


def test_all_literals_of_a_branch_can_be_listed():
    assert catalogue.tree().literals == ("v2", "v3")
    assert {"pay", "hire-power-bank", "mch_operate"} <= set(below("v3").literals)
    assert below("v3/hire-power-bank").literals == ("insurance-orders", "user-qualifications")
    assert below("v3/hire-power-bank/insurance-orders/{out_order_no}").literals == ()


def test_what_a_branch_keeps_does_not_grow_with_what_is_asked():
    branch = below("v3/pay")
    kept = dict(branch._matching)
    for number in range(100):
        branch.matching(f"unknown{number}")
        assert catalogue.operation(f"GET v3/unknown/{number}") is None
        assert catalogue.event(f"UNKNOWN.{number}") is None
    assert branch._matching == kept
    assert not any("unknown" in key.lower() for key in {**catalogue._operations, **catalogue._events})


def test_an_operation_is_one_object():
    operation = catalogue.operation(ORDERS)
    assert operation is catalogue.operation(ORDERS)
    assert repr(operation) == f"Operation({ORDERS!r})"
    assert (operation.title, operation.method, operation.body, operation.answer) == (
        "创建保险订单",
        "POST",
        "json",
        "json",
    )
    assert [field.name for field in operation.request.json if field.required] == [
        "out_order_no",
        "openid",
        "notify_url",
        "service_id",
    ]


def test_operations_cannot_be_changed():
    operation = catalogue.operation(ORDERS)
    with pytest.raises(AttributeError, match="Operation cannot be changed"):
        operation.mtls = True
    with pytest.raises(AttributeError, match="Upload cannot be changed"):
        catalogue.operation("POST v3/merchant/media/upload").upload.file = "x"
    assert operation.mtls is False


def test_encrypted_fields_are_found_by_place_and_name():
    native = catalogue.operation("POST v3/pay/transactions/native")
    assert native.encrypted_fields == {"json": {"payer": {"identity": {"number": "rsa", "name": "rsa"}}}}
    assert native.integer_fields["json"]["amount"] == {"total": True}
    receipt = catalogue.operation("POST v3/marketing/shopping-receipt/shoppingreceipts")
    assert receipt.encrypted_fields == {"meta": {"merchant_contact_information": {"consultation_phone_number": "rsa"}}}
    order = catalogue.operation("POST v2/pay/unifiedorder")
    assert order.encoded_fields["xml"]["scene_info"] == "json"


def test_v3_and_v2_events_of_one_type_are_two():
    paid = catalogue.event("TRANSACTION.SUCCESS")
    assert (paid.version, paid.event_types) == ("v3", ("TRANSACTION.SUCCESS",))
    assert catalogue.event("TRANSACTION.SUCCESS", "v2").encryption == "aes-gcm"
    plain = catalogue.event("refund-processed", "v2")
    assert (plain.event_type, plain.event_types, plain.encrypted_field) == (None, (), "req_info")
    assert catalogue.event("PROFITSHARING.RETURN").event_types == ("PROFITSHARING.RETURN", "TRANSACTION.SUCCESS")


def test_the_classes_of_fields_are_there_when_asked_for():
    for name in ("Answer", "Event", "Field", "Request"):
        assert getattr(catalogue, name) is getattr(fields, name)
    with pytest.raises(AttributeError, match="no attribute 'Feild'"):
        catalogue.Feild


def test_a_damaged_catalogue_is_named(tmp_path, monkeypatch):
    from chainable.record_file import RecordFile

    monkeypatch.setattr(catalogue, "_index", RecordFile(tmp_path / "index.shelf"))
    with pytest.raises(ConfigurationError, match=r"index\.shelf cannot be read"):
        CatalogueNode("", None).matching("v3")
    monkeypatch.setattr(catalogue, "_root", CatalogueNode("", None))
    with pytest.raises(ConfigurationError, match="reinstall"):
        catalogue.tree()


def test_a_catalogue_that_misses_records_stops_nothing(tmp_path, monkeypatch):
    """Listed operations without a record are skipped; a missing part of the tree is unknown."""
    from chainable.record_file import RecordFile

    key = "GET v3/lost"
    tree = {"tree ": {"literals": {"v3": {"v3": 0}}}, "operations": [key], "events": [["v3", "LOST"]]}
    (tmp_path / "index").write_bytes(encode_records(tree, buckets=1))
    (tmp_path / "details").write_bytes(encode_records({}, buckets=1))
    monkeypatch.setattr(catalogue, "_index", RecordFile(tmp_path / "index"))
    monkeypatch.setattr(catalogue, "_details", RecordFile(tmp_path / "details"))
    monkeypatch.setattr(catalogue, "_operations", {})
    monkeypatch.setattr(catalogue, "_events", {})
    root = CatalogueNode("", None)
    assert root.matching("v3")[0][1].matching("pay") == ()
    assert list(catalogue.operations()) == list(catalogue.events()) == []
    lost = catalogue._made(key, {"title": "Lost"})
    assert (lost.request, lost.response, lost.docs) == (fields.Request(), fields.Answer("json"), ())


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
def test_importing_parses_nothing_and_needs_little(package):
    code = (
        "import sys; import chainable.path; before = set(sys.modules); "
        f"import {package}.catalogue as catalogue; "
        "assert catalogue._index._descriptor == catalogue._details._descriptor == -1; "
        "print(*sorted(set(sys.modules) - before))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"yaml", "importlib.resources", "wechatpay.catalogue.fields"}
    assert not heavy & set(found.stdout.split())
