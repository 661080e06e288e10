"""A call that arrived, written as Python; the Python is run."""

import json

import pytest

from taobao_top import catalogue
from taobao_top.sandbox.inspector.python_source import LONGEST, spelled
from taobao_top.sandbox.journal import Entry

NAMES = ["同步纯链式", "同步声明式", "同步属性式", "异步纯链式", "异步声明式", "异步属性式"]
TIME = "taobao.time.get"


@pytest.fixture
def top(sandbox):
    return sandbox.client()


def forms_of(entry):
    return spelled(entry, catalogue.method(entry.method or ""))


def all_forms(sandbox, top, entry, **names):
    """Run each form as a user would paste it, in a program where ``top`` is there; the calls that they made."""
    forms = forms_of(entry)
    assert [form.name for form in forms] == NAMES
    made = []
    for form in forms:
        exec(compile(form.code, "pasted", "exec"), {"top": top, "print": str, **names})
        made.append(sandbox.journal[-1])
    assert all(each.verified and each.method == entry.method for each in made)
    return made


def business(entry):
    public = ("method", "app_key", "session", "timestamp", "v", "sign_method", "sign", "format", "simplify")
    return {name: value for name, value in entry.parameters.items() if name not in public}


def test_the_six_forms_send_the_same_again(sandbox, top):
    sandbox.trades.add(1)
    top.taobao.trades.sold.get(fields="tid,status", page_no=1, use_has_next=True, status='it\'s "quoted" 值')
    entry = sandbox.journal[-1]
    code = forms_of(entry)[0].code
    assert "page_no=1" in code
    assert "use_has_next=True" in code
    for made in all_forms(sandbox, top, entry):
        assert business(made) == business(entry)


def test_objects_are_written_as_such(sandbox, top):
    from decimal import Decimal

    query = [{"oaid": "a", "tid": "1", "scene": "1001"}]
    top.taobao.top.oaid.decrypt(query_list=query)
    entry = sandbox.journal[-1]
    assert "'oaid': 'a'" in forms_of(entry)[0].code
    for made in all_forms(sandbox, top, entry):
        assert json.loads(made.parameters["query_list"]) == query
    top.taobao.top.oaid.decrypt(query_list=[{**query[0], "more": Decimal("1.50")}])
    entry = sandbox.journal[-1]
    assert "Decimal('1.50')" in forms_of(entry)[0].code
    for made in all_forms(sandbox, top, entry):
        assert business(made) == business(entry)


def test_names_that_are_not_keywords_go_into_a_mapping(sandbox, top, call):
    call.raw(TIME, **{"class": "1", "timeout": "2", "a b": "3"})
    entry = sandbox.journal[-1]
    for made in all_forms(sandbox, top, entry):
        assert business(made) == business(entry)


def test_values_that_are_written_oddly_stay_text(sandbox, call):
    call.raw("taobao.trades.sold.get", fields="tid", page_no="01", use_has_next="1")
    code = forms_of(sandbox.journal[-1])[0].code
    assert "page_no='01'" in code
    assert "use_has_next='1'" in code


def test_raw_bodies_come_first(sandbox, top, call):
    for given in ({}, {"memo": "1"}):
        call.raw(TIME, body=b'{"a": 1}', **given)
        entry = sandbox.journal[-1]
        for made in all_forms(sandbox, top, entry):
            assert (made.body, business(made)) == (entry.body, business(entry))


def test_files_are_opened_again(sandbox, top, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8")
    call.raw(
        "taobao.picture.upload", files={"img": ("a.jpg", b"\xff\xd8")}, session=sandbox.account.session,
        picture_category_id="0", image_input_title="a",
    )  # fmt: skip
    opened = []

    def remembered(*arguments):
        opened.append(open(*arguments))  # noqa: SIM115
        return opened[-1]

    for made in all_forms(sandbox, top, sandbox.journal[-1], open=remembered):
        assert made.files[0].content == b"\xff\xd8"
    for file in opened:
        file.close()


def test_where_the_values_cannot_be_read_the_catalogue_has_an_example():
    def made(**members):
        return Entry(number=1, kind="call", at=0.0, **members)

    for broken in ("{", "[" * 100_000, '[{"a": NaN}]'):
        entry = made(method="taobao.top.oaid.decrypt", parameters={"query_list": broken})
        assert "query_list=[" in forms_of(entry)[0].code
    long = b"x" * (LONGEST + 1)
    assert len(forms_of(made(method=TIME, body=long))) == 6
    assert forms_of(made(method="taobao.nothing.get", body=long)) == ()


def test_what_is_not_a_call_has_no_form():
    assert forms_of(Entry(number=1, kind="call", at=0.0)) == ()
    assert forms_of(Entry(number=1, kind="channel", at=0.0, method="pull")) == ()


@pytest.mark.parametrize("name", ["start_creatd", "start.created"])
def test_parameters_that_the_catalogue_lacks_are_sent_again(call, sandbox, top, name):
    call("taobao.trades.sold.get", fields="tid", session=sandbox.account.session, **{name: "x"})

    for made in all_forms(sandbox, top, sandbox.journal[-1]):
        assert made.parameters[name] == "x"
    assert "unknown=True" in forms_of(sandbox.journal[-1])[0].code
