"""The platform's keys: what was given, what is fetched, and what happens when fetching fails."""

from __future__ import annotations

import base64
import json
import logging
import multiprocessing
import os
import stat
import subprocess
import sys
import threading
import warnings
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests
import responses
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from chainable.errors import (
    APIError,
    CodecError,
    ConfigurationError,
    DecryptionError,
    InProgress,
    SignatureError,
    UnknownKeyError,
)
from wechatpay import WeChatPay
from wechatpay.certificates import PlatformCertificates
from wechatpay.crypto.aes import APIv3Key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
NOW = START.timestamp() + 100 * 86400
DAY = 86400.0
HOUR = 3600.0
APIV3_KEY = "0123456789abcdef0123456789ABCDEF"
OLD = "0A75B6A45ACD588826D15E583A95F5DD01020304"
NEW = "7132D72A03E93CDDF8C03BBD1F37EEDF15AD4E5B"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092026010100000000000001"


class Clock:
    """A time that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Certified:
    """A platform key and its certificate."""

    def __init__(self, key: rsa.RSAPrivateKey, serial: str, *, begins: float = 0, days: float = 1000) -> None:
        self.key = key
        self.serial = serial
        start = START + timedelta(days=begins)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com Root CA")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(int(serial, 16))
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=days))
            .sign(key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(Encoding.PEM)


class Fetch:
    """The platform's ``/v3/certificates``, as a function."""

    def __init__(self, clock: Clock, *certified: Certified) -> None:
        self.clock = clock
        self.certified = certified
        self.signer = certified[-1] if certified else None
        self.serials: list[str | None] = []
        self.error: Exception | None = None
        self.entries: Any = None
        self.apiv3_key = APIV3_KEY

    def __call__(self, serial: str | None) -> requests.Response:
        self.serials.append(serial)
        if self.error is not None:
            raise self.error
        entries = [self.entry(one) for one in self.certified] if self.entries is None else self.entries
        return self.signed(json.dumps({"data": entries}).encode())

    def entry(self, one: Certified) -> dict[str, Any]:
        sealed = AESGCM(self.apiv3_key.encode()).encrypt(b"d215b0511e9c", one.pem, b"certificate")
        return {
            "serial_no": one.serial,
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": "d215b0511e9c",
                "associated_data": "certificate",
                "ciphertext": base64.b64encode(sealed).decode(),
            },
        }

    def signed(self, body: bytes) -> requests.Response:
        assert self.signer is not None
        timestamp = str(int(self.clock()))
        nonce = os.urandom(16).hex()
        signature = self.signer.key.sign(f"{timestamp}\n{nonce}\n".encode() + body + b"\n", PKCS1v15(), hashes.SHA256())
        response = requests.Response()
        response.status_code = 200
        response._content = body
        response.headers["Wechatpay-Timestamp"] = timestamp
        response.headers["Wechatpay-Nonce"] = nonce
        response.headers["Wechatpay-Signature"] = base64.b64encode(signature).decode()
        response.headers["Wechatpay-Serial"] = self.signer.serial
        return response


@pytest.fixture(scope="module")
def old_key(platform_key: rsa.RSAPrivateKey) -> rsa.RSAPrivateKey:
    return platform_key


@pytest.fixture(scope="module")
def old(old_key: rsa.RSAPrivateKey) -> Certified:
    return Certified(old_key, OLD)


@pytest.fixture(scope="module")
def new() -> Certified:
    return Certified(rsa.generate_private_key(65537, 2048), NEW, begins=99)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fetch(clock: Clock, old: Certified) -> Fetch:
    return Fetch(clock, old)


@pytest.fixture
def store(clock: Clock, fetch: Fetch) -> PlatformCertificates:
    """A store that begins with nothing."""
    return PlatformCertificates(fetch=fetch, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)


