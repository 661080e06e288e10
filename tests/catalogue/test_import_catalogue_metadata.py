"""TOP's metadata is read in its three forms; new methods get their group's file."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tools import source
from tools.import_catalogue import checkout, command, differences, metadata
from tools.import_catalogue.problems import Problems

# What the documentation centre answers for a method, with names of our own.
DOCUMENT = {
    "success": True,
    "data": {
        "name": "taobao.parcel.get",
        "apiChineseName": "查询包裹",
        "description": "查询一个包裹",
        "id": 1,
        "requestParams": [
            {"name": "fields", "type": "Field List", "required": True, "description": "字段", "demoValue": "id,state"},
            {"name": "parcel_ids", "type": "Number []", "description": "包裹号", "maxListSize": 20},
            {"name": "photo", "type": "byte []", "description": "图片"},
            {
                "name": "query",
                "type": "ParcelQuery",
                "description": "条件",
                "subParams": [
                    {"name": "state", "type": "String", "required": True},
                    {"name": "state", "type": "Number"},
                ],
            },
        ],
        "responseParams": [
            {"name": "parcels", "type": "Parcel[]", "subParams": [{"name": "id", "type": "Number", "demoValue": 12}]},
            {"name": "note", "description": "没有类型"},
        ],
    },
}
RECORD = {
    "title": "查询包裹",
    "params": {
        "fields": {"type": "Field List", "required": True, "example": "id,state"},
        "parcel_ids": {"type": "Number", "list": True},
        "photo": "byte[]",
        "query": {"type": "ParcelQuery", "fields": {"state": {"type": "String", "required": True}}},
    },
    "answer": {
        "parcels": {"type": "Parcel", "list": True, "fields": {"id": {"type": "Number", "example": "12"}}},
        "note": {},
    },
}

XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<metadata versionNo="20260101">
<structs>
<struct><name>ParcelQuery</name><props>
<prop><name>state</name><type>String</type><level>Basic</level></prop>
<prop><name>inner</name><type>ParcelQuery</type><level>Object</level></prop>
</props></struct>
<struct><name>Parcel</name><props><prop><name>id</name><type>Number</type><level>Basic</level></prop></props></struct>
<struct><name>MapData</name><props><prop><name>a</name><type>Number</type><level>Basic</level></prop></props></struct>
<struct><name>MapData</name><props><prop><name>b</name><type>Number</type><level>Basic</level></prop></props></struct>
</structs>
<apis>
<api><name>taobao.parcel.get</name><desc>查询包裹</desc>
<request>
<param><name>fields</name><type>Field List</type><required>required</required></param>
<param><name>parcel_ids</name><type>Number</type><required>optional</required><max_list_size>20</max_list_size></param>
<param><name>photo</name><type>byte[]</type><required>optional</required></param>
<param><name>query</name><type>ParcelQuery</type><required>optional</required></param>
</request>
<response>
<param><name>parcels</name><type>Parcel</type><level>Object Array</level></param>
<param><name>data</name><type>MapData</type><level>Object</level></param>
</response>
</api>
</apis>
</metadata>
"""


def read(path):
    problems = Problems()
    found = metadata.read(path, problems)
    return found, list(map(str, problems.found))


@pytest.fixture
def documents(tmp_path):
    folder = tmp_path / "documents" / "parcel"
    folder.mkdir(parents=True)
    (folder / "catelog.json").write_text('{"pkg": "parcel"}', "utf-8")
    (folder / "taobao_parcel_get.json").write_text(json.dumps(DOCUMENT), "utf-8")
    return tmp_path / "documents"


def test_documents_of_the_documentation_centre(documents):
    found, problems = read(documents)
    assert problems == []
    assert found.methods == {"taobao.parcel.get": RECORD}
    assert found.groups == {"taobao.parcel.get": "parcel"}


def test_lines(tmp_path):
    line = {
        "method": "taobao.parcel.get",
        "title": "查询包裹",
        "group": "parcel",
        "session": "none",
        "params": [{"name": "ids", "type": "Number", "list": True, "example": "1"}],
        "response": [],
    }
    (tmp_path / "top.jsonl").write_text(f"{json.dumps(line)}\n\n", "utf-8")
    found, problems = read(tmp_path / "top.jsonl")
    params = {"ids": {"type": "Number", "list": True, "example": "1"}}
    assert problems == []
    assert found.methods == {"taobao.parcel.get": {"title": "查询包裹", "session": "none", "params": params}}


