"""Over real sockets, against the sandbox: TLS, threads, forks, and a gateway that says no."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest
import requests

from chainable import APIError, SignatureError, UnknownKeyError
from wechatpay import RSASigner, Sensitive
from wechatpay.demo import ORDER, contract
from wechatpay.sandbox import Fault, Sandbox


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox):
    with sandbox.client() as made:
        yield made


class TestSixForms:
    @pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
    def test_all_six_arrive_the_same_and_verified(self, sandbox, secure):
        path: str = "v3/hire-power-bank/insurance-orders"
        where = {"base_url": sandbox.https_url if secure else sandbox.base_url}
        sandbox.journal.clear()
        with sandbox.client(**where) as client:
            nodes = (client.v3.hire_power_bank.insurance_orders, client.chain(path), client[path])
            for node in nodes:
                assert node.post(json=ORDER).verified
            for node in nodes:
                assert node.post_async(json=ORDER).then(lambda response: response.verified).wait()

            async def main():
                return [(await node.post_async(json=ORDER)).verified for node in nodes]

            assert asyncio.run(main()) == [True] * 3
        entries = list(sandbox.journal)
        assert len(entries) == 9
        assert all(entry.verified for entry in entries)
        assert {entry.request.secure for entry in entries} == {secure}
        assert len({(entry.request.target, entry.request.body) for entry in entries}) == 1
        assert len({entry.authorization["nonce_str"] for entry in entries}) == 9

    def test_what_was_posted_is_found(self, client):
        client.v3.hire_power_bank.insurance_orders.post(json=ORDER)
        found = client.v3.hire_power_bank.insurance_orders._out_order_no_.get(out_order_no=ORDER["out_order_no"])

        assert found.data["openid"] == ORDER["openid"]

    def test_personal_data_is_opened_by_the_platform_only(self, client, sandbox):
        answer = client.v3.papay.insurance_sign.contracts.pre_entrust_sign.jsapi(
            json=contract("李四", "11010119900101001X")
        )

        entry = sandbox.journal[-1]
        assert sorted(entry.opened.values()) == ["11010119900101001X", "李四"]
        assert "李四".encode() not in entry.request.body
        assert set(answer.data) == {"redirect_url"}

    def test_the_certificates_come_by_themselves(self, sandbox):
        with sandbox.client(certs={}) as client:
            assert client.v3.security.echo.post(json={"echo_message": "hello"}).verified
            assert client.certificates.serials


class TestTheGateSaysNo:
    def refused(self, sandbox, **changes) -> APIError:
        with sandbox.client(**changes) as client, pytest.raises(APIError) as caught:
            client.v3.hire_power_bank.insurance_orders.post(json=ORDER, params={"a": "b"}, retries=0)
        return caught.value

    def test_a_wrong_serial(self, sandbox):
        error = self.refused(sandbox, serial="00" * 20, merchant_cert=None, merchant_key=None)

        assert not error.verified  # the gateway signs no 401
        assert "商户证书序列号有误" in str(error)

    def test_a_wrong_key(self, sandbox, merchant_key):
        with pytest.warns(UserWarning, match="private_key: it does not belong to merchant_cert"):
            error = self.refused(sandbox, private_key=merchant_key)

        assert error.code == "SIGN_ERROR"
        assert "private_key=" in error.explain()

    def test_a_replayed_nonce(self, sandbox):
        with sandbox.client(nonce=lambda: "the same nonce every time") as client:
            client.v3.hire_power_bank.insurance_orders.post(json=ORDER)
            with pytest.raises(APIError, match="SIGN_ERROR"):
                client.v3.hire_power_bank.insurance_orders.post(json=ORDER)

    def test_a_stale_clock(self, sandbox):
        import time

        # Its answer looks stale to a clock that is wrong, so the refusal of an old request is seen by a signer of its own.
        with sandbox.client() as client:
            signer = client.settings.signer
            late = RSASigner(signer.mchid, signer.serial, signer.key, clock=lambda: time.time() - 301)
            with sandbox.client(signer=late) as behind, pytest.raises(APIError, match="timestamp"):
                behind.v3.hire_power_bank.insurance_orders.post(json=ORDER)

    def test_a_body_changed_on_the_way_is_explained(self, sandbox):
        class Rewriting(RSASigner):
            def __call__(self, r):
                signed = super().__call__(r)
                signed.body = signed.body.replace(b"{", b"{ ", 1)
                return signed

        with sandbox.client() as client:
            signer = client.settings.signer
        error = self.refused(sandbox, signer=Rewriting(signer.mchid, signer.serial, signer.key))

        assert "The body differs from character" in error.explain()

    def test_an_unknown_platform_key(self, sandbox):
        with sandbox.client() as client, pytest.raises(UnknownKeyError):
            client.v3.hire_power_bank.insurance_orders.post(json=ORDER, headers={"Wechatpay-Serial": "PUB_KEY_ID_0"})


class TestAnswersThatCannotBeTrusted:
    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("bad-signature", "mismatch"),
            ("unknown-serial", "unknown_key"),
            ("stale", "stale"),
            ("probe", "probe"),
            ("missing-signature", "missing"),
        ],
    )
    def test_each_is_refused(self, sandbox, client, fault, reason):
        sandbox.faults.add(Fault(kind=fault, times=1))
        with pytest.raises(SignatureError) as caught:
            client.v3.hire_power_bank.insurance_orders.post(json=ORDER)

        assert caught.value.reason == reason


class TestManyAtOnce:
    def test_one_client_serves_many_threads(self, sandbox, client):
        errors = []

        def work():
            try:
                for _ in range(10):
                    assert client.v3.hire_power_bank.insurance_orders.post(json=ORDER).verified
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert errors == []

    def test_a_forked_worker_calls_on_its_own(self, client):
        client.v3.hire_power_bank.insurance_orders.post(json=ORDER)
        child = os.fork()
        if child == 0:
            try:
                client.v3.hire_power_bank.insurance_orders.post_async(json=ORDER).wait(60)
                os._exit(0)
            except BaseException:
                os._exit(1)
        _, status = os.waitpid(child, 0)

        assert status == 0
        assert client.v3.hire_power_bank.insurance_orders.post(json=ORDER).verified


class TestFailover:
    def test_what_could_not_be_sent_goes_to_the_other_host(self, sandbox):
        with sandbox.client(base_url="http://127.0.0.1:1/", backup_url=sandbox.backup_url) as client:
            assert client.v3.hire_power_bank.insurance_orders.post(json=ORDER).verified
        assert sandbox.journal[-1].request.host == "backup"

    def test_a_stranger_in_tls_is_never_sent_anything(self, sandbox):
        sandbox.journal.clear()
        with (
            sandbox.client(
                base_url=sandbox.https_url, verify=requests.certs.where(), backup_url=sandbox.backup_url
            ) as client,
            pytest.raises(requests.exceptions.SSLError) as caught,
        ):
            client.v3.hire_power_bank.insurance_orders.post(json=ORDER)

        assert not caught.value.maybe_sent
        assert len(sandbox.journal) == 0


class TestEcho:
    def test_sign_verify_encrypt_decrypt(self, client):
        answer = client.v3.security.echo.post(
            json={"echo_message": "hello", "encrypted_echo_message": Sensitive("张三")}
        )

        assert answer.verified