class TestGivenKeys:
    def test_public_key_and_certificates_live_together(self, old: Certified, clock: Clock) -> None:
        public = old.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

        store = PlatformCertificates({PUBLIC_KEY_ID: public, OLD: old.pem}, clock=clock)

        assert store[PUBLIC_KEY_ID] == store[OLD] == old.key.public_key()
        assert set(store.serials) == {PUBLIC_KEY_ID, OLD}
        assert store.default_serial == PUBLIC_KEY_ID
        assert [one.serial for one in store.certificates] == [OLD]
        assert OLD in store
        assert NEW not in store
        assert repr(store) == f"PlatformCertificates({OLD}, {PUBLIC_KEY_ID})"

    def test_objects_of_cryptography_are_keys_too(self, old: Certified, clock: Clock) -> None:
        store = PlatformCertificates({PUBLIC_KEY_ID: old.key.public_key(), OLD: old.certificate}, clock=clock)

        assert store[PUBLIC_KEY_ID] == store[OLD]

    @pytest.mark.parametrize("spelling", [OLD, OLD.lower(), OLD.lstrip("0"), f"0x{OLD}"])
    def test_a_serial_is_found_in_any_spelling(self, old: Certified, clock: Clock, spelling: str) -> None:
        assert PlatformCertificates({spelling: old.pem}, clock=clock)[OLD] == old.key.public_key()
        assert PlatformCertificates({OLD: old.pem}, clock=clock)[spelling] == old.key.public_key()

    def test_a_certificate_under_another_serial_is_refused(self, old: Certified) -> None:
        with pytest.raises(ConfigurationError, match=OLD):
            PlatformCertificates({NEW: old.pem})

    def test_a_certificate_in_the_public_keys_place_is_refused(self, old: Certified) -> None:
        with pytest.raises(ConfigurationError, match="a certificate stands under PUB_KEY_ID_"):
            PlatformCertificates({PUBLIC_KEY_ID: old.pem})

    def test_a_public_key_in_a_certificates_place_is_refused(self, old: Certified) -> None:
        with pytest.raises(ConfigurationError, match="a public key stands under the serial"):
            PlatformCertificates({OLD: old.key.public_key()})

    @pytest.mark.parametrize("spelling", [OLD, OLD.lower()])
    def test_the_merchants_own_certificate_is_refused(self, old: Certified, spelling: str) -> None:
        with pytest.raises(ConfigurationError, match="the merchant's own certificate"):
            PlatformCertificates({OLD: old.pem}, merchant_serial=spelling)

    def test_another_merchant_serial_does_no_harm(self, old: Certified, clock: Clock) -> None:
        assert OLD in PlatformCertificates({OLD: old.pem}, merchant_serial=NEW, clock=clock)

    def test_unknown_serials_say_what_to_do(self, old: Certified, clock: Clock) -> None:
        store = PlatformCertificates({OLD: old.pem}, clock=clock)

        with pytest.raises(UnknownKeyError, match=rf"under {NEW} \(known: {OLD}\): add it to certs="):
            store[NEW]
        with pytest.raises(UnknownKeyError, match="neither the hex serial"):
            store["x y z"]

    def test_an_empty_store_says_what_to_do(self, clock: Clock) -> None:
        store = PlatformCertificates(clock=clock)

        with pytest.raises(UnknownKeyError, match=r"neither certs= nor apiv3_key= was given: give .* certs="):
            _ = store.default_serial
        with pytest.raises(ConfigurationError, match="apiv3_key="):
            store.download()

    def test_expired_certificates_are_not_used_as_keys(self, old: Certified, clock: Clock) -> None:
        store = PlatformCertificates({OLD: old.pem}, clock=clock)
        assert store[OLD]
        clock.now += 1000 * DAY

        with pytest.raises(UnknownKeyError):
            store[OLD]
        with pytest.raises(UnknownKeyError):
            _ = store.default_serial
        assert store.serials == ()

    def test_a_clock_that_was_wrong_costs_no_key(self, old: Certified, clock: Clock) -> None:
        """A machine that wakes up in another century has its keys back when its clock is set."""
        store = PlatformCertificates({OLD: old.pem}, clock=clock)
        for ask in (lambda: store[OLD], lambda: store.default_serial):
            clock.now += 1000 * DAY
            with pytest.raises(UnknownKeyError):
                ask()
            clock.now -= 1000 * DAY
            assert ask()

    def test_a_public_key_does_not_expire(self, old: Certified, clock: Clock) -> None:
        store = PlatformCertificates({PUBLIC_KEY_ID: old.key.public_key()}, clock=clock)
        clock.now += 10_000 * DAY

        assert store[PUBLIC_KEY_ID]

    def test_x509_is_loaded_for_certificates_only(self) -> None:
        """A client with a public key starts without the cost of certificates."""
        code = "import sys, wechatpay.certificates as c; c.PlatformCertificates(); print('cryptography.x509' in sys.modules)"
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert out == "False\n"


