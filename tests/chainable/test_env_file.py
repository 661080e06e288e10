"""
Files of ``NAME=value`` lines are read as other programs read them.

The values are those of https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/ (its table
of the syntax of env files) and of https://saurabh-kumar.com/python-dotenv/reference/.
"""

from __future__ import annotations

import pytest

from chainable import ConfigurationError
from chainable.env_file import env_value, parse_env
from chainable.masking import Secret
from chainable.private_files import env_text
from chainable.reasons import explain
from chainable.settings import read_environment

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----\n"


def parsed(text):
    return parse_env(Secret(text))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A=1   # 商户号", "1"),
        ("A=1\t# tab", "1"),
        ("A=1#2", "1#2"),
        ("A=#1", "#1"),
        ("A= # nothing", ""),
        ("A=", ""),
        (" export  A = 1 ", "1"),
        ("A='1' # comment", "1"),
        ('A="1"# comment', "1"),
        ("A='a # b'", "a # b"),
        ('A="a # b"', "a # b"),
        ("A='a\\nb'", "a\\nb"),
        ("A='it\\'s'", "it's"),
        ("A='C:\\\\keys'", "C:\\keys"),
        ('A="a\\nb\\tc"', "a\nb\tc"),
        ('A="say \\"hi\\" \\$5"', 'say "hi" \\$5'),
        ('A="a\nb"', "a\nb"),
        ("A='a\nb'", "a\nb"),
        ('A="a\r\nb"\r\n', "a\nb"),
        ("A='it''", None),
        ("A=C:\\new\\key.pem", "C:\\new\\key.pem"),
        ("A=it's", "it's"),
        ("A=a b", "a b"),
        ("A=x=y==", "x=y=="),
        ("A=1\nA=2", "2"),
        ("# A=0\n\n A=1\n#end", "1"),
        ("B=/keys\nA=${B}/key.pem", "/keys/key.pem"),
        ('B=/keys\nA="${B}/${C:-key}.pem"', "/keys/key.pem"),
        ("B=/keys\nA='${B}'", "${B}"),
        ("A=${NOT_SET_ANYWHERE}x", "x"),
        ("A=pa$$word$1", "pa$$word$1"),
        ("A=pa$NOT_SET_ANYWHERE", "pa$NOT_SET_ANYWHERE"),
        ("B=1\nA='$B'", "$B"),
        ("B=1\nA=$$B\\$B", "$$B\\$B"),
        ("A=${NOT_SET_ANYWHERE-x}", "x"),
        ("B=\nA=${B-x}", ""),
        ("B=\nA=${B:-x}", "x"),
        ("A: 1", "1"),
        ("A : '1' # comment", "1"),
        ("A: http://host/?a=b", "http://host/?a=b"),
        ("A:", ""),
        ("export\tA=1", "1"),
        ("'A'=1", "1"),
    ],
)
def test_a_value_is_read_as_others_read_it(line, value):
    assert parsed(line) == ((1, "quote_not_closed") if value is None else parsed(line) | {"A": value})


def test_a_variable_of_the_environment_is_filled_in(monkeypatch):
    monkeypatch.setenv("KEY_FOLDER", "/run/secrets")

    assert parsed("A=${KEY_FOLDER}/a\nKEY_FOLDER=/own\nB=${KEY_FOLDER}/b") == {
        "A": "/run/secrets/a",
        "KEY_FOLDER": "/own",
        "B": "/own/b",
    }


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_pem_over_several_lines_is_one_value(quote):
    assert parsed(f"SHOP_A=1\nSHOP_KEY={quote}{PEM}{quote}   # the key\nSHOP_B=2\n") == {
        "SHOP_A": "1",
        "SHOP_KEY": PEM,
        "SHOP_B": "2",
    }


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('A=1\nB="2\nC=3\n', 2, "quote_not_closed"),
        ("A='1\n2\n3'\nB\n", 4, "not_an_assignment"),
        ("A='1' 2", 1, "quote_not_closed"),
        ('A="1\x00"', 1, "control_character"),
        ("A='1\x1b\n2'", 1, "control_character"),
        ("A\x07=1", 1, "control_character"),
        ("\n# \x07", 2, "control_character"),
        ("A=1\nBEGIN", 2, "not_an_assignment"),
    ],
)
def test_a_wrong_line_has_a_number_and_a_reason(text, line, reason):
    assert parsed(text) == (line, reason)


