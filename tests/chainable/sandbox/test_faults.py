"""The rules of a sandbox's faults, and the calls they apply to."""

from __future__ import annotations

import json
import re

import pytest
from attrs import field, frozen

from chainable.sandbox.conditions import read_conditions
from chainable.sandbox.faults import NOTIFICATION_KINDS, FaultRule, Faults


@frozen(kw_only=True)
class Fault(FaultRule):
    KINDS = {"error": "an error", "half_body": "half of the body", **NOTIFICATION_KINDS}
    PREVENTING = frozenset({"error"})
    PATTERN = "operation"

    kind: str
    operation: str | None = None
    times: int | None = None
    after: int = 0
    seconds: float = 0.0
    status: int = 0
    code: str | int = ""
    executed: bool | None = None
    match: dict[str, str] = field(factory=dict, converter=read_conditions)


@frozen(kw_only=True)
class Renamed(Fault):
    done: bool | None = field(default=None, eq=False)


class Rules(Faults):
    TYPE = Fault


@frozen(kw_only=True)
class Least(FaultRule):
    KINDS = {"error": "an error"}
    PREVENTING = frozenset({"error"})
    PATTERN = "operation"

    operation: str | None = None


def faults(*rules):
    return Rules(rules)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "no_such"}, "kind: 'no_such' is not a fault; choose one of error, half_body"),
        ({"times": 0}, "times: 1 or more"),
        ({"after": -1}, "after: 0 or more"),
        ({"status": 600}, "status: 200 to 599"),
        ({"seconds": float("nan")}, "seconds: 0 to 3600"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Fault(**{"kind": "error", **settings})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "eror"}, "'eror' is not a fault; did you mean 'error'?"),
        (
            {"kind": "lost", "operation": "GET *"},
            "operation: lost concerns notifications, whose names begin with 'notify '",
        ),
        (
            {"kind": "error", "operation": "notify A"},
            "kind: a notification can be lost, late, doubled, out_of_order, not",
        ),
        ({"kind": "error", "match": "no condition"}, "match: 'no condition'"),
    ],
)
def test_a_slip_is_refused_with_what_was_meant(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Fault(**settings)
    with pytest.raises(ValueError, match=re.escape(message)):
        Fault.read(settings)


def test_an_unknown_setting_is_refused_with_what_was_meant():
    with pytest.raises(ValueError, match="a fault has no 'operatoin'; did you mean 'operation'?"):
        Fault.read({"kind": "error", "operatoin": "*"})


def test_a_rule_that_asks_for_values_counts_those_requests_only():
    rules = faults(Fault(kind="error", match={"out_refund_no": "R2"}, times=1))

    found = [
        rules.match(("POST refunds",), lambda number=number: {"out_refund_no": number}) for number in ("R1", "R2", "R2")
    ]

    assert [len(hits) for hits in found] == [0, 1, 0]
    assert rules.match(("POST refunds",)) == []


def test_faults_of_notifications_and_of_requests_keep_apart():
    rules = faults(Fault(kind="lost"), Fault(kind="error"), Fault(kind="late", operation="notify A.*"))

    assert [each.kind for each in rules.match(("GET a",))] == ["error"]
    assert [each.kind for each in rules.match(("notify A.B",), kinds=NOTIFICATION_KINDS)] == ["lost", "late"]
    assert rules.take("GET a").kind == "error"
    with pytest.raises(ValueError, match="lost concerns notifications: add it to the faults in force"):
        Fault.of_header("lost")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "a fault needs a kind"),
        ({"kind": "error", "colour": "red"}, "a fault has no 'colour'"),
        ({"kind": ["error"]}, r"kind: \['error'\] is not valid"),
        ({"kind": "error", "times": "often"}, "times: 'often' is not valid"),
        ({"kind": "error", "code": {}}, "code: {} is not valid"),
        ({"kind": "error", "operation": {}}, "operation: {} is not valid"),
    ],
)
def test_members_of_a_wrong_name_or_type_are_refused(members, message):
    with pytest.raises(ValueError, match=message):
        Fault.read(members)


def test_a_fault_is_read_from_a_header():
    assert Fault.of_header("error; code=NO_AUTH").code == "NO_AUTH"
    assert Fault.of_header("error; times=2; executed=false; seconds=0.5;") == Fault(
        kind="error", times=2, executed=False, seconds=0.5
    )


