from __future__ import annotations

import pytest

from chainable.record_file import encode_records
from taobao_top import catalogue
from taobao_top.catalogue import Param
from taobao_top.catalogue.definitions import Catalogue
from tools import source


def test_a_method_is_found_by_its_name():
    method = catalogue.method("alibaba.finance.insurance.createorder")
    assert (method.title, method.group, method.session) == ("机构投保创单", "场景金融保险", None)
    assert method.types == {"create_order_request": "object"}
    assert method.params[0].fields[0] == Param("identifier", "String", required=True, example="xxx")
    assert {param.name for param in method.response} == {"is_success", "response_code", "response_msg"}
    assert catalogue.method("alibaba.finance.insurance.createorder") is method


@pytest.mark.parametrize("name", ["\ud800", "a.\u4e2d", "no.such.method", "methods", ""])
def test_an_unknown_name_is_none(name):
    assert catalogue.method(name) is None


def test_types_tell_lists_and_objects():
    types = catalogue.method("taobao.item.seller.get").types
    assert types == {"fields": "String", "num_iid": "Number"}
    kinds = {kind for name in list(catalogue.methods())[::50] for kind in catalogue.method(name).types.values()}
    assert {"String", "Number", "Boolean", "Date", "object", "String[]"} <= kinds


def test_names_and_titles_are_quickly_read():
    names = list(catalogue.methods())
    titles = dict(catalogue.titles())
    assert names == sorted(titles)
    assert len(names) == 5334
    assert titles["alibaba.finance.insurance.createorder"] == "机构投保创单"
    assert sum(not title for title in titles.values()) == 30


def test_only_so_many_methods_are_kept(monkeypatch):
    monkeypatch.setattr(catalogue, "_methods", {})
    monkeypatch.setattr(catalogue, "_KEPT", 3)
    for name in list(catalogue.methods())[:10]:
        assert catalogue.method(name).name == name
        assert len(catalogue._methods) <= 3


def test_a_catalogue_without_its_list_has_no_methods(tmp_path, monkeypatch):
    from chainable.record_file import RecordFile

    (tmp_path / "index").write_bytes(encode_records({}, buckets=1))
    monkeypatch.setattr(catalogue, "_index", RecordFile(tmp_path / "index"))
    assert list(catalogue.methods()) == list(catalogue.titles()) == []
    assert catalogue._fields("no.such.method") == ((), (), "")


@pytest.mark.parametrize(
    ("name", "required", "member"),
    [
        ("taobao.tbk.dg.material.optional.upgrade", ["adzone_id"], "price_promotion_info"),
        ("taobao.tbk.dg.material.recommend", ["material_id", "adzone_id"], "price_promotion_info"),
        ("taobao.tbk.item.details.upgrade.get", ["item_id"], "sku_list"),
        ("taobao.tbk.item.info.upgrade.get", ["item_id"], "publish_info"),
        ("taobao.tbk.itemid.ineffective.transform", ["item_ids"], "original_item_id"),
    ],
)
def test_the_affiliate_methods_of_today_are_there(name, required, member):
    """https://open.taobao.com/api.htm?apiName=…; the old ones without ``upgrade`` are of before 2024."""
    method = catalogue.method(name)

    assert [param.name for param in method.params if param.required] == required
    (entries,) = [field for field in method.response if field.list]
    assert member in {field.name for field in entries.fields}


def test_the_limits_name_parameters_of_their_methods():
    limited = [method for name in catalogue.methods() if (method := catalogue.method(name)).limits]

    assert len(limited) > 400
    for method in limited:
        assert set(method.limits.names()) <= set(method.types)


def test_the_names_of_all_parameters_are_there():
    assert list(catalogue.parameters()) == sorted(
        {param for name in catalogue.methods() for param in catalogue.method(name).types}
    )


def test_the_names_of_the_index_are_not_methods():
    assert catalogue.method("parameters") is None
    assert catalogue.method("methods") is None


def test_the_source_can_be_read_at_run_time():
    """The same form: what was read is what the package has."""
    own = Catalogue(sorted((source.ROOT / "taobao_top").glob("t*.yaml")))
    names = [name for name in catalogue.methods() if own.method(name) is not catalogue.method(name)]

    assert len(names) > 800
    for name in names[::40]:
        packaged, read = catalogue.method(name), own.method(name)
        assert (read.title, read.session, read.group) == (packaged.title, packaged.session, packaged.group)
        assert (read.types, read.params, read.response) == (packaged.types, packaged.params, packaged.response)


def test_a_limit_of_an_unknown_parameter_or_given_twice_is_refused(monkeypatch):
    row = {"methods": ["taobao.time.get"], "chunks": {"ids": 5}}
    monkeypatch.setattr(
        source, "read", lambda path: [row] if path.name == "limits.yaml" else {"group": "", "methods": {}}
    )
    with pytest.raises(ValueError, match="taobao.time.get has no ids"):
        source.limits()
