"""The sandbox as its users start it."""

from __future__ import annotations

import os
import stat

import pytest
import requests

from chainable.errors import ConfigurationError
from taobao_top.sandbox import Account, Sandbox


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


def test_the_old_name_of_strict_is_deprecated():
    with pytest.warns(DeprecationWarning, match="lenient") as warned, Sandbox(https=False, lenient=True) as sandbox:
        assert not sandbox.service.gateway.strict
    assert warned[0].filename == __file__


def test_a_sandbox_for_other_containers():
    with pytest.warns(UserWarning, match="can be reached"):
        made = Sandbox(host="0.0.0.0", hosts=["top.test"])
    with made as sandbox:
        assert sandbox.env()["TAOBAO_TOP_GATEWAY"].startswith("https://top.test:")
        port = sandbox.origin.rpartition(":")[2]
        url = f"http://127.0.0.1:{port}/_sandbox/messages"
        handled = {
            host: requests.get(url, headers={"Host": host}, timeout=5).status_code
            for host in ("top.test", "taobao-top", "other.test")
        }
        assert handled == {"top.test": 200, "taobao-top": 200, "other.test": 403}


def test_a_seed_gives_the_same_every_time():
    def seen(seed):
        with Sandbox(seed=seed, clock=lambda: 1_790_000_000.0, https=False) as sandbox:
            url = f"{sandbox.origin}/authorize?client_id={sandbox.account.app_key}&redirect_uri=http://x/&response_type=code"
            answer = requests.post(sandbox.gateway, data={"method": "taobao.time.get", "format": "json"}, timeout=5)
            code = requests.get(url, allow_redirects=False, timeout=5).headers["location"]
            with Sandbox(beside=sandbox) as second:
                keys = second.account
            return (sandbox.account, keys, answer.text, code, sandbox.sessions.tokens(1, "n"))

    assert seen(1) == seen(1)
    assert all(one != other for one, other in zip(seen(1), seen(2), strict=True))
    assert seen(None)[0] != seen(None)[0]


def test_the_authority_is_kept_beside_the_env_file(tmp_path):
    with Sandbox() as sandbox:
        file = sandbox.write_env(tmp_path / "top.env", force=False)
        copy = tmp_path / "top.env.d" / "sandbox_ca.pem"
        assert str(copy) in file.read_text()
        assert copy.read_text() == sandbox.ca.read_text()
        assert sandbox.write_env(file, force=False) == file
        (tmp_path / "other.env.d").symlink_to(tmp_path / "top.env.d")
        with pytest.raises(ConfigurationError, match="is a link: name another file"):
            sandbox.write_env(tmp_path / "other.env")
    assert copy.exists()