def test_none_stands_for_the_default_of_a_number():
    assert Fault.read({"kind": "error", "times": None, "executed": None}) == Fault(kind="error")


def test_old_names_are_deprecated():
    with pytest.warns(DeprecationWarning, match="'half' is deprecated: use 'half_body'"):
        assert Fault(kind="half") == Fault(kind="half_body")
    with pytest.warns(DeprecationWarning, match="done is deprecated: use executed"):
        assert Renamed(kind="error", done=True) == Renamed(kind="error", executed=True)
    assert Fault.read({"kind": "error", "done": "false"}) == Fault(kind="error", executed=False)


def test_a_call_takes_effect_by_the_kind_or_as_the_rule_says():
    assert [Fault(kind=kind).takes_effect for kind in ("error", "half_body")] == [False, True]
    assert Fault(kind="error", executed=True).takes_effect


def test_all_matching_rules_apply_and_are_counted():
    rules = faults(Fault(kind="error", operation="GET *", after=1, times=1), Fault(kind="half_body"))

    found = [[fault.kind for fault in rules.match([name])] for name in ("GET a", "POST a", "GET a", "GET a")]

    assert found == [["half_body"], ["half_body"], ["error", "half_body"], ["half_body"]]
    assert [hits for _, hits in rules.hits()] == [1, 4]
    assert [fault.kind for fault in rules] == ["half_body"]
    assert faults().match(["GET a"]) == []


def test_the_first_matching_rule_is_taken_and_removed_once_it_is_used_up():
    rules = faults(Fault(kind="error", operation="a.b", times=2), Fault(kind="half_body", operation="a.*", after=1))

    taken = [rules.take("a.b", Fault.KINDS) for _ in range(4)]

    assert [fault and fault.kind for fault in taken] == ["error", "error", None, "half_body"]
    assert len(rules) == 1
    assert rules.take("x", Fault.KINDS) is None
    assert rules.take("a.b", {"error"}) is None


def test_a_rule_is_removed_by_its_members_while_it_counts_down():
    rules = faults(Fault(kind="error", times=3, after=1), Fault(kind="error"))
    for _ in range(2):
        rules.match(["a"])
    for other in (Fault(kind="error", times=1), Fault(kind="error", status=500), Fault(kind="half_body", times=3)):
        with pytest.raises(LookupError, match="removed or used up"):
            rules.discard(other)

    rules.discard(Fault(kind="error", times=3))

    assert list(rules) == [Fault(kind="error")]


def test_equal_rules_are_distinguished_by_their_count():
    rules = faults(Fault(kind="error", times=1), Fault(kind="error", times=1))
    rules.take("a", {"half_body"})
    rules.match(["a"])
    rules.add("error", times=1)

    rules.discard(Fault(kind="error", times=1), hits=0)

    assert [hits for _, hits in rules.hits()] == [1, 1]
    with pytest.raises(LookupError, match="removed or used up"):
        rules.discard(Fault(kind="half_body"))


def test_rules_are_added_changed_removed_and_loaded(tmp_path):
    rules = faults()
    rules.add(Fault(kind="error"), operation="a")
    rules.add("half_body")
    rules.remove(0)
    assert list(rules) == [Fault(kind="half_body")]
    rules.clear()
    file = tmp_path / "rules.json"
    for wrong in ({"kind": "error"}, ["error"], [{"kind": "error"}, {"kind": "no_such"}]):
        file.write_text(json.dumps(wrong))
        with pytest.raises(ValueError, match=r"a list of objects|no_such"):
            rules.load(file)
    assert len(rules) == 0
    file.write_text(json.dumps([{"kind": "error", "times": "2"}]))
    rules.load(file)
    assert list(rules) == [Fault(kind="error", times=2)]


def test_what_every_rule_has_is_inherited():
    rule = Least(kind="error")
    assert (rule.times, rule.after, rule.seconds, rule.status, rule.executed, rule.match) == (1, 0, 0.0, 0, None, {})
    assert Least.read({"kind": "error", "times": 2, "match": {"a": "b"}}) == Least(
        kind="error", times=2, match={"a": "b"}
    )
