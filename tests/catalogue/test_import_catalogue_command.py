"""The command shows, writes, keeps and asks; reviewed decisions stay."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
from click.testing import CliRunner

from tests.catalogue import documentation_pages
from tools import source
from tools.import_catalogue import command, kept, questions

ORDER = {
    "title": "下单",
    "docs": ["https://pay.weixin.qq.com/doc/v3/merchant/1"],
    "request": {
        "json": {
            "out_trade_no": {"type": "string", "required": True, "example": "P1"},
            "size": {"type": "string", "enum": ["BIG", "SMALL"]},
            "payer": {"type": "object", "fields": {"openid": "string", "name": "string"}},
        }
    },
    "content": "json",
    "answer": {"prepay_id": "string"},
}
QUERY = {"title": "查单", "docs": [], "request": {"query": {"out_trade_no": "string"}}, "content": "json"}
EVENT = {
    "event_type": "PARCEL.SENT",
    "title": "通知",
    "docs": ["https://pay.weixin.qq.com/doc/v3/merchant/9"],
    "headers": ["Request-ID"],
    "original_type": "parcel",
    "resource": {"parcel_id": {"type": "string", "required": True}},
}
TABLES = (
    "contradictions",
    "echoes",
    "keys",
    "no-money",
    "not-repeatable",
    "repeatable",
    "signatures",
    "uploads",
    "v2-signing",
)


@pytest.fixture
def root(tmp_path):
    """A catalogue of two operations, written by the tool itself."""
    root = tmp_path / "catalogue"
    for folder in ("wechatpay/operations", "wechatpay/events", "wechatpay/reviewed", "taobao_top"):
        (root / folder).mkdir(parents=True)
    for table in TABLES:
        text = "[]\n" if table == "contradictions" else "# Reviewed by people.\n"
        (root / "wechatpay" / "reviewed" / f"{table}.yaml").write_text(text, "utf-8")
    (root / "wechatpay/reviewed/no-money.yaml").write_text("# One word each.\nPOST v3/parcels: order\n", "utf-8")
    pages(tmp_path, {"POST v3/parcels": ORDER, "GET v3/parcels": QUERY})
    result = run(tmp_path, "--write")
    assert result.exit_code == 0, result.output
    return root


def pages(tmp_path, operations, events=None):
    events = {"v3 PARCEL.SENT": EVENT} if events is None else events
    shutil.rmtree(tmp_path / "pages", ignore_errors=True)
    made = documentation_pages.operation_pages(operations)
    for key, record in events.items():
        version, _, name = key.partition(" ")
        made[f"webhook/{version}/{name}.md"] = documentation_pages.event_page(version, record)
    return documentation_pages.write(tmp_path / "pages", made)


def run(tmp_path, *options, source_path="pages", gateway="wechatpay", **given):
    arguments = [gateway, str(tmp_path / source_path), "--catalogue", str(tmp_path / "catalogue"), *options]
    return CliRunner().invoke(command.main, arguments, **given)


def changed(**json_members):
    return ORDER | {"request": {"json": ORDER["request"]["json"] | json_members}}


def read(root, file):
    return source.read(root / "wechatpay" / file)


def contents(root):
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in root.rglob("*") if path.is_file()}


def test_an_empty_catalogue_takes_everything(root):
    assert read(root, "operations/v3/parcels.yaml") == {"GET v3/parcels": QUERY, "POST v3/parcels": ORDER}
    assert read(root, "events/v3/parcel.yaml") == {"PARCEL.SENT": EVENT}


def test_what_differs_is_a_line_each(root, tmp_path):
    size = {"type": "string", "required": True, "enum": ["BIG"]}
    payer = {"type": "object", "fields": {"openid": "string", "sub_openid": {"type": "string", "required": True}}}
    pages(
        tmp_path, {"POST v3/parcels": changed(size=size, payer=payer) | {"title": "统一下单"}, "GET v3/new": QUERY}, {}
    )
    before = contents(root)
    result = run(tmp_path, "--check")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "new       GET v3/new",
        "changed   POST v3/parcels  operation  title: 下单 → 统一下单",
        "changed   POST v3/parcels  json.size  enum: [BIG, SMALL] → [BIG]",
        "changed   POST v3/parcels  json.size  required: none → yes",
        "new       POST v3/parcels  json.payer.sub_openid  type: string, required: yes",
        "gone      POST v3/parcels  json.payer.name",
        "gone      GET v3/parcels",
        "gone      v3 PARCEL.SENT",
        "8 differences, 8 of them open; 0 problems",
    ]
    assert contents(root) == before


def test_json(root, tmp_path):
    pages(tmp_path, {"POST v3/parcels": changed(size="string"), "GET v3/parcels": QUERY})
    result = run(tmp_path, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "differences": [
            {
                "kind": "changed",
                "key": "POST v3/parcels",
                "field": "json.size",
                "aspect": "enum",
                "ours": ["BIG", "SMALL"],
                "theirs": None,
                "decided": None,
            }
        ],
        "problems": [],
        "stale": [],
        "open": {},
    }


def test_written_is_what_is_new_and_changed_and_gone_only_when_asked(root, tmp_path):
    file = root / "wechatpay/operations/v3/parcels.yaml"
    file.write_text("# Checked by hand.\n" + file.read_text("utf-8"), "utf-8")
    payer = {"type": "object", "fields": {"appid": "string", "openid": "string"}}
    pages(tmp_path, {"POST v3/parcels": changed(payer=payer, weight={"type": "number", "example": 2})})
    result = run(tmp_path, "--write")
    assert result.exit_code == 1
    assert "4 differences, 2 of them open" in result.stdout
    written = read(root, "operations/v3/parcels.yaml")
    assert list(written["POST v3/parcels"]["request"]["json"]["payer"]["fields"]) == ["appid", "openid", "name"]
    assert written["POST v3/parcels"]["request"]["json"]["weight"] == {"type": "integer", "example": 2}
    assert written["GET v3/parcels"] == QUERY
    assert file.read_text("utf-8").startswith("# Checked by hand.\n")
    result = run(tmp_path, "--write", "--remove")
    assert result.exit_code == 0
    written = read(root, "operations/v3/parcels.yaml")
    assert list(written) == ["POST v3/parcels"]
    assert written["POST v3/parcels"]["request"]["json"]["payer"] == payer
    assert run(tmp_path).stdout == "0 differences, 0 of them open; 0 problems\n"


def test_an_object_and_a_place_come_and_go(root, tmp_path):
    pages(
        tmp_path,
        {"POST v3/parcels": changed(payer="object"), "GET v3/parcels": QUERY | {"answer": {"state": "string"}}},
    )
    assert run(tmp_path, "--write", "--remove").exit_code == 0
    written = read(root, "operations/v3/parcels.yaml")
    assert written["POST v3/parcels"]["request"]["json"]["payer"] == "object"
    assert written["GET v3/parcels"]["answer"] == {"state": "string"}
    headers = {"Wechatpay-Serial": {"type": "string", "required": True}}
    asked = ORDER | {"request": ORDER["request"] | {"headers": headers}}
    pages(tmp_path, {"POST v3/parcels": asked, "GET v3/parcels": QUERY})
    assert run(tmp_path, "--write", "--remove").exit_code == 0
    written = read(root, "operations/v3/parcels.yaml")
    assert list(written["POST v3/parcels"]["request"]) == ["headers", "json"]
    assert written["POST v3/parcels"]["request"]["json"] == ORDER["request"]["json"]
    assert "answer" not in written["GET v3/parcels"]
    pages(tmp_path, {"POST v3/parcels": ORDER, "GET v3/parcels": QUERY})
    assert run(tmp_path, "--write", "--remove").exit_code == 0
    assert read(root, "operations/v3/parcels.yaml")["POST v3/parcels"] == ORDER


def test_what_is_kept_is_reported_again_only_when_the_source_says_a_third_thing(root, tmp_path):
    payer = {"type": "object", "fields": {"openid": "string", "sub_openid": "string"}}
    looser = changed(out_trade_no={"type": "string", "example": "P1"}, payer=payer) | {"title": "统一下单"}
    pages(tmp_path, {"POST v3/parcels": looser, "GET v3/new": QUERY})
    assert run(tmp_path, "--keep").exit_code == 0
    table = kept.read(root / "kept" / "wechatpay.yaml")
    assert table == {
        "GET v3/new": "present",
        "GET v3/parcels": "absent",
        "POST v3/parcels": {
            "operation": {"title": "统一下单"},
            "json.out_trade_no": {"required": None},
            "json.payer.sub_openid": "present",
            "json.payer.name": "absent",
        },
    }
    before = contents(root)
    result = run(tmp_path, "--write", "--remove")
    assert (result.exit_code, result.stdout) == (0, "6 differences, 0 of them open; 0 problems\n")
    assert contents(root) == before
    assert run(tmp_path, "--all").stdout.count("(decided in kept)") == 6
    pages(tmp_path, {"POST v3/parcels": looser | {"title": "下单接口"}, "GET v3/new": QUERY})
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "changed   POST v3/parcels  operation  title: 下单 → 下单接口" in result.stdout
    assert "stale    POST v3/parcels" in result.stdout


def test_a_row_of_a_whole_operation_gives_way_to_rows_of_its_fields(root, tmp_path):
    kept.write(root / "kept" / "wechatpay.yaml", {"GET v3/parcels": "absent"})
    pages(tmp_path, {"POST v3/parcels": ORDER, "GET v3/parcels": QUERY | {"title": "查"}})
    assert "stale    GET v3/parcels" in run(tmp_path).stdout
    assert run(tmp_path, "--keep").exit_code == 0
    assert kept.read(root / "kept" / "wechatpay.yaml") == {"GET v3/parcels": {"operation": {"title": "查"}}}
    assert run(tmp_path).stdout == "1 differences, 0 of them open; 0 problems\n"


def test_only_narrows(root, tmp_path):
    pages(
        tmp_path,
        {"POST v3/parcels": changed(size="string", weight="integer"), "GET v3/parcels": QUERY | {"title": "查"}},
    )
    assert run(tmp_path, "--keep", "--only", "GET *").exit_code == 0
    assert list(kept.read(root / "kept" / "wechatpay.yaml")) == ["GET v3/parcels"]
    assert run(tmp_path, "--write", "--only", "POST v3/parcels json.weight").exit_code == 0
    written = read(root, "operations/v3/parcels.yaml")["POST v3/parcels"]["request"]["json"]
    assert (written["weight"], "enum" in written["size"]) == ("integer", True)


def test_decisions_about_contradictions_hold(root, tmp_path):
    decisions = """\
