"""The sandbox as its users start it."""

from __future__ import annotations

import ast
import os
import stat
import sys
from pathlib import Path

import pytest

import taobao_top.sandbox
from taobao_top.sandbox import Account, Sandbox

CLIENT = (
    "taobao_top.client", "taobao_top.signing", "taobao_top.parameters", "taobao_top.response_parsing", "taobao_top.request",
    "taobao_top.response", "taobao_top.tmc", "chainable.signing", "chainable.codecs", "chainable.pipeline",
    "chainable.transport", "chainable.chain", "chainable.client", "chainable.call", "chainable.path",
)  # fmt: skip
ALLOWED = (
    "chainable.atomic",
    "taobao_top.sandbox",
    "taobao_top.catalogue",
    "chainable.record_file",
    "chainable.destination",
    "chainable.loopback",
    "chainable.direct",
    "chainable.errors",
    "chainable.masking",
    "chainable.private_files",
    "chainable.sandbox",
)


def _imports(path):
    """What a module imports, outside functions and type checking."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_it_shares_nothing_with_the_client():
    folder = Path(taobao_top.sandbox.__file__).parent
    pending = list(folder.rglob("*.py"))
    assert len(pending) > 20
    seen = set()
    while pending:
        path = pending.pop()
        seen.add(path)
        for name in _imports(path):
            if not name.startswith(("taobao_top", "chainable", "wechatpay")):
                continue
            if path.name == "sandbox.py" and name in {"taobao_top", "taobao_top.TaobaoTop"}:
                continue  # Sandbox.client()
            if path.name == "admin.py" and name in {"taobao_top.inspector", "taobao_top.inspector.Inspector"}:
                continue  # the page, once somebody looks at it
            assert name.startswith(ALLOWED) or name in {"taobao_top", "taobao_top.sandbox"}, (path, name)
            assert not name.startswith(CLIENT)
            module = sys.modules.get(name)
            if module is not None and module.__file__ and Path(module.__file__) not in seen and name != "taobao_top":
                pending.append(Path(module.__file__))


def test_the_client_is_imported_by_client_alone():
    folder = Path(taobao_top.sandbox.__file__).parent
    users = [path.name for path in folder.rglob("*.py") if "import TaobaoTop" in path.read_text()]
    assert users == ["sandbox.py"]


@pytest.mark.parametrize("secure", [False, True])
def test_a_client_of_its_own(sandbox, secure):
    client = sandbox.client(gateway=sandbox.https_gateway) if secure else sandbox.client()
    assert client.taobao.time.get().data["time"]
    assert client["alibaba.finance.insurance.createorder"] is not None
    assert sandbox.journal[-1].verified


def test_env(sandbox, tmp_path):
    from taobao_top import TaobaoTop

    file = sandbox.write_env(tmp_path / "sandbox.env")
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    with TaobaoTop.from_env(file=file) as top:
        assert top.taobao.time.get().data["time"]
    assert sandbox.journal[-1].headers["host"] in sandbox.https_gateway
    assert sandbox.env()["TAOBAO_TOP_SESSION"] == sandbox.account.session


def test_apps_are_apart(taobao_sandbox_server):
    with Sandbox(beside=taobao_sandbox_server) as one, Sandbox(beside=taobao_sandbox_server) as two:
        one.client().taobao.time.get()
        one.trades.add()
        assert (len(one.journal), len(two.journal)) == (1, 0)
        assert (len(one.trades), len(two.trades)) == (1, 0)
        assert one.account.app_key != two.account.app_key
        gone = one.account.app_key
    assert gone not in taobao_sandbox_server.service.gateway.applications


def test_a_given_account_without_https():
    with Sandbox(app_key="12345678", app_secret="helloworld", session="test", https=False) as sandbox:
        assert sandbox.account == Account(app_key="12345678", app_secret="helloworld", session="test")
        assert sandbox.ca is None
        assert sandbox.env()["TAOBAO_TOP_GATEWAY"] == sandbox.gateway
        assert "TAOBAO_TOP_CA" not in sandbox.env()
        assert "helloworld" not in repr(sandbox.account)


def test_the_printed_vector_over_the_wire():
    import requests

    printed = {
        "method": "taobao.item.seller.get", "app_key": "12345678", "session": "test",
        "timestamp": "2016-01-01 12:00:00", "format": "json", "v": "2.0", "sign_method": "md5",
        "fields": "num_iid,title,nick,price,num", "num_iid": "11223344", "sign": "66987CB115214E59E6EC978214934FB8",
    }  # fmt: skip
    noon = 1_451_620_800.0
    with Sandbox(
        app_key="12345678", app_secret="helloworld", session="test", https=False, clock=lambda: noon
    ) as sandbox:
        item = requests.post(sandbox.gateway, data=printed).json()["item_seller_get_response"]["item"]
        assert item["num_iid"] == 11223344
        assert item.keys() == {"num_iid", "title", "nick", "price", "num"}


def test_state_outlives_the_process(tmp_path):
    file = tmp_path / "top.db"
    with Sandbox(data=file, https=False) as sandbox:
        before = sandbox.account
        (tid,) = sandbox.trades.add()
        tokens = sandbox.sessions.tokens(1, "a")
        assert sandbox.rotate_secret() == 2
    with Sandbox(data=file, https=False) as sandbox:
        assert sandbox.account == before
        assert sandbox.trades.get(tid)["tid"] == tid
        assert sandbox.sessions.check(tokens["access_token"]).nick == "a"
        assert sandbox.application.secret_version == 2
        assert sandbox.rotate_secret() == 3


def test_other_machines_are_warned_of():
    with pytest.warns(UserWarning, match="other machines"):
        sandbox = Sandbox(host="0.0.0.0", https=False)
    with sandbox:
        assert "0.0.0.0" in sandbox.origin


def test_ipv6():
    with Sandbox(host="::1", https=False) as sandbox:
        assert sandbox.client().taobao.time.get().data["time"]
        assert sandbox.origin.startswith("http://[::1]:")


def test_it_starts_and_ends_without_with():
    sandbox = Sandbox(https=False)
    assert sandbox.start() is sandbox
    sandbox.stop()
