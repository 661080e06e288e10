"""Private files: other users cannot read them, and files of the user are not lost."""

from __future__ import annotations

import os
import pickle
import stat
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import ConfigurationError
from chainable.private_files import Marked, NotOursError, env_text, make_private, write_private

MADE = Marked("shop sandbox")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def open_file(path, text="old"):
    path.write_text(text)
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("content", ["密", "密".encode()])
def test_a_file_is_private_whatever_it_replaces(tmp_path, content):
    path = open_file(tmp_path / "a")
    held = path.open("rb")

    write_private(path, content)

    assert path.read_bytes() == "密".encode()
    assert mode(path) == 0o600
    assert held.read() == b"old"  # a process that has the old file open does not see the new content
    held.close()
    assert os.listdir(tmp_path) == ["a"]


def test_a_link_is_replaced_and_not_followed(tmp_path):
    victim = open_file(tmp_path / "victim")
    link = tmp_path / "link"
    link.symlink_to(victim)

    write_private(link, "new")

    assert victim.read_text() == "old"
    assert not link.is_symlink()
    assert mode(link) == 0o600


def test_a_failure_keeps_the_old_file(tmp_path, monkeypatch):
    path = open_file(tmp_path / "a")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))

    with pytest.raises(OSError, match="full"):
        write_private(path, "new")

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_an_existing_file_becomes_private(tmp_path):
    path = open_file(tmp_path / "a")
    make_private(path)
    make_private(tmp_path / "new")

    assert (mode(path), path.read_text()) == (0o600, "old")
    assert (mode(tmp_path / "new"), (tmp_path / "new").read_text()) == (0o600, "")


def test_links_and_pipes_raise(tmp_path):
    victim = open_file(tmp_path / "victim")
    (tmp_path / "link").symlink_to(victim)
    os.mkfifo(tmp_path / "pipe")

    for name in ("link", "pipe"):
        with pytest.raises(OSError):
            make_private(tmp_path / name)
    assert mode(victim) == 0o644


@pytest.mark.parametrize(
    "value", ["a\nB=1", "a\rb", "a\x00", "a\x85b", "a\u2028B=1", "a\u2029b", "a\x0bb", "a\x1cb", "\ud800", "a\x7f",
              " a", "a ", '"a"', "'a'", '"', "a\t"],
)  # fmt: skip
def test_a_value_that_readers_would_change_raises(value):
    with pytest.raises(ConfigurationError, match="NAME: ") as raised:
        env_text({"NAME": value})
    assert "B=1" not in str(raised.value)


def test_values_are_read_back_unchanged(tmp_path):
    from chainable.settings import read_environment

    settings = {"A_ONE": "a=b #c", "A_TWO": "密 钥", "A_THREE": "a'b\"c"}
    write_private(tmp_path / "a", f"{MADE.line}\n{env_text(settings)}")

    read = read_environment("A_", {"ONE", "TWO", "THREE"}, tmp_path / "a")
    assert read == {"one": "a=b #c", "two": "密 钥", "three": "a'b\"c"}


@given(
    st.dictionaries(
        st.sampled_from(["A", "B", "C"]),
        st.text(st.characters(blacklist_categories=("C", "Z")) | st.just(" "), min_size=1).filter(
            lambda text: text == text.strip(" \"'")
        ),
    )
)
def test_any_accepted_values_are_read_back_unchanged(tmp_path_factory, values):
    from chainable.settings import read_environment

    file = tmp_path_factory.mktemp("env") / "a.env"
    write_private(file, env_text({f"X_{name}": value for name, value in values.items()}))

    assert read_environment("X_", ["A", "B", "C"], file) == {name.lower(): value for name, value in values.items()}


@pytest.mark.parametrize("character", ["\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\x00"])
def test_a_value_with_a_line_break_raises(character):
    with pytest.raises(ConfigurationError, match="^X_A: ") as caught:
        env_text({"X_A": f"PLANTED{character}X_URL=https://evil.example/"})

    assert "PLANTED" not in str(caught.value)


def test_an_invalid_name_raises():
    with pytest.raises(ConfigurationError, match="is not a valid name of a variable"):
        env_text({"A=B\nC": "1"})


@pytest.mark.parametrize("bare", [False, True])
def test_files_of_the_command_are_replaced_without_a_warning(tmp_path, bare):
    path = tmp_path / "a"
    for text in ("one", "two"):
        assert MADE.write(path, text, force=False, bare=bare) is None

    assert path.read_text() == ("two" if bare else f"{MADE.line}\ntwo")
    assert mode(path) == 0o600
    assert MADE.made(path)
    assert not Marked("other sandbox").made(path)


@pytest.mark.parametrize("bare", [False, True])
def test_a_file_of_the_user_is_not_replaced(tmp_path, bare):
    path = open_file(tmp_path / "a", "KEY=1\n")
    with pytest.raises(NotOursError, match="was not made by 'shop sandbox'"):
        MADE.write(path, "new", force=False, bare=bare)
    assert path.read_text() == "KEY=1\n"
    assert os.listdir(tmp_path) == ["a"]


def test_a_listed_file_that_was_changed_counts_as_the_users(tmp_path):
    path = tmp_path / "key.pem"
    MADE.write(path, "key", bare=True)
    MADE.write(tmp_path / "other.pem", "other", bare=True)
    assert MADE.foreign([path, tmp_path / "other.pem", tmp_path / "none"]) == []
    path.write_text("real key")

    assert MADE.foreign([path, tmp_path / "other.pem"]) == [path]


def test_a_forced_write_keeps_a_backup(tmp_path):
    path = open_file(tmp_path / "a", "KEY=1\n")
    open_file(tmp_path / "a.bak", "older")
    with pytest.warns(UserWarning, match=r"kept as .*a\.bak1"):
        assert MADE.write(path, "new") == tmp_path / "a.bak1"

    assert (tmp_path / "a.bak1").read_text() == "KEY=1\n"
    assert (tmp_path / "a.bak").read_text() == "older"
    assert MADE.made(path)


def test_a_link_to_a_marked_file_counts_as_the_users(tmp_path):
    MADE.write(tmp_path / "a", "x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "nowhere").symlink_to(tmp_path / "none")
    for name in ("link", "nowhere"):
        assert MADE.foreign([tmp_path / name])
        with pytest.warns(UserWarning, match="kept as"):
            MADE.write(tmp_path / name, "y")
    assert (tmp_path / "a").read_text().endswith("\nx")
    assert (tmp_path / "link.bak").is_symlink()


def test_a_folder_raises_even_if_forced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(ConfigurationError, match="is not a file"):
            MADE.write(tmp_path / name, "x")
    assert sorted(os.listdir(tmp_path)) == ["folder", "pipe"]


def test_the_error_can_be_pickled(tmp_path):
    error = pickle.loads(pickle.dumps(NotOursError(tmp_path / "a", "shop sandbox")))
    assert (error.path, error.maker) == (tmp_path / "a", "shop sandbox")
