import json
from collections import Counter
from pathlib import Path

import pytest

from chainable.describe import Glossary, Meaning
from chainable.errors import ConfigurationError
from taobao_top.catalogue import method
from taobao_top.describe import glossary as top_glossary
from wechatpay import catalogue
from wechatpay.describe import glossary

ROOT = Path(__file__).parents[2]


def test_meanings_are_found_by_name(tmp_path):
    path = tmp_path / "glossary.json"
    path.write_text('{"meanings": {"a": ["甲", "first"]}, "prominent": ["k"]}', "utf-8")
    made = Glossary(path)
    assert made["a"] == Meaning("甲", "first")
    assert made["b"] is None
    assert made.prominent == {"k"}


@pytest.mark.parametrize("content", [None, "{"])
def test_an_unreadable_file_is_reported(tmp_path, content):
    path = tmp_path / "glossary.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match="reinstall"):
        Glossary(path)["a"]


def all_fields():
    def walk(fields):
        for field in fields or ():
            yield field.name
            yield from walk(field.fields)

    for operation in catalogue.operations():
        request = operation.request
        for place in (request.path, request.query, request.headers, request.json, request.xml, request.multipart):
            yield from walk(place)
        yield from walk(operation.response.fields)
    for event in catalogue.events():
        yield from walk(event.fields)
        yield from walk(event.resource)


def test_the_600_most_frequent_names_and_78_percent_of_all_fields_have_a_meaning():
    counted = Counter(all_fields())
    frequent = [name for name, _ in counted.most_common(600)]
    assert [name for name in frequent if glossary[name] is None] == []
    covered = sum(count for name, count in counted.items() if glossary[name])
    assert covered / counted.total() >= 0.78
    assert [name for name in glossary.meanings if name not in counted] == []


@pytest.mark.parametrize(
    "key",
    ["POST v3/hire-power-bank/insurance-orders", "POST v3/papay/insurance-sign/contracts/pre-entrust-sign/jsapi"],
)
def test_the_documents_the_project_started_from_are_explained_whole(key):
    operation = catalogue.operation(key)

    def unexplained(fields):
        for field in fields:
            if glossary[field.name] is None:
                yield field.name
            yield from unexplained(field.fields)

    assert list(unexplained(operation.request.json)) == []
    assert list(unexplained(operation.response.fields)) == []


def test_the_insurance_order_of_top_is_explained_whole():
    def unexplained(params):
        for param in params:
            if top_glossary[param.name] is None:
                yield param.name
            yield from unexplained(param.fields)

    found = method("alibaba.finance.insurance.createorder")
    assert list(unexplained(found.params + found.response)) == []


@pytest.mark.parametrize("made", [glossary, top_glossary])
def test_meanings_are_short(made):
    for name, (zh, en) in made.meanings.items():
        assert 0 < len(zh) <= 30, name
        assert 0 < len(en.split()) <= 15, name


def test_prominent_operations_exist():
    assert all(map(catalogue.operation, glossary.prominent))
    assert all(map(method, top_glossary.prominent))


def test_the_compact_glossaries_are_those_of_the_source(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import build_glossary

    assert build_glossary.main(["--check"]) == 0


def test_an_entry_given_twice_is_refused(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import build_glossary

    (tmp_path / "p").mkdir()
    for name in ("one", "two"):
        (tmp_path / "p" / f"{name}.yaml").write_text("a: {zh: 甲, en: first}\n", "utf-8")
    with pytest.raises(ValueError, match="two entries"):
        build_glossary.glossary("p", tmp_path)


def test_a_changed_glossary_is_written_or_reported(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import build_glossary

    for package in ("wechatpay", "taobao_top"):
        (tmp_path / package / "describe").mkdir(parents=True)
    assert build_glossary.main(["--check"], tmp_path) == 1
    assert "would change" in capsys.readouterr().out
    assert build_glossary.main([], tmp_path) == 0
    assert build_glossary.main(["--check"], tmp_path) == 0
    written = json.loads((tmp_path / "wechatpay/describe/glossary.json").read_text("utf-8"))
    assert written["meanings"]["out_trade_no"] == glossary.meanings["out_trade_no"]
