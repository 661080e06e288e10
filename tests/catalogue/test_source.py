"""The compact catalogues hold exactly the YAML source, operation by operation and field by field."""

from __future__ import annotations

import itertools
import re

import pytest

from chainable.record_file import RecordFile, encode_records
from taobao_top import catalogue as top
from tools import build_catalogue, source
from wechatpay import catalogue

pytestmark = pytest.mark.xdist_group("source")  # read it once

PLACES = ("path", "query", "headers", "json", "xml", "multipart")
TYPES = {"string", "integer", "number", "boolean", "object", "file"}


@pytest.fixture(scope="module")
def made():
    return {
        (package, name): shelved
        for package, make in (("wechatpay", build_catalogue.wechatpay), ("taobao_top", build_catalogue.taobao_top))
        for name, shelved in make().items()
    }


def test_the_generator_would_change_nothing(made):
    for (package, name), shelved in made.items():
        path = build_catalogue.PACKAGES / package / "catalogue" / name
        assert shelved.is_in(path), f"{path} is not what its source says: run python -m tools.build_catalogue"
        assert shelved.content() == shelved.content()


def test_the_generator_notices_a_change(made, tmp_path):
    shelved = made["wechatpay", "index.shelf"]
    path = tmp_path / "index.shelf"
    assert not shelved.is_in(path)
    path.write_bytes(encode_records(shelved.records | {"more": 1}, buckets=9))
    assert not shelved.is_in(path)
    path.write_bytes(encode_records(shelved.records, buckets=9))
    assert shelved.is_in(path)


def test_what_is_shipped_is_small():
    sizes = [path.stat().st_size for path in build_catalogue.PACKAGES.glob("*/catalogue/*.shelf")]
    assert len(sizes) == 4
    assert sum(sizes) <= 3_000_000


def same_fields(made, members, where):
    assert [field.name for field in made] == list(members), where
    for field, given in zip(made, members.values(), strict=True):
        record = {"type": given} if isinstance(given, str) else given
        place = f"{where}.{field.name}"
        assert set(record) <= {
            "type",
            "required",
            "enum",
            "encrypted",
            "encoded",
            "decoded",
            "example",
            "fields",
            "one_of",
        }, place
        assert field.type == record["type"], place
        assert field.type.removesuffix("[]") in TYPES, place
        assert field.required is record.get("required", False), place
        assert field.enum == tuple(record.get("enum", ())), place
        assert (field.encrypted, field.encoded, field.decoded, field.example) == tuple(
            record.get(name) for name in ("encrypted", "encoded", "decoded", "example")
        ), place
        assert field.one_of == tuple(map(tuple, record.get("one_of", ()))), place
        same_fields(field.fields, record.get("fields", {}), place)


def test_every_operation_is_as_in_the_source(given):
    assert [operation.key for operation in catalogue.operations()] == list(given)
    for key, record in given.items():
        operation = catalogue.operation(key)
        assert f"{operation.method} {operation.path}" == key
        assert operation.title == record["title"]
        assert operation.docs == tuple(record["docs"])
        assert operation.page == (record["docs"][0] if record["docs"] else None)
        assert operation.base_uri == record.get("base_uri")
        assert operation.base_uri_required is ("base_uri" in record and "base_uri_optional" not in record)
        for name in ("mtls", "nonceless", "encrypted"):
            assert getattr(operation, name) is record.get(name, False)
        assert (operation.status, operation.successor) == (record.get("status"), record.get("successor"))
        assert operation.variables == tuple(re.findall(r"\{(\w+)\}", key))
        assert list(record["request"].get("path", {})) == list(operation.variables) or len(operation.variables) > 1
        assert set(record["request"].get("path", {})) == set(operation.variables)
        for place in PLACES:
            fields = getattr(operation.request, place)
            assert (fields is None) == (place not in record["request"]), (key, place)
            same_fields(fields or (), record["request"].get(place, {}), f"{key} {place}")
        assert operation.request.one_of == {
            place: tuple(map(tuple, groups)) for place, groups in record.get("one_of", {}).items()
        }
        assert operation.answer == operation.response.content == record["content"]
        same_fields(operation.response.fields, record.get("answer", {}), f"{key} answer")
        bodies = [place for place in ("json", "xml", "multipart") if place in record["request"]]
        assert [operation.body] == (bodies or [None])


def leaves(members):
    """Return the path and record of every field that a call reads, without fields inside encoded text."""
    for name, given in members.items():
        record = {"type": given} if isinstance(given, str) else given
        yield (name,), record
        if "encoded" not in record:
            for way, inner in leaves(record.get("fields", {})):
                yield (name, *way), inner


def ways(nested, before=()):
    for name, inner in nested.items():
        if isinstance(inner, dict):
            yield from ways(inner, (*before, name))
        else:
            yield (*before, name), inner