def test_an_open_quote_is_explained_without_the_value(tmp_path):
    file = tmp_path / "a.env"
    file.write_text('\nSHOP_KEY="PLANTED\n')
    with pytest.raises(ConfigurationError, match="line 2: the quotation mark before the value has no match") as caught:
        read_environment("SHOP_", ["KEY"], file)

    assert caught.value.reason == "quote_not_closed"
    assert "PLANTED" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["plain", "a b", "/a #b/key", "#1", "${HOME}", "it's #1", "C:\\a #b\\", "a${b", "", "a#b", "C:\\keys"]
)
def test_what_is_written_is_read_again(value, tmp_path):
    file = tmp_path / "a.env"
    file.write_text(env_text({"SHOP_KEY": value}))

    assert read_environment("SHOP_", ["KEY"], file) == ({"key": value} if value else {})
    assert env_value("C:\\keys") == "C:\\keys"


@pytest.mark.parametrize("prefix", ["sb.env", "./sb", "C:\\sb"])
def test_a_file_in_the_place_of_the_prefix_is_named(prefix):
    with pytest.raises(ConfigurationError, match=r"^prefix: .*pass a file as file=: from_env\(file='") as caught:
        read_environment(prefix, ["KEY"])

    assert caught.value.reason == "prefix_is_file"


def test_a_path_or_a_key_in_the_place_of_the_prefix_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"from_env\(file='.*sb\.env'\)"):
        read_environment(tmp_path / "sb.env", ["KEY"])
    with pytest.raises(ConfigurationError, match="file=$"):
        read_environment(PEM, ["KEY"])
    with pytest.raises(ConfigurationError, match="file=$"):
        read_environment(5, ["KEY"])


def test_white_space_alone_is_not_set(monkeypatch):
    monkeypatch.setenv("SHOP_KEY", " \t")

    assert read_environment("SHOP_", ["KEY"]) == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("set A=1", (1, "name_with_blank")),
        ("B=1\nMY NAME=1", (2, "name_with_blank")),
        ("A=" + PEM, (1, "several_lines_without_quotes")),
        ("B=1\nA=$B/x", (2, "dollar_name B")),
        ('B=1\nA="$B"', (2, "dollar_name B")),
        ("A=$PATH", (1, "dollar_name PATH")),
        ("A=${B:?set it}", (1, "unknown_expansion")),
        ("A=${B:+x}", (1, "unknown_expansion")),
        ('A="${B+x}"', (1, "unknown_expansion")),
        ("A:1", (1, "not_an_assignment")),
    ],
)
def test_what_readers_read_in_different_ways_is_refused(text, wrong):
    assert parsed(text) == wrong


def test_the_name_behind_a_dollar_sign_is_named(tmp_path):
    file = tmp_path / "a.env"
    file.write_text("HOST=shop\nSHOP_PATH=$HOST/key.pem\n")

    with pytest.raises(ConfigurationError, match=r"line 2: \$HOST is read in two ways.*write \$\{HOST\}") as caught:
        read_environment("SHOP_", ("PATH",), file)

    assert "请写成 ${HOST}" in explain(caught.value, {}).zh


def test_a_value_of_several_lines_without_quotes_is_named(tmp_path):
    file = tmp_path / "a.env"
    file.write_text("SHOP_KEY=" + PEM)

    with pytest.raises(ConfigurationError, match=r"line 1: a value over several lines.*NAME=\"…\""):
        read_environment("SHOP_", ("KEY",), file)
