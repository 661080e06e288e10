"""Several merchants in one process: each notification finds its own."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chainable.errors import CodecError, ConfigurationError, DecryptionError, SignatureError
from wechatpay import Merchants, WeChatPay

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

NOW = 1_790_000_000
NORTH, SOUTH, WEST = "1900000101", "1900000102", "1900000103"
SHARED_KEY = "PUB_KEY_ID_0119000001002026010100000000000000"


class House:
    """One merchant, with the platform's key for it."""

    def __init__(self, mchid: str, platform_key: rsa.RSAPrivateKey, serial: str, apiv3_key: str) -> None:
        self.mchid = mchid
        self.platform_key = platform_key
        self.serial = serial
        self.apiv3_key = apiv3_key
        self.secret = hashlib.md5(mchid.encode()).hexdigest()
        self.client = WeChatPay(
            mchid=mchid,
            certs={serial: platform_key.public_key()},
            apiv3_key=apiv3_key,
            secret=self.secret,
            clock=lambda: NOW,
        )

    def notification(self, resource: Any, **headers: str) -> tuple[dict[str, str], bytes]:
        sealed = AESGCM(self.apiv3_key.encode()).encrypt(b"fdasflkja484", json.dumps(resource).encode(), None)
        content = {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": "fdasflkja484",
            "ciphertext": base64.b64encode(sealed).decode(),
        }
        body = json.dumps({"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "resource": content}).encode()
        signature = self.platform_key.sign(f"{NOW}\nN\n".encode() + body + b"\n", PKCS1v15(), hashes.SHA256())
        return {
            "Wechatpay-Timestamp": str(NOW),
            "Wechatpay-Nonce": "N",
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Serial": self.serial,
        } | headers, body

    def xml(self, **fields: str) -> bytes:
        fields = {"mch_id": self.mchid, "transaction_id": "1"} | fields
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        fields["sign"] = hashlib.md5(f"{text}&key={self.secret}".encode()).hexdigest().upper()
        return ("<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in fields.items()) + "</xml>").encode()


@pytest.fixture(scope="module")
def north(platform_key: rsa.RSAPrivateKey) -> House:
    return House(NORTH, platform_key, SHARED_KEY, "n" * 32)


@pytest.fixture(scope="module")
def south(platform_key: rsa.RSAPrivateKey) -> House:
    """Its platform key is the north's, its APIv3 key its own."""
    return House(SOUTH, platform_key, SHARED_KEY, "s" * 32)


@pytest.fixture(scope="module")
def west(merchant_key: rsa.RSAPrivateKey) -> House:
    """Everything is its own, but for the APIv3 key, which is the north's."""
    return House(WEST, merchant_key, "PUB_KEY_ID_0119000001032026010100000000000000", "n" * 32)


@pytest.fixture
def merchants(north: House, south: House, west: House) -> Merchants:
    return Merchants([north.client, south.client, west.client])


class TestRegistry:
    def test_holds_its_clients(self, merchants: Merchants, north: House, south: House, west: House) -> None:
        assert list(merchants) == [north.client, south.client, west.client]
        assert len(merchants) == 3
        assert merchants[SOUTH] is south.client
        assert repr(merchants) == f"Merchants({NORTH}, {SOUTH}, {WEST})"
        with pytest.raises(KeyError):
            merchants["1"]

    def test_each_merchant_once(self, north: House) -> None:
        with pytest.raises(ConfigurationError, match=f"two clients have the number {NORTH}"):
            Merchants([north.client, north.client])


class TestV3:
    def test_the_platforms_key_tells(self, merchants: Merchants, west: House) -> None:
        client, notification = merchants.parse(*west.notification({"anything": 1}))

        assert client is west.client
        assert notification.resource == {"anything": 1}

    @pytest.mark.parametrize("resource", [{"mchid": SOUTH}, {"mchid": "2480000000"}, {}, ["odd"]])
    def test_under_one_platform_key_the_apiv3_key_tells(
        self, merchants: Merchants, south: House, resource: Any
    ) -> None:
        client, notification = merchants.parse(*south.notification(resource))

        assert client is south.client
        assert notification.resource == resource

    @pytest.mark.parametrize(
        "name", ["mchid", "sp_mchid", "combine_mchid", "sponsor_mchid", "stock_creator_mchid", "mch_id"]
    )
    def test_under_shared_keys_the_number_tells(self, north: House, name: str, platform_key: rsa.RSAPrivateKey) -> None:
        """Two merchants with the same APIv3 key: what was opened says whose it is."""
        twin = House(SOUTH, platform_key, SHARED_KEY, north.apiv3_key)
        merchants = Merchants([north.client, twin.client])

        assert merchants.parse(*north.notification({name: SOUTH}))[0] is twin.client
        assert merchants.parse(*north.notification({name: NORTH}))[0] is north.client

    def test_the_service_provider_is_the_one_with_the_keys(self, north: House, platform_key: rsa.RSAPrivateKey) -> None:
        twin = House(SOUTH, platform_key, SHARED_KEY, north.apiv3_key)

        client, _ = Merchants([north.client, twin.client]).parse(
            *north.notification({"mchid": NORTH, "sub_mchid": NORTH, "sp_mchid": SOUTH})
        )

        assert client is twin.client

    @pytest.mark.parametrize("resource", [{}, {"mchid": "2480000000"}])
    def test_no_merchant_is_guessed(self, north: House, platform_key: rsa.RSAPrivateKey, resource: Any) -> None:
        twin = House(SOUTH, platform_key, SHARED_KEY, north.apiv3_key)

        with pytest.raises(ConfigurationError, match="an APIv3 key of its own"):
            Merchants([north.client, twin.client]).parse(*north.notification(resource))

    def test_an_unknown_apiv3_key(self, merchants: Merchants, platform_key: rsa.RSAPrivateKey) -> None:
        stranger = House("1900000199", platform_key, SHARED_KEY, "x" * 32)

        with pytest.raises(DecryptionError):
            merchants.parse(*stranger.notification({}))

    def test_forgeries(self, merchants: Merchants, north: House) -> None:
        with pytest.raises(SignatureError) as caught:
            merchants.parse(*north.notification({}, **{"Wechatpay-Signature": "AAAA"}))

        assert caught.value.reason == "mismatch"

    def test_a_missing_serial(self, merchants: Merchants) -> None:
        with pytest.raises(SignatureError) as caught:
            merchants.parse({}, b"{}")

        assert caught.value.reason == "missing"

    def test_a_request_that_is_not_a_notification_is_refused(self, merchants: Merchants, west: House) -> None:
        headers, _ = west.notification({})
        body = b"{}"
        signature = west.platform_key.sign(f"{NOW}\nN\n".encode() + body + b"\n", PKCS1v15(), hashes.SHA256())
        headers["Wechatpay-Signature"] = base64.b64encode(signature).decode()

        with pytest.raises(CodecError):
            merchants.parse(headers, body)

    def test_an_unknown_key_is_refused(self, merchants: Merchants, merchant_key: rsa.RSAPrivateKey) -> None:
        stranger = House("1900000199", merchant_key, "PUB_KEY_ID_0119000001992026010100000000000000", "x" * 32)
        for _ in range(2):
            with pytest.raises(SignatureError, match=f"none of these merchants has.*{NORTH}") as caught:
                merchants.parse(*stranger.notification({}))
            assert caught.value.reason == "unknown_key"

    def test_bytes_alone(self, merchants: Merchants) -> None:
        with pytest.raises(TypeError, match="bytes that were sent"):
            merchants.parse({}, "{}")  # type: ignore[arg-type]


class Asked:
    """Notifications of a client whose keys are fetched: they are found by asking."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.asked = 0

    def knows(self, serial: str) -> bool:
        return False

    def parse(self, headers: Any, body: bytes) -> Any:
        self.asked += 1
        return self.house.client.notifications.parse(headers, body)


class Client:
    def __init__(self, house: House) -> None:
        self.mchid = house.mchid
        self.notifications = Asked(house)


class TestUnknownKeys:
    def test_the_merchants_are_asked_once_a_minute(self, north: House, south: House, west: House) -> None:
        """A new key is found; forgeries with keys that do not exist do not make everybody ask all the time."""
        now = 1000.0
        clients: Any = [Client(house) for house in (north, south, west)]
        merchants = Merchants(clients, clock=lambda: now)

        assert merchants.parse(*west.notification({"mchid": WEST}))[0] is clients[2]
        assert [client.notifications.asked for client in clients] == [1, 1, 1]
        for _ in range(5):
            with pytest.raises(SignatureError) as caught:
                merchants.parse(*west.notification({"mchid": WEST}))
            assert caught.value.reason == "unknown_key"
        assert clients[0].notifications.asked == 1

        now += 60
        assert merchants.parse(*west.notification({"mchid": WEST}))[0] is clients[2]


class TestV2:
    @pytest.mark.parametrize("name", ["mch_id", "combine_mch_id", "mchid"])
    def test_the_message_names_its_merchant(self, merchants: Merchants, south: House, name: str) -> None:
        body = south.xml() if name == "mch_id" else south.xml(**{name: SOUTH})

        client, notification = merchants.parse({}, body)

        assert client is south.client
        assert notification.resource[name] == SOUTH

    def test_a_stranger(self, merchants: Merchants, south: House) -> None:
        for body in (south.xml().replace(SOUTH.encode(), b"1"), b"<xml><a>1</a></xml>", b"<xml/>"):
            with pytest.raises(SignatureError, match="not one of") as caught:
                merchants.parse({}, body)
            assert caught.value.reason == "unknown_key"

    def test_anothers_name(self, merchants: Merchants, south: House) -> None:
        """Whoever puts another merchant's number in has not signed with that one's key."""
        with pytest.raises(SignatureError) as caught:
            merchants.parse({}, south.xml().replace(SOUTH.encode(), NORTH.encode()))

        assert caught.value.reason == "mismatch"