class TestDownload:
    def test_nothing_is_fetched_at_construction(self, store: PlatformCertificates, fetch: Fetch) -> None:
        assert store.serials == ()
        assert fetch.serials == []

    def test_the_first_call_fetches(self, store: PlatformCertificates, fetch: Fetch, old: Certified) -> None:
        """The very first download goes without Wechatpay-Serial; later ones name a key."""
        assert store.default_serial == OLD
        assert store[OLD] == old.key.public_key()
        assert fetch.serials == [None]

        assert [one.serial for one in store.download()] == [OLD]
        assert fetch.serials == [None, OLD]

    def test_the_youngest_valid_certificate_is_the_default(self, clock: Clock, old: Certified, new: Certified) -> None:
        later = Certified(new.key, "11", begins=200)
        store = PlatformCertificates(fetch=Fetch(clock, old, new, later), apiv3_key=APIv3Key(APIV3_KEY), clock=clock)

        assert len(store.download()) == 3
        assert store.default_serial == NEW

    def test_the_answer_is_checked_with_what_it_brought(
        self, store: PlatformCertificates, fetch: Fetch, new: Certified
    ) -> None:
        """An answer signed by a key that is neither known nor in it changes nothing."""
        fetch.signer = new

        with pytest.raises(SignatureError) as caught:
            store.download()

        assert caught.value.reason == "unknown_key"
        assert store.serials == ()

    def test_a_forged_answer_changes_nothing(self, store: PlatformCertificates, fetch: Fetch, new: Certified) -> None:
        store.download()
        fetch.certified = (new,)
        fetch.signer = Certified(fetch.signer.key if fetch.signer else new.key, NEW)

        with pytest.raises(SignatureError) as caught:
            store.download()

        assert caught.value.reason == "mismatch"
        assert store.serials == (OLD,)

    def test_a_replayed_answer_changes_nothing(self, store: PlatformCertificates, fetch: Fetch, clock: Clock) -> None:
        replayed = fetch(None)
        clock.now += 400
        store = PlatformCertificates(fetch=lambda _: replayed, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)

        with pytest.raises(SignatureError) as caught:
            store.download()

        assert caught.value.reason == "stale"

    def test_another_apiv3_key_changes_nothing(self, store: PlatformCertificates, fetch: Fetch) -> None:
        fetch.apiv3_key = "f" * 32

        with pytest.raises(DecryptionError, match="APIv3 key"):
            store.download()

    def test_both_apiv3_keys_open_during_a_reset(self, fetch: Fetch, clock: Clock) -> None:
        store = PlatformCertificates(fetch=fetch, apiv3_key=APIv3Key("f" * 32, APIV3_KEY), clock=clock)

        assert len(store.download()) == 1

    @pytest.mark.parametrize(
        "entries",
        [
            [],
            "no list",
            [{}],
            ["text"],
            [{"serial_no": OLD, "encrypt_certificate": {"ciphertext": 1, "nonce": "d215b0511e9c"}}],
            [{"serial_no": OLD, "encrypt_certificate": {"ciphertext": "AA==", "nonce": None}}],
        ],
    )
    def test_a_list_in_another_form_changes_nothing(
        self, store: PlatformCertificates, fetch: Fetch, entries: Any
    ) -> None:
        store.download()
        fetch.entries = entries

        with pytest.raises(CodecError):
            store.download()

        assert store.serials == (OLD,)

    def test_an_answer_that_is_not_an_object_changes_nothing(self, fetch: Fetch, clock: Clock) -> None:
        store = PlatformCertificates(fetch=lambda _: fetch.signed(b"[]"), apiv3_key=APIv3Key(APIV3_KEY), clock=clock)

        with pytest.raises(CodecError, match="'data'"):
            store.download()

    def test_a_certificate_under_another_serial_changes_nothing(
        self, store: PlatformCertificates, fetch: Fetch, old: Certified
    ) -> None:
        fetch.entries = [fetch.entry(old) | {"serial_no": NEW}]

        with pytest.raises(CodecError, match=f"gives the certificate {OLD} as {NEW}"):
            store.download()

    def test_what_is_sealed_is_a_certificate(self, store: PlatformCertificates, fetch: Fetch, old: Certified) -> None:
        class Other:
            serial = OLD
            pem = old.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

        fetch.entries = [fetch.entry(Other)]  # type: ignore[arg-type]

        with pytest.raises(CodecError, match="a public key"):
            store.download()

    def test_public_key_only_merchants_learn_where_to_look(self, store: PlatformCertificates, fetch: Fetch) -> None:
        fetch.error = APIError("no", code="RESOURCE_NOT_EXISTS", status_code=404)

        with pytest.raises(ConfigurationError, match="微信支付公钥.*PUB_KEY_ID_") as caught:
            store.download()

        assert caught.value.__cause__ is fetch.error

    def test_other_refusals_come_through(self, store: PlatformCertificates, fetch: Fetch) -> None:
        fetch.error = APIError("no", code="SIGN_ERROR", status_code=401)

        with pytest.raises(APIError, match="no"):
            store.download()
        with pytest.raises(APIError, match="no"):
            _ = store.default_serial

    def test_given_keys_survive_a_download(self, fetch: Fetch, clock: Clock, new: Certified) -> None:
        store = PlatformCertificates(
            {PUBLIC_KEY_ID: new.key.public_key(), NEW: new.pem},
            fetch=fetch,
            apiv3_key=APIv3Key(APIV3_KEY),
            clock=clock,
        )

        store.download()

        assert set(store.serials) == {PUBLIC_KEY_ID, NEW, OLD}
        assert fetch.serials == [PUBLIC_KEY_ID]
        assert store.default_serial == PUBLIC_KEY_ID


