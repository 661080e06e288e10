"""What the catalogue knows, written as pages and metadata in the public forms, is read back as it is."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from tests.catalogue import documentation_pages
from tools import source
from tools.import_catalogue import checkout, command, differences, events, metadata, records
from tools.import_catalogue.problems import Problems

pytestmark = pytest.mark.xdist_group("source")  # read it once


@pytest.fixture(scope="module")
def pages(given, given_events, tmp_path_factory):
    """The folder of the pages of all operations and events."""
    root = tmp_path_factory.mktemp("pages")
    documentation_pages.write(root, documentation_pages.operation_pages(given))
    made = {f"webhook/{version}/{name}.md": (version, record) for (version, name), record in given_events.items()}
    return documentation_pages.write(
        root, {file: documentation_pages.event_page(version, record) for file, (version, record) in made.items()}
    )


@pytest.fixture(scope="module")
def found(pages):
    problems = Problems()
    found = checkout.read(pages, problems)
    assert problems.found == []
    return found


def without_fractions(value):
    """Return a record with all numbers whole: pages call both ``number``, the catalogue has decided which are not."""
    if isinstance(value, dict):
        return {name: without_fractions(inner) for name, inner in value.items()}
    return {"number": "integer", "number[]": "integer[]"}.get(value, value) if isinstance(value, str) else value


def test_every_operation_is_read_from_its_page_as_it_is(given, found):
    assert len(found.operations) == len(given) == 1147
    for key, record in given.items():
        assert list(differences.compare(key, record, found.operations[key])) == []
        new = records.normal_record(found.operations[key])
        assert without_fractions(new) == without_fractions(record), key
    assert list(differences.compare_all(given, found.operations)) == []


def test_every_event_is_read_from_its_page_as_it_is(given_events, found):
    ours = {f"{version} {name}": record for (version, name), record in given_events.items()}
    assert len(found.events) == len(ours) == 113
    assert list(differences.compare_all(ours, found.events, silent=events.SILENT)) == []


def document(name, record, examples="demoValue"):
    """Return a method as the documentation centre answers it."""

    def params(members):
        made = []
        for member, given in members.items():
            field = {"type": given} if isinstance(given, str) else given
            kind = field.get("type", "") + ("[]" if field.get("list") else "")
            one = {"name": member, "type": kind, "description": "说明"}
            one |= {"required": True} if field.get("required") else {}
            one |= {examples: field["example"]} if "example" in field else {}
            made.append(one | ({"subParams": params(field["fields"])} if "fields" in field else {}))
        return made

    made = {"name": name, "apiChineseName": record.get("title", name), "description": "说明"}
    return made | {
        "requestParams": params(record.get("params", {})),
        "responseParams": params(record.get("answer", {})),
    }


def test_every_method_is_read_from_its_document_as_it_is(given_methods, tmp_path):
    for group, methods in given_methods.items():
        folder = tmp_path / group
        folder.mkdir()
        (folder / "catelog.json").write_text(json.dumps({"pkg": group}), "utf-8")
        for name, record in methods.items():
            text = json.dumps({"success": True, "data": document(name, record)}, ensure_ascii=False)
            (folder / f"{name}.json").write_text(text, "utf-8")
    problems = Problems()
    found = metadata.read(tmp_path, problems)
    ours = {name: record for methods in given_methods.values() for name, record in methods.items()}
    assert (len(found.methods), problems.found) == (5334, [])
    assert list(differences.compare_all(ours, found.methods, silent=found.silent)) == []
    assert found.groups == {name: group for group, methods in given_methods.items() for name in methods}


def line(name, group, record):
    def params(members):
        made = []
        for member, given in members.items():
            field = {"type": given} if isinstance(given, str) else dict(given)
            if "fields" in field:
                field["fields"] = params(field["fields"])
            made.append({"name": member} | field)
        return made

    said = {key: record[key] for key in ("title", "session") if key in record}
    places = {"params": params(record.get("params", {})), "response": params(record.get("answer", {}))}
    return json.dumps({"method": name, "group": group} | said | places, ensure_ascii=False)


def test_every_method_is_read_from_its_line_as_it_is(given_methods, tmp_path):
    path = tmp_path / "top.jsonl"
    rows = [line(name, group, record) for group, methods in given_methods.items() for name, record in methods.items()]
    path.write_text("\n".join(rows), "utf-8")
    problems = Problems()
    found = metadata.read(path, problems)
    ours = {name: record for methods in given_methods.values() for name, record in methods.items()}
    assert (len(found.methods), problems.found) == (5334, [])
    assert list(differences.compare_all(ours, found.methods)) == []


def run(*arguments):
    return CliRunner().invoke(command.main, [*map(str, arguments)])


@pytest.fixture
def copied(tmp_path, found, monkeypatch):
    """A copy of the source whose tables keep nothing, for these pages say what the catalogue says; they are read once."""
    monkeypatch.setattr(checkout, "read", lambda *_: found)
    root = tmp_path / "catalogue"
    shutil.copytree(source.ROOT, root)
    shutil.rmtree(root / "kept")
    return root


def contents(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_writing_what_was_read_changes_no_byte(pages, copied):
    before = contents(copied)
    result = run("wechatpay", pages, "--write", "--remove", "--catalogue", copied)
    assert (result.exit_code, result.output) == (0, "0 differences, 0 of them open; 0 problems\n")
    assert contents(copied) == before


def test_what_is_lost_is_written_again_byte_for_byte(pages, copied):
    """New operations and events get the lines, the files and the order that they have in the source."""
    lost = ["operations/v3/hire-power-bank.yaml", "operations/v2/deposit.yaml", "events/v3/budget.yaml"]
    before = contents(copied)
    for file in lost:
        (copied / "wechatpay" / file).unlink()
    cut = copied / "wechatpay" / "operations" / "v3" / "refund.yaml"
    cut.write_text(cut.read_text("utf-8").partition("POST v3/refund/domestic/refunds:")[0], "utf-8")
    result = run("wechatpay", pages, "--write", "--catalogue", copied)
    assert "17 records written" in result.output
    assert result.exit_code == 1, "a person looks at new operations"
    after = contents(copied)
    assert after.pop("open.yaml") != before.pop("open.yaml")
    for file in [*(f"wechatpay/{each}" for each in lost), "wechatpay/operations/v3/refund.yaml"]:
        assert after[file] == before[file], file
    assert after == before