- reason: the models of the SDKs say so
  required: true
  one_of: [[out_trade_no, size]]
  at:
    POST v3/parcels: [json.out_trade_no, json]
- reason: only a page has it
  known: false
  at:
    POST v3/parcels: [json.weight]
    GET v3/new: []
"""
    (root / "wechatpay/reviewed/contradictions.yaml").write_text(decisions, "utf-8")
    looser = changed(out_trade_no={"type": "string", "example": "P1"}, weight="string") | {
        "one_of": {"json": [["size", "payer"]]}
    }
    pages(tmp_path, {"POST v3/parcels": looser, "GET v3/parcels": QUERY, "GET v3/new": QUERY})
    before = contents(root)
    result = run(tmp_path, "--write", "--all")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("(decided in contradictions)") == 4
    assert contents(root) == before


def test_new_operations_are_asked_for_in_the_table_of_what_is_open(root, tmp_path):
    upload = {
        "title": "传",
        "docs": [],
        "request": {"multipart": {"file": {"type": "file", "required": True}}},
        "content": "json",
    }
    secret = {"type": "object", "fields": {"name": {"type": "string", "encrypted": "rsa"}}}
    old = {"title": "查", "docs": [], "request": {"xml": {"out_no": "string", "who": secret}}, "content": "xml"} | {
        "answer": {"out_no": "string"}
    }
    bill = QUERY | {"content": "binary"}
    known = {"POST v3/parcels": ORDER, "GET v3/parcels": QUERY}
    added = {"POST v3/a/upload": upload, "POST v2/a/query": old, "GET v3/a/bill": bill}
    pages(tmp_path, known | added)
    result = run(tmp_path, "--write")
    assert result.exit_code == 1
    assert questions.open_questions(root / "open.yaml") == {
        "POST v2/a/query": ["repeatable", "echoes", "keys", "v2-signing"],
        "GET v3/a/bill": ["signatures"],
        "POST v3/a/upload": ["repeatable", "uploads"],
    }
    assert "open     POST v3/a/upload  may need a row in repeatable, uploads" in result.stdout
    reviewed = root / "wechatpay/reviewed"
    questions.add_row(reviewed / "no-money.yaml", "POST v3/a/upload", "upload")
    questions.add_row(reviewed / "uploads.yaml", "POST v3/a/upload", {"file": "file"})
    assert run(tmp_path).exit_code == 1
    run(tmp_path, "--write")
    assert list(questions.open_questions(root / "open.yaml")) == ["POST v2/a/query", "GET v3/a/bill"]
    pages(tmp_path, known)
    result = run(tmp_path, "--write", "--remove")
    assert result.exit_code == 0, result.output
    assert "reviewed/no-money.yaml: POST v3/a/upload has no operation any more" in result.stderr
    assert source.read(root / "open.yaml") == {}


@pytest.mark.parametrize(
    ("answers", "table", "row"),
    [
        (
            "repeatable\njson out_trade_no\none order per number\n",
            "repeatable",
            {"idempotent_by": ["json", "out_trade_no"], "reason": "one order per number"},
        ),
        ("not-repeatable\nhas no number\n", "not-repeatable", {"reason": "has no number"}),
        ("no-money\nset-up\n", "no-money", "set-up"),
    ],
)
def test_on_a_terminal_a_new_post_is_placed_at_once(root, tmp_path, monkeypatch, answers, table, row):
    monkeypatch.setattr(command, "_asks", lambda: True)
    pages(tmp_path, {"POST v3/parcels": ORDER, "GET v3/parcels": QUERY, "POST v3/a": ORDER})
    before = (root / "wechatpay/reviewed" / f"{table}.yaml").read_text("utf-8")
    result = run(tmp_path, "--write", input=answers)
    assert result.exit_code == 0, result.output
    path = root / "wechatpay/reviewed" / f"{table}.yaml"
    assert source.read(path)["POST v3/a"] == row
    assert set(before.splitlines()) < set(path.read_text("utf-8").splitlines())
    assert not (root / "open.yaml").exists() or source.read(root / "open.yaml") == {}


def test_on_a_terminal_a_decision_can_wait(root, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "_asks", lambda: True)
    pages(tmp_path, {"POST v3/parcels": ORDER, "GET v3/parcels": QUERY, "POST v3/a": ORDER})
    assert run(tmp_path, "--write", input="later\n").exit_code == 1
    assert source.read(root / "open.yaml") == {"POST v3/a": ["repeatable"]}


def test_it_asks_on_a_terminal_only(monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert command._asks()
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert not command._asks()


def test_a_page_that_cannot_be_read_is_named_and_its_operations_are_not_gone(root, tmp_path):
    pages(tmp_path, {"GET v3/new": QUERY})
    (tmp_path / "pages/openapi/v3/parcels.md").write_text("# 下单 {#post}\n", "utf-8")
    result = run(tmp_path)
    assert result.exit_code == 3
    assert "openapi/v3/parcels.md:1: 0 tables headed 请求参数" in result.stderr
    assert result.stdout.splitlines() == ["new       GET v3/new", "1 differences, 1 of them open; 1 problems"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--check", "--write"], "--check only shows what differs"),
        (["--keep", "--write"], "one of the two, with --only"),
    ],
)
def test_options_that_contradict_each_other(root, tmp_path, options, message):
    result = run(tmp_path, *options)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("gateway", ["wechatpay", "taobao_top"])
def test_what_is_no_source_is_refused(root, tmp_path, gateway):
    result = run(tmp_path, source_path="nowhere", gateway=gateway)
    assert result.exit_code == 2
    assert "was expected" in result.stderr
    (tmp_path / "empty").mkdir()
    assert run(tmp_path, source_path="empty", gateway=gateway).exit_code == 2
    arguments = [gateway, str(tmp_path / "pages"), "--catalogue", str(tmp_path / "empty")]
    assert CliRunner().invoke(command.main, arguments).exit_code == 2


def test_a_bar_shows_progress_on_a_terminal(root, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "_shows", lambda: True)
    assert "Pages" in run(tmp_path).stderr
    assert run(tmp_path).exit_code == 0


@pytest.mark.xdist_group("source")  # read it once
def test_the_published_tables_decide_what_is_there_and_nothing_is_open():
    """A kept row names an operation or event that the catalogue has, and says another thing than it does."""
    table = kept.read(source.ROOT / "kept" / "wechatpay.yaml")
    ours = source.operations() | {" ".join(key): record for key, record in source.events().items()}
    assert len(table) > 50
    for key, row in table.items():
        assert (key in ours) == (row != "present"), key
    assert questions.open_questions(source.ROOT / "open.yaml") == {}
