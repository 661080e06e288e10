"""Replacing files: in one step, private from the first byte, orphans of killed writers removed."""

from __future__ import annotations

import errno
import fcntl
import os
import runpy
import signal
import stat
import subprocess
import sys

import pytest

from chainable import atomic
from chainable.atomic import replace_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "secrets.json"


def orphan(path, mark="0" * 16, content=b"TOKEN"):
    """Create the temporary file of a killed writer."""
    left = path.with_name(f".{path.name}.{mark}.new")
    left.write_bytes(content)
    left.chmod(0o600)
    return left


def names(path):
    return sorted(os.listdir(path.parent))


class TestReplacing:
    def test_the_file_is_private_and_complete(self, path):
        path.write_bytes(b"old")
        path.chmod(0o644)

        replace_file(path, memoryview(b"new"))

        assert path.read_bytes() == b"new"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert names(path) == ["secrets.json"]

    def test_the_file_is_private_from_its_first_byte(self, path, monkeypatch):
        """The file never has another mode, whatever the umask of the process is."""
        modes, opened = [], os.open

        def watching(name, flags, mode=0o777, **options):
            handle = opened(name, flags, mode, **options)
            modes.append(stat.S_IMODE(os.fstat(handle).st_mode))
            return handle

        mask = os.umask(0)
        try:
            with monkeypatch.context() as patch:
                patch.setattr("os.open", watching)
                patch.setattr("os.fsync", lambda handle: modes.append(stat.S_IMODE(os.fstat(handle).st_mode)))
                replace_file(path, b"new")
        finally:
            os.umask(mask)

        assert modes[:2] == [0o600, 0o600]

    def test_a_link_is_replaced_not_followed(self, path, tmp_path):
        other = tmp_path / "other"
        other.write_bytes(b"of another")
        path.symlink_to(other)

        replace_file(path, b"new")

        assert other.read_bytes() == b"of another"
        assert not path.is_symlink()
        assert path.read_bytes() == b"new"

    def test_a_failure_changes_nothing(self, path, monkeypatch):
        path.write_bytes(b"old")

        def full(handle):
            raise OSError(errno.ENOSPC, "disk full")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="disk full"):
            replace_file(path, b"new")

        assert path.read_bytes() == b"old"
        assert names(path) == ["secrets.json"]

    def test_a_file_is_replaced_in_a_folder_that_cannot_be_synchronised(self, path, monkeypatch):
        """The content is written nevertheless."""
        synchronise = os.fsync

        def files_only(handle):
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "not a file")
            synchronise(handle)

        monkeypatch.setattr("os.fsync", files_only)
        replace_file(path, b"new")

        assert path.read_bytes() == b"new"

    def test_a_missing_folder_raises(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            replace_file(tmp_path / "none" / "secrets.json", b"new")

    def test_a_file_is_replaced_without_fcntl(self, path, monkeypatch):
        """Windows has no such locks: the file is closed before it is renamed, and orphans are not removed."""
        left = orphan(path)
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "fcntl", None)
            assert runpy.run_path(atomic.__file__)["fcntl"] is None
        monkeypatch.setattr(atomic, "fcntl", None)

        replace_file(path, b"new")

        assert path.read_bytes() == b"new"
        assert left.exists()


class TestOrphans:
    def test_orphans_are_removed(self, path):
        orphan(path)
        orphan(path, "0123456789abcdef")

        replace_file(path, b"new")

        assert names(path) == ["secrets.json"]

    @pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSTOP])
    def test_a_running_writer_keeps_its_file(self, path, signal_number):
        """A writer is stopped or killed between writing and renaming; the file of the stopped one is kept."""
        program = (
            "import os, sys, pathlib; from chainable.atomic import replace_file\n"
            "os.fsync = lambda handle: (print('written', flush=True), sys.stdin.read())\n"
            "replace_file(pathlib.Path(sys.argv[1]), b'TOKEN')\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout.readline() == "written\n"
            (left,) = names(path)
            writer.send_signal(signal_number)
            if signal_number == signal.SIGKILL:
                writer.wait()

            replace_file(path, b"new")
            kept = names(path)
            writer.kill()

        assert left.endswith(".new")
        assert kept == (["secrets.json"] if signal_number == signal.SIGKILL else [left, "secrets.json"])
        replace_file(path, b"newer")
        assert names(path) == ["secrets.json"]

    def test_other_files_are_not_removed(self, path, tmp_path):
        """Links, folders and files with other names or types are kept."""
        target = tmp_path / "precious"
        target.write_bytes(b"precious")
        path.with_name(".secrets.json.1111111111111111.new").symlink_to(target)
        path.with_name(".secrets.json.2222222222222222.new").mkdir()
        os.mkfifo(path.with_name(".secrets.json.3333333333333333.new"))
        for name in (
            ".secrets.json.44444444444444444.new",
            ".secrets.json.555555555555555.new",
            ".secrets.json.GGGGGGGGGGGGGGGG.new",
            ".secretsXjson.6666666666666666.new",
            ".other.json.7777777777777777.new",
            "secrets.json.8888888888888888.new",
            ".secrets.json.9999999999999999.new.bak",
        ):
            path.with_name(name).write_bytes(b"kept")
        before = names(path)

        replace_file(path, b"new")

        assert names(path) == sorted([*before, "secrets.json"])
        assert target.read_bytes() == b"precious"

    def test_a_file_of_another_user_is_not_removed(self, path, monkeypatch):
        left = orphan(path)
        mine = os.geteuid()
        monkeypatch.setattr("os.geteuid", lambda: mine + 1)

        replace_file(path, b"new")

        assert left.exists()

    @pytest.mark.parametrize("taken", ["removed", "held"])
    def test_a_new_file_that_another_process_locked_is_created_again(self, path, monkeypatch, taken):
        """Another process may lock the file between its creation and its own lock."""
        opened, held = os.open, []

        def interrupted(name, flags, mode=0o777, **options):
            handle = opened(name, flags, mode, **options)
            if str(name).endswith(".new") and not held:
                held.append(opened(name, os.O_RDWR))
                if taken == "removed":
                    os.unlink(name)
                else:
                    fcntl.flock(held[0], fcntl.LOCK_EX)
            return handle

        monkeypatch.setattr("os.open", interrupted)
        replace_file(path, b"new")
        monkeypatch.undo()
        os.close(*held)

        assert path.read_bytes() == b"new"
        assert names(path) == ["secrets.json"]

    def test_a_file_is_replaced_on_a_file_system_without_locks(self, path, monkeypatch):
        """Orphans are not removed, because they look like files that are being written."""
        left = orphan(path)

        def unsupported(handle, operation):
            raise OSError(errno.ENOLCK, "no locks")

        monkeypatch.setattr("fcntl.flock", unsupported)
        replace_file(path, b"new")

        assert path.read_bytes() == b"new"
        assert left.exists()