def test_what_a_call_looks_at_is_as_in_the_source(given):
    for key, record in given.items():
        operation = catalogue.operation(key)
        meta = record["request"].get("multipart", {})
        places = {
            "query": record["request"].get("query", {}),
            "json": record["request"].get("json", {}),
            "xml": record["request"].get("xml", {}),
            "meta": meta["meta"]["fields"] if "meta" in meta else meta,
        }
        for place, members in places.items():
            found = list(leaves(members))
            encrypted = {way: field["encrypted"] for way, field in found if "encrypted" in field}
            encoded = {way: field["encoded"] for way, field in found if "encoded" in field}
            integers = {way: True for way, field in found if field["type"] in {"integer", "integer[]"}}
            assert dict(ways(operation.encrypted_fields.get(place, {}))) == encrypted, key
            assert dict(ways(operation.encoded_fields.get(place, {}))) == encoded, key
            assert dict(ways(operation.integer_fields.get(place, {}))) == integers, key
        answer = {way: field["encrypted"] for way, field in leaves(record.get("answer", {})) if "encrypted" in field}
        assert dict(ways(operation.encrypted_answer_fields)) == answer, key
        values = record["request"].get("path", {})
        assert operation.fixed == {
            name: field["enum"][0]
            for name, field in values.items()
            if not isinstance(field, str) and len(field.get("enum", ())) == 1
        }


def test_every_event_is_as_in_the_source(given_events):
    made = {(event.version, event.name): event for event in catalogue.events()}
    assert list(made) == list(given_events)
    for (version, name), record in given_events.items():
        event = made[version, name]
        assert event is catalogue.event(name, version)
        assert event.event_type == record["event_type"]
        assert event.event_types == tuple(
            record.get("event_types", [record["event_type"]] if record["event_type"] else [])
        )
        assert event.title == record["title"]
        assert (event.docs, event.headers) == (tuple(record["docs"]), tuple(record["headers"]))
        assert (event.original_type, event.encrypted_field, event.encryption) == tuple(
            record.get(key) for key in ("original_type", "encrypted_field", "encryption")
        )
        same_fields(event.fields, record.get("fields", {}), name)
        same_fields(event.resource, record.get("resource", {}), name)


def same_params(made, members, where):
    assert [param.name for param in made] == list(members), where
    for param, given in zip(made, members.values(), strict=True):
        record = {"type": given} if isinstance(given, str) else given
        place = f"{where}.{param.name}"
        assert set(record) <= {"type", "required", "list", "example", "fields"}, place
        assert param.type == record.get("type", "String"), place
        assert (param.required, param.list) == (record.get("required", False), record.get("list", False)), place
        assert param.example == record.get("example"), place
        same_params(param.fields, record.get("fields", {}), place)


def test_every_method_is_as_in_the_source(given_methods):
    assert list(top.methods()) == sorted(itertools.chain.from_iterable(given_methods.values()))
    for group, methods in given_methods.items():
        for name, record in methods.items():
            method = top.method(name)
            assert (method.name, method.title, method.group, method.session) == (
                name,
                record.get("title"),
                group,
                record.get("session"),
            )
            same_params(method.params, record.get("params", {}), f"{name} params")
            same_params(method.response, record.get("answer", {}), f"{name} answer")
            assert list(method.types) == list(record.get("params", {}))
            for param in method.params:
                kind = "object" if param.fields else param.type
                assert method.types[param.name] == (f"{kind}[]" if param.list else kind)


def test_the_source_has_a_file_for_each_product_family_and_group(given, given_methods):
    operations = source.ROOT / "wechatpay" / "operations"
    for path in operations.rglob("*.yaml"):
        place = path.relative_to(operations).with_suffix("").as_posix()
        for key in source.read(path):
            assert f"{key.partition(' ')[2]}/".startswith(f"{place}/"), f"{key} is not of {path}"
    for path in (source.ROOT / "taobao_top").glob("*.yaml"):
        group = source.read(path)["group"]
        assert path.stem == (group if group.isascii() else "insurance-scenarios")
    assert len(given_methods) == len(list((source.ROOT / "taobao_top").glob("*.yaml")))


def test_every_record_of_the_index_is_reachable():
    """Nothing lies in the shipped files that no look-up asks for."""
    index = dict(RecordFile(build_catalogue.PACKAGES / "wechatpay" / "catalogue" / "index.shelf").items())
    seen = {"operations", "events"}

    def walk(branch):
        seen.update({f"tree {branch.path}", f"wide {branch.path}"} & index.keys())
        seen.update(branch.verbs.values())
        for spelling in branch.literals:
            child = branch.literal(spelling)
            folded = spelling.replace("-", "").replace("_", "").lower()
            seen.update({f"below {branch.path} {folded}"} & index.keys())
            walk(child)
        for _, child in branch.variables:
            walk(child)

    walk(catalogue.tree())
    paths = {operation.path for operation in catalogue.operations()}
    products = {"/".join(path.split("/")[:2]) for path in paths}
    keys = {operation.key for operation in catalogue.operations() if operation.encrypted_fields}
    assert keys == set(itertools.chain(*catalogue.personal_paths().values()))
    scopes = {"v2", "v3", "path", "paths", *products, *keys}
    seen.update({f"personal {scope}" for scope in scopes} & index.keys())
    assert seen == set(index)