class TestFreshness:
    def test_an_unknown_serial_makes_one_refresh(
        self, store: PlatformCertificates, fetch: Fetch, clock: Clock, new: Certified
    ) -> None:
        store.download()
        fetch.certified = (*fetch.certified, new)
        clock.now += 61

        assert store[NEW] == new.key.public_key()
        assert len(fetch.serials) == 2

    def test_forged_serials_do_not_make_many(self, store: PlatformCertificates, fetch: Fetch, clock: Clock) -> None:
        """However many messages name keys that do not exist, the platform is asked once a minute."""
        store.download()
        for number in range(50):
            clock.now += 1
            with pytest.raises(UnknownKeyError, match="no key of the platform"):
                store[f"{number:040X}"]

        assert len(fetch.serials) == 1
        clock.now += 11
        with pytest.raises(UnknownKeyError):
            store[f"{51:040X}"]
        assert len(fetch.serials) == 2

    def test_a_public_key_is_never_asked_for(self, store: PlatformCertificates, fetch: Fetch) -> None:
        """No download brings a public key."""
        with pytest.raises(UnknownKeyError):
            store[PUBLIC_KEY_ID]

        assert fetch.serials == []

    def test_a_clock_that_went_back_stops_nothing(
        self, store: PlatformCertificates, fetch: Fetch, clock: Clock, new: Certified
    ) -> None:
        store.download()
        fetch.certified = (*fetch.certified, new)
        clock.now -= 5 * DAY

        assert store[NEW]

    def test_the_list_is_renewed_in_time(
        self, store: PlatformCertificates, fetch: Fetch, clock: Clock, new: Certified
    ) -> None:
        """A key that is known is looked up twelve hours later: the new one is there by then."""
        store.download()
        fetch.certified = (*fetch.certified, new)
        clock.now += 7 * HOUR
        assert store[OLD]
        assert len(fetch.serials) == 1

        clock.now += 5 * HOUR
        assert store[OLD]

        assert len(fetch.serials) == 2
        assert store.default_serial == NEW

    def test_given_certificates_are_renewed_too(self, fetch: Fetch, clock: Clock, new: Certified) -> None:
        store = PlatformCertificates({NEW: new.pem}, fetch=fetch, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)
        assert store[NEW]
        assert fetch.serials == []

        clock.now += 12 * HOUR

        assert store.default_serial == NEW
        assert fetch.serials == [NEW]
        assert OLD in store

    def test_a_failed_renewal_leaves_everything(
        self, store: PlatformCertificates, fetch: Fetch, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The old certificate goes on working, and the next attempt waits a minute."""
        store.download()
        fetch.error = requests.ConnectionError("down")
        clock.now += 12 * HOUR

        with caplog.at_level(logging.WARNING, "wechatpay"):
            for _ in range(10):
                assert store[OLD]

        assert len(fetch.serials) == 2
        assert caplog.text.count("could not be refreshed: down") == 1
        clock.now += 60
        fetch.error = None
        assert store[OLD]
        assert len(fetch.serials) == 3

    def test_why_a_key_is_missing(self, store: PlatformCertificates, fetch: Fetch) -> None:
        fetch.error = requests.ConnectionError("down")

        with pytest.raises(
            UnknownKeyError, match=r"asking for certificates failed \(ConnectionError: down\)"
        ) as caught:
            store[OLD]

        assert caught.value.__cause__ is fetch.error

    def test_a_merchant_without_certificates_is_not_asked_every_minute(
        self, fetch: Fetch, clock: Clock, new: Certified
    ) -> None:
        fetch.error = APIError("no", code="RESOURCE_NOT_EXISTS", status_code=404)
        store = PlatformCertificates(
            {PUBLIC_KEY_ID: new.key.public_key()}, fetch=fetch, apiv3_key=APIv3Key(APIV3_KEY), clock=clock
        )
        for _ in range(5):
            clock.now += HOUR
            with pytest.raises(UnknownKeyError, match="only the platform's public key"):
                store[OLD]

        assert len(fetch.serials) == 1

    def test_certificates_that_are_over_go(
        self, store: PlatformCertificates, fetch: Fetch, clock: Clock, new: Certified
    ) -> None:
        fetch.certified = (Certified(new.key, "AA", begins=99, days=1.5), *fetch.certified)
        store.download()
        assert store["AA"]
        fetch.error = requests.ConnectionError("down")
        clock.now += DAY

        with pytest.raises(UnknownKeyError):
            store["AA"]

        assert store.serials == (OLD,)

    def test_when_all_are_over_the_next_call_asks(
        self, store: PlatformCertificates, fetch: Fetch, clock: Clock, new: Certified
    ) -> None:
        store.download()
        clock.now += 1000 * DAY
        fetch.certified = (Certified(new.key, NEW, begins=1000),)
        fetch.signer = fetch.certified[0]

        assert store.default_serial == NEW
        assert fetch.serials == [None, None]

    def test_only_certificates_of_the_future(self, fetch: Fetch, clock: Clock, new: Certified) -> None:
        """A certificate that is not yet valid verifies signatures, but calls do not name it."""
        fetch.certified = (Certified(new.key, NEW, begins=200),)
        fetch.signer = fetch.certified[0]
        store = PlatformCertificates(fetch=fetch, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)

        with pytest.raises(UnknownKeyError, match="no key of the platform is known"):
            _ = store.default_serial
        assert store[NEW]


class Gate:
    """A download that waits until it is let through."""

    def __init__(self, fetch: Fetch) -> None:
        self.fetch = fetch
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self, serial: str | None) -> requests.Response:
        self.reached.set()
        assert self.open.wait(60)
        return self.fetch(serial)


class TestClockSetBack:
    """A clock that is set back puts no refresh off, and no call waits or asks more often for it."""

    def test_the_list_is_asked_for_again(self, store: PlatformCertificates, fetch: Fetch, clock: Clock) -> None:
        clock.now += 90 * DAY
        store.download()
        clock.now -= 30 * DAY
        for _ in range(3):
            assert store.default_serial == OLD
        assert len(fetch.serials) == 2

        clock.now += 9 * HOUR
        assert store.default_serial == OLD
        assert len(fetch.serials) == 3

    def test_a_failure_is_not_repeated_at_once(self, store: PlatformCertificates, fetch: Fetch, clock: Clock) -> None:
        clock.now += 90 * DAY
        store.download()
        clock.now -= 30 * DAY
        fetch.error = requests.ConnectionError("down")
        for _ in range(3):
            assert store.default_serial == OLD
        assert len(fetch.serials) == 2

        clock.now += 61
        fetch.error = None
        for _ in range(3):
            assert store.default_serial == OLD
        assert len(fetch.serials) == 3

    @pytest.mark.parametrize("step", [0.1, 1.0, 59.0])
    def test_a_small_step_is_none(self, store: PlatformCertificates, fetch: Fetch, clock: Clock, step: float) -> None:
        store.download()
        clock.now -= step

        assert store.default_serial == OLD
        assert len(fetch.serials) == 1

    def test_given_keys_are_never_due(self, fetch: Fetch, clock: Clock, platform_key: rsa.RSAPrivateKey) -> None:
        store = PlatformCertificates(
            {PUBLIC_KEY_ID: platform_key.public_key()}, fetch=fetch, apiv3_key=APIv3Key(APIV3_KEY), clock=clock
        )
        clock.now -= 90 * DAY

        assert store.default_serial == PUBLIC_KEY_ID
        assert not fetch.serials


class TestThreads:
    @staticmethod
    def in_threads(deeds: list[Any], gate: Gate) -> list[Any]:
        """Start the first, wait until it downloads, start the others, let the download through."""
        results: list[Any] = [None] * len(deeds)

        def work(number: int) -> None:
            try:
                results[number] = deeds[number]()
            except Exception as error:
                results[number] = error

        threads = [threading.Thread(target=work, args=[number]) for number in range(len(deeds))]
        threads[0].start()
        assert gate.reached.wait(60)
        for thread in threads[1:]:
            thread.start()
        for thread in threads[1:]:
            thread.join(0.05)
        gate.open.set()
        for thread in threads:
            thread.join()
        return results

    def test_one_downloads_and_the_others_wait(self, fetch: Fetch, clock: Clock, old: Certified) -> None:
        gate = Gate(fetch)
        store = PlatformCertificates(fetch=gate, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)
        deeds = [lambda: store.default_serial] * 4 + [lambda: store[OLD]] * 4

        results = self.in_threads(deeds, gate)

        assert results == [OLD] * 4 + [old.key.public_key()] * 4
        assert fetch.serials == [None]

    def test_waiting_callers_get_the_failure(self, fetch: Fetch, clock: Clock) -> None:
        fetch.error = requests.ConnectionError("down")
        gate = Gate(fetch)
        store = PlatformCertificates(fetch=gate, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)
        deeds = [store.download] * 4 + [lambda: store[OLD]]

        *waited, looked_up = self.in_threads(deeds, gate)

        assert waited == [fetch.error] * 4
        assert isinstance(looked_up, UnknownKeyError)
        assert looked_up.__cause__ is fetch.error
        assert fetch.serials == [None]

    def test_those_with_a_key_do_not_wait(self, fetch: Fetch, clock: Clock, old: Certified) -> None:
        """While one thread renews the list, the others use the present keys."""
        gate = Gate(fetch)
        gate.open.set()
        store = PlatformCertificates(fetch=gate, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)
        store.download()
        gate.open.clear()
        gate.reached.clear()
        clock.now += 12 * HOUR
        renewing = threading.Thread(target=lambda: store[OLD])
        renewing.start()
        assert gate.reached.wait(60)

        assert store[OLD] == old.key.public_key()

        gate.open.set()
        renewing.join()
        assert len(fetch.serials) == 2

    def test_a_download_that_hangs_is_not_waited_for_without_end(self, fetch: Fetch, clock: Clock) -> None:
        """Without a key the caller gets an error after some seconds; with one it does not wait."""
        gate = Gate(fetch)
        store = PlatformCertificates(fetch=gate, apiv3_key=APIv3Key(APIV3_KEY), clock=clock, patience=0.05)
        hanging = threading.Thread(target=store.download)
        hanging.start()
        assert gate.reached.wait(60)
        words = r"another thread has been asking for the platform's certificates for 0\.05 seconds: try again"

        with pytest.raises(InProgress, match=words):
            store.download()
        with pytest.raises(InProgress, match=words):
            _ = store.default_serial
        with pytest.raises(UnknownKeyError, match=words) as caught:
            store[OLD]
        assert isinstance(caught.value.__cause__, InProgress)

        gate.open.set()
        hanging.join()
        assert store.default_serial == OLD
        assert fetch.serials == [None]

    @pytest.mark.parametrize("patience", [0, -1, True, "long", float("nan"), float("inf")])
    def test_a_patience_is_some_seconds(self, patience: Any) -> None:
        with pytest.raises(ConfigurationError, match="patience"):
            PlatformCertificates(patience=patience)

    def test_a_download_that_needs_a_key_itself_does_not_hang(self, fetch: Fetch, clock: Clock) -> None:
        """The fetching code may ask the store for a key: it gets the present keys without a second download."""
        asked: list[Any] = []

        def fetching(serial: str | None) -> requests.Response:
            for ask in (lambda: store.default_serial, lambda: store[OLD]):
                with pytest.raises(UnknownKeyError) as caught:
                    ask()
                asked.append(caught.value)
            return fetch(serial)

        store = PlatformCertificates(fetch=fetching, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)

        assert store.default_serial == OLD
        assert len(asked) == 2

    def test_a_fork_in_the_middle_of_a_download(self, fetch: Fetch, clock: Clock) -> None:
        """A child begins with locks of its own: the thread that held the old ones is not in it."""
        gate = Gate(fetch)
        store = PlatformCertificates(fetch=gate, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)
        downloading = threading.Thread(target=store.download)
        downloading.start()
        assert gate.reached.wait(60)
        fork = multiprocessing.get_context("fork")
        answers = fork.SimpleQueue()

        def ask() -> None:
            gate.open.set()
            answers.put(store.default_serial)

        child = fork.Process(target=ask)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads is the point here
            child.start()
        child.join(60)
        gate.open.set()
        downloading.join()

        assert child.exitcode == 0
        assert answers.get() == OLD


class TestFile:
    def test_the_next_process_begins_with_the_file(
        self, store: PlatformCertificates, fetch: Fetch, clock: Clock, tmp_path: Path
    ) -> None:
        path = tmp_path / "certificates.json"
        store.cache_to(path)
        store.download()

        second = PlatformCertificates(fetch=fetch, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)
        second.cache_to(path)

        assert second.default_serial == OLD
        assert len(fetch.serials) == 1
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert os.listdir(tmp_path) == ["certificates.json"]

    def test_the_former_name_warns(self, store: PlatformCertificates, tmp_path: Path) -> None:
        store.download()

        with pytest.warns(DeprecationWarning, match="call cache_to"):
            store.persist(tmp_path / "certificates.json")
        assert os.listdir(tmp_path) == ["certificates.json"]

    def test_what_was_fetched_before_is_kept_too(
        self, store: PlatformCertificates, fetch: Fetch, clock: Clock, tmp_path: Path
    ) -> None:
        store.download()
        store.cache_to(tmp_path / "certificates.json")
        clock.now += HOUR
        second = PlatformCertificates(fetch=fetch, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)
        second.cache_to(tmp_path / "certificates.json")

        assert second.serials == (OLD,)
        assert json.loads((tmp_path / "certificates.json").read_bytes())["fetched_at"] == NOW

    def test_a_file_is_as_old_as_it_is(
        self, store: PlatformCertificates, fetch: Fetch, clock: Clock, tmp_path: Path
    ) -> None:
        """Certificates that are half a day old in a file are renewed at the first use."""
        store.cache_to(tmp_path / "certificates.json")
        store.download()
        clock.now += 12 * HOUR
        second = PlatformCertificates(fetch=fetch, apiv3_key=APIv3Key(APIV3_KEY), clock=clock)
        second.cache_to(tmp_path / "certificates.json")

        assert second[OLD]

        assert fetch.serials == [None, OLD]

    def test_another_processs_download_serves_too(
        self, fetch: Fetch, clock: Clock, new: Certified, tmp_path: Path
    ) -> None:
        """Of several processes with one file, one asks the platform."""
        one, two = (PlatformCertificates(fetch=fetch, apiv3_key=APIv3Key(APIV3_KEY), clock=clock) for _ in range(2))
        for store in (one, two):
            store.cache_to(tmp_path / "certificates.json")
        one.download()
        assert two[OLD]
        clock.now += 12 * HOUR
        fetch.certified = (*fetch.certified, new)
        assert one[OLD]

        assert two[OLD]
        assert two[NEW]

        assert len(fetch.serials) == 2

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b"\xff",
            b'{"data": [{}], "fetched_at": 1}',
            b'{"data": [{}]}',
            b'{"data": [1], "fetched_at": {}}',
        ],
    )
    def test_a_damaged_file_is_as_good_as_none(
        self, store: PlatformCertificates, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "certificates.json"
        path.write_bytes(content)

        with caplog.at_level(logging.WARNING, "wechatpay"):
            store.cache_to(path)

        assert "is ignored" in caplog.text
        assert store.default_serial == OLD
        assert json.loads(path.read_bytes())["fetched_at"] == NOW

    def test_a_certificate_without_the_key_is_not_accepted(
        self,
        store: PlatformCertificates,
        fetch: Fetch,
        new: Certified,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        fetch.apiv3_key = "f" * 32
        path = tmp_path / "certificates.json"
        path.write_text(json.dumps({"data": [fetch.entry(new)], "fetched_at": NOW}))

        with caplog.at_level(logging.WARNING, "wechatpay"):
            store.cache_to(path)

        assert store.serials == ()
        assert "does not open" in caplog.text

    def test_a_file_of_the_future_is_left_aside(
        self, store: PlatformCertificates, fetch: Fetch, old: Certified, tmp_path: Path
    ) -> None:
        path = tmp_path / "certificates.json"
        path.write_text(json.dumps({"data": [fetch.entry(old)], "fetched_at": NOW + 1}))

        store.cache_to(path)

        assert store.serials == ()

    def test_a_folder_that_cannot_be_written_costs_no_call(
        self, store: PlatformCertificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        store.cache_to(tmp_path / "no such folder" / "certificates.json")

        with caplog.at_level(logging.WARNING, "wechatpay"):
            assert store.default_serial == OLD

        assert "could not be cached in a file" in caplog.text

    def test_a_write_that_fails_leaves_nothing_behind(
        self, store: PlatformCertificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Nothing half-written: a folder stands where the file should go."""
        path = tmp_path / "certificates.json"
        (path / "full").mkdir(parents=True)

        store.cache_to(path)
        assert store.default_serial == OLD

        assert "could not be cached in a file" in caplog.text
        assert os.listdir(tmp_path) == ["certificates.json"]

    def test_a_store_that_cannot_open_the_file_does_not_read_it(self, tmp_path: Path, clock: Clock) -> None:
        store = PlatformCertificates(clock=clock)

        store.cache_to(tmp_path / "certificates.json")

        assert store.serials == ()


class TestClient:
    """The whole way: a client that is given no key of the platform at all."""

    URL = "https://api.mch.weixin.qq.com/v3/certificates"
    ORDER = "https://api.mch.weixin.qq.com/v3/pay/transactions/id/4200"

    @pytest.fixture
    def client(self, merchant_key: rsa.RSAPrivateKey, clock: Clock) -> WeChatPay:
        return WeChatPay(
            mchid="1900000109", serial=NEW, private_key=merchant_key, apiv3_key=APIV3_KEY, clock=clock, retries=0
        )

    @staticmethod
    def answer(fetch: Fetch, body: bytes) -> dict[str, Any]:
        signed = fetch.signed(body)
        return {"body": body, "headers": dict(signed.headers)}

    @pytest.fixture
    def platform(self, fetch: Fetch, old: Certified) -> Iterator[responses.RequestsMock]:
        with responses.RequestsMock() as platform:
            content = json.dumps({"data": [fetch.entry(old)]}).encode()
            platform.get(self.URL, **self.answer(fetch, content))
            yield platform

    def test_the_first_call_brings_the_keys(
        self, client: WeChatPay, fetch: Fetch, platform: responses.RequestsMock
    ) -> None:
        """One download without Wechatpay-Serial, then the call with it; the next call downloads nothing."""
        for _ in range(2):
            platform.get(self.ORDER, **self.answer(fetch, b'{"trade_state":"SUCCESS"}'))
        with client:
            for _ in range(2):
                answer = client["v3/pay/transactions/id/{transaction_id}"].get(
                    transaction_id="4200", params={"mchid": "1900000109"}
                )
                assert answer.data == {"trade_state": "SUCCESS"}

        urls = [call.request.url.partition("?")[0] for call in platform.calls]
        assert urls == [self.URL, self.ORDER, self.ORDER]
        serials = [call.request.headers.get("Wechatpay-Serial") for call in platform.calls]
        assert serials == [None, OLD, OLD]
        assert all("Authorization" in call.request.headers for call in platform.calls)

    def test_the_first_notification_brings_the_keys(
        self, client: WeChatPay, fetch: Fetch, platform: responses.RequestsMock
    ) -> None:
        sealed = AESGCM(APIV3_KEY.encode()).encrypt(b"fdasflkja484", b'{"a":1}', b"")
        resource = {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": "fdasflkja484",
            "ciphertext": base64.b64encode(sealed).decode(),
        }
        body = json.dumps({"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "resource": resource}).encode()
        with client:
            notification = client.notifications.parse(fetch.signed(body).headers, body)

        assert notification.resource == {"a": 1}
        assert [call.request.url for call in platform.calls] == [self.URL]
