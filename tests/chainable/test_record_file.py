from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import zlib

import pytest

from chainable import record_file
from chainable.errors import ConfigurationError
from chainable.record_file import RecordFile, encode_records, seek_and_read

RECORDS = {f"key {number}": {"number": number, "text": f"文字 {number}"} for number in range(200)} | {"空": None, "": 0}


@pytest.fixture(params=[(210, False), (9, True), (1, False)], ids=["one each", "deflated", "one bucket"])
def path(request, tmp_path):
    buckets, deflated = request.param
    path = tmp_path / "some.shelf"
    path.write_bytes(encode_records(RECORDS, buckets=buckets, deflated=deflated))
    return path


def test_each_record_is_found_by_its_key(path):
    shelf = RecordFile(path)
    for key, record in RECORDS.items():
        assert shelf.get(key) == record
    assert shelf.get("key 200") is None
    assert repr(shelf) == f"RecordFile({str(path)!r})"


def test_keys_and_items_are_complete(path):
    assert sorted(RecordFile(path).keys()) == sorted(RECORDS)
    assert dict(RecordFile(path).items()) == RECORDS


def test_each_look_up_returns_a_new_record(path):
    shelf = RecordFile(path)
    shelf.get("key 7")["number"] = "changed"
    assert shelf.get("key 7") == RECORDS["key 7"]


def test_nothing_is_opened_before_a_look_up(tmp_path):
    assert RecordFile(tmp_path / "absent")._descriptor == -1


def test_the_same_records_give_the_same_bytes():
    backwards = dict(reversed(RECORDS.items()))
    assert encode_records(RECORDS, buckets=7, deflated=True) == encode_records(backwards, buckets=7, deflated=True)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"absent\.shelf cannot be read .*: reinstall the package"):
        RecordFile(tmp_path / "absent.shelf").get("key 1")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "does not begin with the header of a catalogue"),
        (b"\x89SHELF", "does not begin with the header of a catalogue"),
        (b"PK\x03\x04" + bytes(60), "does not begin with the header of a catalogue"),
        (encode_records(RECORDS, buckets=3)[:-1], "bytes instead of"),
        (encode_records(RECORDS, buckets=3) + b"x", "bytes instead of"),
        (struct.pack("<8sHHIQ", b"\x89SHELF\r\n", 2, 0, 3, 24), "does not begin with the header of a catalogue"),
        (struct.pack("<8sHHIQ", b"\x89SHELF\r\n", 1, 0, 0, 24), "does not begin with the header of a catalogue"),
    ],
    ids=["empty", "cut in the header", "another kind", "cut", "longer", "newer", "no buckets"],
)
def test_a_damaged_file_is_named(tmp_path, content, problem):
    path = tmp_path / "damaged.shelf"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"damaged\.shelf is damaged: .*{problem}.*: reinstall"):
        RecordFile(path).get("key 1")
    with pytest.raises(ConfigurationError, match="reinstall"):
        list(RecordFile(path).keys())


@pytest.mark.parametrize("deflated", [False, True])
def test_no_damaged_byte_gives_a_wrong_record(tmp_path, deflated):
    path = tmp_path / "damaged.shelf"
    records = {"a": 1, "b": [2, 3]}
    content = encode_records(records, buckets=2, deflated=deflated)
    noticed = 0
    for position in range(len(content)):
        broken = bytearray(content)
        broken[position] ^= 0x55
        path.write_bytes(broken)
        try:
            read = dict(RecordFile(path).items())
        except ConfigurationError:
            noticed += 1
        else:
            assert read == records
    assert noticed >= len(content) - 4  # unused flags; the offset of the end, which the length of the file implies


def test_a_file_cut_while_in_use_is_named(tmp_path):
    path = tmp_path / "some.shelf"
    content = encode_records(RECORDS, buckets=50)
    path.write_bytes(content)
    shelf = RecordFile(path)
    shelf.get("key 1")
    path.write_bytes(content[:100])
    with pytest.raises(ConfigurationError, match="is damaged"):
        dict(shelf.items())


def test_a_file_replaced_by_an_upgrade_stays_readable(path):
    shelf = RecordFile(path)
    shelf.get("key 1")
    path.unlink()
    path.write_bytes(encode_records({"other": 1}, buckets=1))
    assert shelf.get("key 2") == RECORDS["key 2"]
    assert RecordFile(path).get("other") == 1


@pytest.mark.parametrize("reused", [False, True], ids=["closed", "another file under its number"])
def test_a_descriptor_closed_by_a_daemon_is_opened_again(path, tmp_path, reused):
    shelf = RecordFile(path)
    shelf.get("key 1")
    if reused:
        other = tmp_path / "other"
        other.write_bytes(bytes(100_000))
        descriptor = os.open(other, os.O_RDONLY)
        os.dup2(descriptor, shelf._descriptor)
        os.close(descriptor)
    else:
        os.close(shelf._descriptor)
    assert shelf.get("key 2") == RECORDS["key 2"]
    assert dict(shelf.items()) == RECORDS


def test_a_collected_object_closes_its_descriptor(path):
    shelf = RecordFile(path)
    shelf.get("key 1")
    descriptor = shelf._descriptor
    del shelf
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_threads_share_an_object(path):
    shelf = RecordFile(path)
    wrong = []

    def look() -> None:
        wrong.extend(key for key, record in RECORDS.items() if shelf.get(key) != record)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


FORKING = """
import os, sys
from chainable.record_file import RecordFile
shelf = RecordFile(sys.argv[1])
assert shelf.get("key 1")["number"] == 1
def right():
    return all(shelf.get(f"key {number}")["number"] == number for number in range(200))
children = []
for _ in range(3):
    child = os.fork()
    if not child:
        os._exit(0 if right() else 1)
    children.append(child)
assert right()
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
"""


def test_forked_processes_share_an_object(path):
    subprocess.run([sys.executable, "-c", FORKING, str(path)], check=True)


def test_systems_without_pread_seek_and_read(tmp_path):
    path = tmp_path / "some"
    path.write_bytes(b"0123456789")
    descriptor = os.open(path, os.O_RDONLY)
    assert seek_and_read(descriptor, 3, 4) == b"456"
    assert seek_and_read(descriptor, 3, 0) == b"012"
    os.close(descriptor)
    assert record_file._pread is os.pread


def test_the_format_is_the_documented_one():
    content = encode_records({"a": 1}, buckets=1)
    entry = struct.pack("<HI", 1, 1) + b"a" + b"1"
    assert content == (
        struct.pack("<8sHHIQ", b"\x89SHELF\r\n", 1, 0, 1, len(content))
        + struct.pack("<II", 32, 32 + 4 + len(entry))
        + struct.pack("<I", zlib.crc32(entry, 0))
        + entry
    )
