"""Validation of options, and settings from the environment and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainable import ConfigurationError
from chainable.settings import check_texts, read_environment, read_toml
from chainable.tls_contexts import verification
from chainable.validation import (
    check_base_url,
    check_header_fields,
    check_seconds,
    check_timeout,
    check_verification,
    check_whole,
)


class TestBaseURL:
    @pytest.mark.parametrize(
        ("given", "taken"),
        [
            ("https://host.example", "https://host.example/"),
            ("https://host.example/hk/", "https://host.example/hk/"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("http://localhost/x", "http://localhost/x/"),
            ("http://[::1]:1/", "http://[::1]:1/"),
        ],
    )
    def test_a_base_url_ends_with_one_slash(self, given, taken):
        assert check_base_url("base_url", given) == taken

    @pytest.mark.parametrize(
        "given",
        [None, 1, "", "host", "ftp://host/", "https://", "https://host:x/", "https://host:0/", "https://ho st/", "https://支付/", "https://[",
         "https://user:SECRET@host/", "https://host/?a=SECRET", "https://host/#SECRET", "http://host.example/", "http://10.0.0.1/"],
    )  # fmt: skip
    def test_an_invalid_base_url_raises_with_the_name_of_the_option(self, given):
        with pytest.raises(ConfigurationError, match="^base_url: ") as caught:
            check_base_url("base_url", given)

        assert "SECRET" not in str(caught.value)


class TestOptions:
    @pytest.mark.parametrize(
        ("given", "pair"), [(None, (5.0, 30.0)), (3, (3.0, 3.0)), ((1, 2.5), (1.0, 2.5)), ([1, 2], (1.0, 2.0))]
    )
    def test_a_timeout_becomes_a_pair(self, given, pair):
        assert check_timeout(given) == pair

    @pytest.mark.parametrize("given", [0, -1, "5", True, float("inf"), float("nan"), (1,), (1, None), (1, 2, 3), 1e9])
    def test_an_invalid_timeout_raises(self, given):
        with pytest.raises(ConfigurationError, match="timeout"):
            check_timeout(given)

    @pytest.mark.parametrize("given", [0, -1, "5", True, float("inf"), None, (1, 2)])
    def test_invalid_seconds_raise(self, given):
        """None is not a default here, and the message has the name of the option."""
        with pytest.raises(ConfigurationError, match="deadline: a positive number of seconds was expected"):
            check_seconds("deadline", given)

    def test_seconds_become_a_float(self):
        assert check_seconds("deadline", 5) == 5.0

    @pytest.mark.parametrize("given", [-1, True, 1.0, "1", None])
    def test_an_invalid_count_raises(self, given):
        with pytest.raises(ConfigurationError, match="retries"):
            check_whole("retries", given)

    def test_a_valid_count_is_returned(self):
        assert check_whole("retries", 0) == 0

    def test_verify_is_a_bool_or_a_path(self):
        assert check_verification(False) is False
        assert check_verification(Path("/x")) == "/x"
        with pytest.raises(ConfigurationError, match="verify"):
            check_verification(1)

    def test_headers_are_converted_to_str(self):
        assert check_header_fields(None) == {}
        assert check_header_fields({"X-A": "1", "X-B": None, "X-C": b"2"}) == {"X-A": "1", "X-C": "2"}

    @pytest.mark.parametrize(
        "headers",
        [
            {"X\r\n": "1"},
            {"": "1"},
            {1: "1"},
            {"支": "1"},
            {"X": "SECRET\r\nY: 1"},
            {"X": "SECRET值"},
            {"X": 1},
            "X: 1",
            [("X", "1")],
        ],
    )
    def test_invalid_headers_raise(self, headers):
        with pytest.raises(ConfigurationError, match="headers") as caught:
            check_header_fields(headers)

        assert "SECRET" not in str(caught.value)


class TestEnvironment:
    def test_names_with_the_prefix_are_read(self, monkeypatch):
        monkeypatch.setenv("SHOP_KEY", "1")
        monkeypatch.setenv("SHOP_EMPTY", "")
        monkeypatch.setenv("OTHER", "2")

        assert read_environment("SHOP_", {"KEY", "EMPTY"}) == {"key": "1"}

    def test_an_unknown_name_warns_with_a_similar_one(self, monkeypatch):
        monkeypatch.setenv("SHOP_KYE", "1")
        with pytest.warns(UserWarning, match="SHOP_KYE is not a setting; did you mean 'KEY'"):
            assert read_environment("SHOP_", ["KEY"]) == {}

    def test_a_file_is_read_in_place_of_the_environment(self, monkeypatch, tmp_path):
        monkeypatch.setenv("SHOP_KEY", "real")
        file = tmp_path / "test.env"
        file.write_text("\ufeff# a comment\n\nexport SHOP_KEY='test'\nSHOP_TWO=\"a=b\"\nSHOP_THREE=plain\n", "utf-8")

        assert read_environment("SHOP_", ["KEY", "TWO", "THREE"], file) == {
            "key": "test",
            "two": "a=b",
            "three": "plain",
        }

    def test_an_invalid_file_raises_with_its_name(self, tmp_path):
        broken = tmp_path / "broken.env"
        broken.write_text("SHOP_KEY\n")
        with pytest.raises(ConfigurationError, match=r"broken\.env: line 1"):
            read_environment("SHOP_", [], broken)
        with pytest.raises(ConfigurationError, match=r"none\.env: cannot be read"):
            read_environment("SHOP_", [], tmp_path / "none.env")
        broken.write_bytes(b"\xff\xfe\xfd")
        with pytest.raises(ConfigurationError, match="UTF-8"):
            read_environment("SHOP_", [], broken)


class TestTables:
    @pytest.mark.parametrize("text", ['key = "1"', '[shop]\nkey = "1"'])
    def test_settings_are_read_from_a_table_or_the_top_level(self, tmp_path, text):
        file = tmp_path / "shop.toml"
        file.write_text(text)

        assert read_toml(file, "shop", ["key"]) == {"key": "1"}

    @pytest.mark.parametrize(("text", "message"), [("key =", "not TOML"), ('kye = "1"', "did you mean 'key'")])
    def test_an_invalid_file_raises_with_its_name(self, tmp_path, text, message):
        file = tmp_path / "shop.toml"
        file.write_text(text)
        with pytest.raises(ConfigurationError, match=message):
            read_toml(file, "shop", ["key"])


class TestLinesOfFiles:
    @pytest.mark.parametrize("end", ["\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\r", "\x00", "\x1b", "\x7f"])
    def test_a_control_character_raises(self, tmp_path, end):
        file = tmp_path / "a.env"
        file.write_bytes(f"SHOP_KEY=PLANTED{end}SHOP_URL=https://evil.example/\n".encode())
        with pytest.raises(ConfigurationError, match=r"a\.env: line 1 contains a control character") as caught:
            read_environment("SHOP_", ["KEY", "URL"], file)

        assert "PLANTED" not in str(caught.value)

    @pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\xa0", "\u3000"])
    def test_other_separators_are_parts_of_the_value(self, tmp_path, separator):
        file = tmp_path / "a.env"
        file.write_text(f"SHOP_KEY=a{separator}SHOP_URL=https://evil.example/{separator}\n", "utf-8")

        assert read_environment("SHOP_", ["KEY", "URL"], file) == {
            "key": f"a{separator}SHOP_URL=https://evil.example/{separator}"
        }

    def test_lines_may_end_with_crlf(self, tmp_path):
        file = tmp_path / "a.env"
        file.write_bytes(b"SHOP_KEY= \t1\t\r\n\r\nSHOP_TWO='2'\r\n")

        assert read_environment("SHOP_", ["KEY", "TWO"], file) == {"key": "1", "two": "2"}


def test_files_may_be_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "shop.toml").write_text("key = '1'\n")
    (tmp_path / "shop.env").write_text("SHOP_KEY=1\n")
    assert read_toml("~/shop.toml", "shop", ["key"]) == {"key": "1"}
    assert read_environment("SHOP_", ["KEY"], "~/shop.env") == {"key": "1"}
    assert check_verification("~/ca.pem") == verification(Path("~/ca.pem")) == str(tmp_path / "ca.pem")
    assert check_verification("~nobody-of-this-name/ca.pem") == "~nobody-of-this-name/ca.pem"
    with pytest.raises(ConfigurationError, match=f"^{tmp_path}/other.toml: cannot be read"):
        read_toml(Path("~/other.toml"), "shop", ["key"])


class TestWrongTypes:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[[shop]]\nkey = 'PLANTED'\n", r"shop is a list, a table was expected: write \[shop\]"),
            ("shop = ['PLANTED']", "shop is a list"),
            ("shop = [1]", "shop is a list"),
            ("shop = 'PLANTED'", "shop is a single value"),
            ("shop = 2026-01-01", "shop is a single value"),
            ("key = 'PLANTED'PLANTED", r"is not TOML \(at line 1, column \d+\)"),
            ("key = 'PLANTED", r"is not TOML \(at end of document\)"),
            ("key = 'PLANTED'\nkey = 'PLANTED'", r"is not TOML"),
            ("key = " + "1" * 5000, "is not TOML"),
            ("key = " + "[" * 100_000, "is not TOML"),
            (
                "PLANTED0123456789abcdef = 1",
                r"'PL…' \(23 characters, which looks like a key or secret\) is not a setting",
            ),
            ("PLANTEDpassw0rd123 = 1", r"'PL…' \(18 characters\) is not a setting"),
            ("[PLANTEDpassword]\nkey = 1", r"'PL…' \(15 characters\) is not a setting"),
        ],
    )
    def test_no_error_quotes_a_value(self, tmp_path, text, message):
        file = tmp_path / "shop.toml"
        file.write_text(text)
        with pytest.raises(ConfigurationError, match=message) as caught:
            read_toml(file, "shop", ["key"])

        assert "PLANTED" not in str(caught.value)

    def test_the_name_of_an_unknown_variable_is_masked_if_it_looks_like_a_key(self, monkeypatch):
        monkeypatch.setenv("SHOP_PLANTED0123456789abcdef", "1")
        with pytest.warns(UserWarning, match=r"^SHOP_'PL…' \(23 characters.*\) is not a setting") as caught:
            read_environment("SHOP_", ["KEY"])

        assert "PLANTED" not in str(caught[0].message)

    def test_settings_are_checked_for_text(self):
        kinds = {"numbers": ("number",), "lists": ("list",), "tables": ("table",), "flags": ("flag",)}
        fine = {"a": "x", "number": 5, "list": ["a"], "table": {"a": "b"}, "flag": True}

        assert check_texts(fine, "f", **kinds) == fine | {"number": "5"}
        for name, wrong in {"a": 5, "number": 1.5, "list": [], "table": {"a": "PLANTED", "b": 1}, "flag": 5}.items():
            expected = "a table of texts" if name == "table" else "text"
            with pytest.raises(ConfigurationError, match=f"^f: {name}: {expected} was expected$"):
                check_texts({name: wrong}, "f", **kinds)
        with pytest.raises(ConfigurationError, match="a: text was expected"):
            check_texts({"a": True}, "f")

    def test_verify_rejects_a_key(self):
        with pytest.raises(ConfigurationError, match="verify: True, False or the path"):
            check_verification("0123456789abcdef0123456789abcdef")
