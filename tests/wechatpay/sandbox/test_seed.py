"""A seed gives the same account, the same answers and the same notifications."""

from __future__ import annotations

import math
from typing import Any

import pytest

from chainable.sandbox.randomness import Randomness
from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.http import Request
from wechatpay.sandbox.seeded_keys import is_prime, new_rsa_key

NOW = 1_790_000_000.0


def recorded(seed: Any, url: str, new_merchant: Any) -> dict[str, Any]:
    """What a sandbox of this seed is and says, by name."""
    with Sandbox(seed=seed, clock=lambda: NOW, callback_scale=0.0) as sandbox:
        account, merchant = sandbox.account, new_merchant(sandbox)
        body = b'{"out_trade_no": "order-1", "mchid": "%s"}' % account.mchid.encode()
        sent = merchant.request("POST", "/v3/pay/transactions/native", body, nonce_str="n" * 32)
        answers = [dict(sandbox.dispatcher.handle(sent).headers)]
        sent = {
            "appid": account.appid,
            "mchid": account.mchid,
            "description": "thing",
            "out_trade_no": "order-1",
            "notify_url": url,
            "amount": {"total": 100, "currency": "CNY"},
        }
        answers.append(merchant.post("/v3/pay/transactions/native", sent, nonce_str="m" * 32).data)
        sandbox.pay("order-1")
        assert sandbox.callbacks.wait()
        return {
            "account": account.save(),
            "serial": account.serial,
            "platform": account.certificate_serial,
            "answers": answers,
            "notification": (sandbox.callbacks[0].notice, sandbox.callbacks[0].attempts[0].headers),
            "order": list(sandbox.store.all("order")),
        }


def test_the_same_seed_gives_the_same(receiver: Any, new_merchant: Any) -> None:
    first, second = (recorded(1, receiver.url, new_merchant) for _ in range(2))
    assert first == second


def test_another_seed_and_none_give_others(receiver: Any, new_merchant: Any) -> None:
    first, *others = (recorded(seed, receiver.url, new_merchant) for seed in (1, 2, None))
    for other in others:
        for name in ("apiv3_key", "secret", "private_key", "platform_key", "authority_key", "public_key_id"):
            assert other["account"][name] != first["account"][name]
        assert other["serial"] != first["serial"]
        assert other["notification"][0].id != first["notification"][0].id


def test_a_client_calls_a_sandbox_of_a_seed() -> None:
    with Sandbox(seed="mine") as sandbox, sandbox.client() as client:
        assert client.v3.certificates.get().verified
        assert sandbox.account.certificate.not_valid_after_utc.year == 2099


def test_keys_of_a_seed_are_keys() -> None:
    numbers = new_rsa_key(Randomness(1), "test").private_numbers()
    assert numbers.p != numbers.q
    assert numbers.public_numbers.n.bit_length() == 2048
    assert all(pow(base, each - 1, each) == 1 for base in (2, 3) for each in (numbers.p, numbers.q))
    assert numbers.p * numbers.q == numbers.public_numbers.n


@pytest.mark.parametrize(
    ("number", "prime"),
    [(2**1279 - 1, True), (2**1277 - 1, False), ((2**521 - 1) * (2**607 - 1), False), (65537 * 2**1000 + 1, False)],
)
def test_primes_are_told_from_other_numbers(number: int, prime: bool) -> None:
    assert is_prime(number) is prime
    assert math.gcd(number, 2) == 1


def test_the_sequence_goes_on_after_a_reset(new_merchant: Any) -> None:
    with Sandbox(seed=1, clock=lambda: NOW) as sandbox:
        headers = (("host", "127.0.0.1"),)
        first, second = (dict(sandbox.dispatcher.handle(Request("GET", "/v3/x", headers)).headers) for _ in range(2))
        sandbox.reset()
        third = dict(sandbox.dispatcher.handle(Request("GET", "/v3/x", headers)).headers)
        assert len({each["Request-ID"] for each in (first, second, third)}) == 3