def test_the_file_that_comes_with_an_sdk(tmp_path):
    (tmp_path / "ApiMetadata.xml").write_text(XML, "utf-8")
    found, problems = read(tmp_path / "ApiMetadata.xml")
    assert problems == [
        "ApiMetadata.xml: the struct MapData stands twice with other members: fields of this type were not read"
    ]
    record = found.methods["taobao.parcel.get"]
    assert record == {
        "params": {
            "fields": {"type": "Field List", "required": True},
            "parcel_ids": {"type": "Number", "list": True},
            "photo": "byte[]",
            "query": {"type": "ParcelQuery", "fields": {"state": "String", "inner": "ParcelQuery"}},
        },
        "answer": {"parcels": {"type": "Parcel", "list": True, "fields": {"id": "Number"}}, "data": "MapData"},
    }
    ours = {"taobao.parcel.get": RECORD, "taobao.other.get": RECORD}
    differing = differences.compare_all(ours, found.methods, silent=found.silent, partial=found.partial)
    # It says nothing of titles, examples and other methods.
    assert [(each.kind, each.field) for each in differing] == [
        ("new", "params.query.inner"),
        ("new", "answer.data"),
        ("gone", "answer.note"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("top.jsonl", "{", "top.jsonl:1: this is not JSON"),
        ("top.jsonl", "[" * 100_000, "top.jsonl:1: this is not JSON"),
        ("top.jsonl", '{"title": "x"}', "top.jsonl:1: a method has its name under name or method"),
        ("top.jsonl", '{"name": "a"}\n{"name": "a"}', "top.jsonl:2: a is described at top.jsonl:1 too"),
        ("top.jsonl", '{"name": "a", "params": 1}', "top.jsonl: a params: a list of parameters was expected"),
        ("top.jsonl", '{"name": "a", "params": [{}]}', "top.jsonl: a params: a parameter without a name"),
        ("a.xml", "<metadata>", "a.xml:1: this is not XML"),
        ("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a.xml:"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, name, text, problem):
    (tmp_path / name).write_text(text, "utf-8")
    found, problems = read(tmp_path / name)
    assert len(problems) == 1
    assert problems[0].startswith(problem.rstrip(":"))
    assert found.partial or found.methods


def test_one_bad_document_does_not_stop_the_rest(documents):
    (documents / "parcel" / "taobao_parcel_add.json").write_bytes(b"\xff")
    found, problems = read(documents)
    assert list(found.methods) == ["taobao.parcel.get"]
    assert problems[0].startswith("parcel/taobao_parcel_add.json: this file cannot be read")
    ours = {"taobao.parcel.add": RECORD, "taobao.parcel.get": RECORD}
    assert list(differences.compare_all(ours, found.methods, unread=found.unread)) == []


def test_another_file_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("", "utf-8")
    for name in ("a.txt", "missing.zip"):
        with pytest.raises(checkout.NotACheckoutError, match=r"a \.jsonl file or ApiMetadata\.xml was expected"):
            metadata.read(tmp_path / name, Problems())
    (tmp_path / "none").mkdir()
    with pytest.raises(checkout.NotACheckoutError, match="no JSON documents"):
        metadata.read(tmp_path / "none", Problems())


def run(root, path, *options):
    return CliRunner().invoke(command.main, ["taobao_top", str(path), "--catalogue", str(root), *options])


def test_methods_come_into_the_file_of_their_group_and_go(documents, tmp_path):
    root = tmp_path / "catalogue"
    (root / "wechatpay" / "operations").mkdir(parents=True)
    (root / "taobao_top").mkdir()
    text = "group: parcel\nmethods:\n  # Ours.\n  taobao.parcel.z: {}\n"
    (root / "taobao_top" / "parcel.yaml").write_text(text, "utf-8")
    nameless = documents / "场景"
    nameless.mkdir()
    (nameless / "a.json").write_text(json.dumps({"name": "taobao.scene.get"}), "utf-8")
    (documents / "b.json").write_text(json.dumps({"name": "taobao.scene.list"}), "utf-8")
    result = run(root, documents, "--write")
    assert result.exit_code == 1
    assert "gone      taobao.parcel.z" in result.stdout
    written = (root / "taobao_top" / "parcel.yaml").read_text("utf-8")
    assert written.startswith("group: parcel\nmethods:\n  # Ours.\n  taobao.parcel.get:\n")
    assert source.read(root / "taobao_top" / "parcel.yaml")["methods"] == {
        "taobao.parcel.get": RECORD,
        "taobao.parcel.z": {},
    }
    made = [source.read(path) for path in sorted((root / "taobao_top").glob("*.yaml"))]
    assert [content["group"] for content in made] == ["场景", "parcel", "scene"]
    assert run(root, documents, "--write", "--remove").exit_code == 0
    assert run(root, documents).stdout == "0 differences, 0 of them open; 0 problems\n"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "type", "subParams", "requestParams", "data", "required"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=80)
@drawn(JSON)
def test_broken_documents_never_end_in_a_traceback(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("fuzz") / "top.jsonl"
    path.write_text(json.dumps(value), "utf-8")
    read(path)
