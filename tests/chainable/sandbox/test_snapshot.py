"""Snapshots as bytes, and the dump of a store."""

from __future__ import annotations

import contextlib
import zlib

import pytest

from chainable.sandbox import snapshot
from chainable.sandbox.snapshot import pack, unpack
from chainable.sandbox.store import Store


def test_members_come_back():
    packed = pack("wechatpay", "me", {"clock": 1.5, "faults": ["锁"]})
    assert unpack("wechatpay", "me", packed)["faults"] == ["锁"]


@pytest.mark.parametrize(
    "other",
    [b"", b"x", zlib.compress(b"[]"), zlib.compress(b"{"), zlib.compress(b"[" * 100_000), pack("top", "me", {})],
)
def test_other_bytes_are_refused(other):
    with pytest.raises(ValueError, match="no snapshot of this kind"):
        unpack("wechatpay", "me", other)


def test_another_account_is_refused():
    with pytest.raises(
        ValueError, match="belongs to another account: start the sandbox with the same --state or --seed"
    ):
        unpack("wechatpay", "me", pack("wechatpay", "you", {}))


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(snapshot, "LARGEST", 1000)
    with pytest.raises(ValueError, match="no snapshot"):
        unpack("wechatpay", "me", pack("wechatpay", "me", {"a": "0" * 2000}))


def test_a_store_comes_back():
    with contextlib.closing(Store()) as store:
        store.put("order", "1", {"a": 1}, "T1", day="2026-01-01", content=b"\x00bytes")
        store.put("order", "2", {"a": 2})
        store.set("name", "kept")
        store.put("other", "1", {})
        dump = store.dump()
        store.put("order", "1", {"a": 9})
        store.put("order", "3", {"a": 3}, "T3")
        store.load(dump)
        assert list(store.all("order")) == [{"a": 1}, {"a": 2}]
        assert store.get("order", "T1") == {"a": 1}
        assert store.get("order", "T3") is None
        assert (store.content("order", "1"), store.setting("name")) == (b"\x00bytes", "kept")
        assert list(store.all("order", "2026-01-01")) == [{"a": 1}]

        part = store.dump("order")
        store.put("other", "2", {})
        store.load(part, "order")
        assert store.kinds() == {"order": 2, "other": 2}
        assert (store.page("order", 1, 5), store.page("order", 0, -1)) == ([{"a": 2}], [{"a": 1}, {"a": 2}])
