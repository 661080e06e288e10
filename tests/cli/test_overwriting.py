"""Commands that write: never over a file of the user's, unless they are forced to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

COMMANDS = [
    ("wx", "sandbox"),
    ("wx", "listen"),
    ("wx", "trigger", "TRANSACTION.SUCCESS", "--to", "http://127.0.0.1:9/"),
    ("top", "sandbox"),
]
PRODUCTION = "WECHATPAY_MCHID=1\n"


@pytest.fixture
def run(wx, top):
    return lambda who, *arguments: {"wx": wx, "top": top}[who](*arguments)


@pytest.mark.parametrize("command", COMMANDS)
def test_env_is_refused_where_it_wrote(run, command, tmp_path):
    file = tmp_path / "production.env"
    file.write_text(PRODUCTION)
    result = run(*command, "--env", file)

    assert result.code == 2
    assert f"--write-env {file}" in result.err
    assert file.read_text() == PRODUCTION
    who, *arguments = command
    assert f"请用 --write-env {file}" in run(who, "--lang", "zh", *arguments, "--env", file).err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_the_users_is_left_alone(run, command, tmp_path):
    file = tmp_path / "production.env"
    file.write_text(PRODUCTION)
    result = run(*command, "--write-env", file)

    assert result.code == 2
    assert f"--write-env: {file} was not written by" in result.err
    assert "--force" in result.err
    assert file.read_text() == PRODUCTION
    assert os.listdir(tmp_path) == ["production.env"]
    who, *arguments = command
    assert "不是由" in run(who, "--lang", "zh", *arguments, "--write-env", file).err


@pytest.mark.parametrize("who", ["wx", "top"])
def test_a_forced_file_is_kept(run, who, tmp_path, interrupted, waiting):
    file = tmp_path / "production.env"
    file.write_text(PRODUCTION)
    for number in range(2):
        interrupted(waiting)
        result = run(who, "sandbox", "--write-env", file, *(["--force"] if number == 0 else []))
        assert result.code == 0, result.err
        assert ("kept as" in result.err) is (number == 0)  # the second time it is the sandbox's own

    assert (tmp_path / "production.env.bak").read_text() == PRODUCTION
    assert file.read_text().startswith("# Made by ")
    file.write_text(PRODUCTION)
    interrupted(waiting)
    result = run(who, "--lang", "zh", "sandbox", "--write-env", file, "--force")
    assert (
        result.err
        == f"{file} 不是由“{'wechatpay' if who == 'wx' else 'taobao-top'} sandbox”生成的，原文件保留为 {file}.bak1\n"
    )


def test_keys_of_the_users_are_left_alone(wx, tmp_path):
    folder = tmp_path / "a.env.d"
    folder.mkdir()
    (folder / "apiclient_key.pem").write_text("real")
    result = wx("sandbox", "--write-env", tmp_path / "a.env")

    assert result.code == 2
    assert "apiclient_key.pem was not written by" in result.err
    assert (folder / "apiclient_key.pem").read_text() == "real"
    assert not (tmp_path / "a.env").exists()


def test_the_folder_of_keys_is_not_a_link(wx, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a.env.d").symlink_to(tmp_path / "elsewhere")
    result = wx("sandbox", "--write-env", tmp_path / "a.env")

    assert result.code == 2
    assert "is a link" in result.err
    assert os.listdir(tmp_path / "elsewhere") == []


def test_outputs_do_not_replace_files(wx, top, sandbox, gateway, tmp_path):
    file = tmp_path / "mine"
    day = sandbox.context.stamp()[:10]
    commands = (
        (wx, "request", "get", "v3/certificates", "--env", sandbox.file, "-o", file),
        (top, "request", "taobao.time.get", "--env", gateway.file, "-o", file),
        (wx, "bill", day, "--env", sandbox.file, "--save", file),
        (wx, "bill", day, "--env", sandbox.file, "--image", file.with_suffix(".svg")),
        (wx, "download", "https://a.example/x", file, "--env", sandbox.file),
    )
    for path in (file, file.with_suffix(".svg")):
        path.write_text("mine")
    before = len(sandbox.journal)
    for command, *arguments in commands:
        result = command(*arguments)
        assert (result.code, "exists: choose another file" in result.err) == (2, True), arguments
        assert "--force" in result.err
        assert "已存在" in command("--lang", "zh", *arguments).err
    assert file.read_text() == file.with_suffix(".svg").read_text() == "mine"
    assert len(sandbox.journal) == before  # nothing was asked before

    assert wx(*commands[0][1:], "--force").code == 0
    assert file.read_text() != "mine"
    assert "the folder does not exist" in wx("bill", day, "--image", tmp_path / "none" / "a.svg").err


def test_an_output_may_be_a_device(wx, sandbox):
    assert wx("request", "get", "v3/certificates", "--env", sandbox.file, "-o", os.devnull).code == 0


def test_saved_certificates_replace_nothing_else(wx, sandbox, tmp_path):
    saved = wx("certificates", "save", tmp_path, "--env", sandbox.file, "--json").data["saved"]
    assert wx("certificates", "save", tmp_path, "--env", sandbox.file).code == 0
    path = Path(saved[0])
    path.write_text("mine")
    result = wx("certificates", "save", tmp_path, "--env", sandbox.file)
    assert result.code == 2
    assert "has other content" in result.err
    assert path.read_text() == "mine"
    assert wx("certificates", "save", tmp_path, "--env", sandbox.file, "--force").code == 0
    assert "CERTIFICATE" in path.read_text()
