"""The sandbox as its users start it."""

from __future__ import annotations

import ipaddress
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.account import Account, load, write_private
from wechatpay.sandbox.faults import Fault, Faults
from wechatpay.sandbox.journal import Journal
from wechatpay.sandbox.ledger import Ledger
from wechatpay.sandbox.platform import Platform
from wechatpay.sandbox.server import Listener, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from wechatpay import WeChatPay

__all__ = ["Sandbox"]

PREFIX = "WECHATPAY_"
FILES = ("apiclient_key.pem", "apiclient_cert.pem", "pub_key.pem", "sandbox_ca.pem")


class Sandbox:
    """
    A WeChat Pay of one's own, on loopback.

    Args:
        mchid: The merchant number of its account.
        data: A SQLite file for account and state; in memory without one.
        strict: Whether requests are checked against the catalogue in full.
        journal: How many requests are kept to look at.
        faults: What is to break, from the start.
        address: The address to listen on.
        port: The HTTP port; 0 takes a free one.
        https_port: The HTTPS port; 0 takes a free one.
        clock: Seconds since the epoch.

    Use it as a context manager, or call :meth:`start` and :meth:`stop`.
    """

    def __init__(
        self,
        *,
        mchid: str = "1900000109",
        data: str | Path | None = None,
        strict: bool = True,
        journal: int = 500,
        faults: Iterable[Fault] = (),
        address: str = "127.0.0.1",
        port: int = 0,
        https_port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._address = address
        self.ledger = Ledger(Path(data) if data is not None else None)
        saved = self.ledger.setting("account")
        self.account = Account(mchid, clock=clock, saved=load(saved) if saved else None)
        if data is not None and saved is None:
            self.ledger.set("account", json.dumps(self.account.save()))
        self.platform = Platform(
            self.account,
            self.ledger,
            clock=clock,
            strict=strict,
            journal=Journal(journal),
            faults=Faults(faults),
        )
        context = self.account.authority.server_context(server_names(address))
        self._server = Server(
            self.platform.handle,
            [
                Listener("main", address, port=port),
                Listener("main", address, context, https_port),
                Listener("backup", address),
                Listener("backup", address, context),
            ],
        )
        self.platform.go_down = self._server.down
        self._folder: TemporaryDirectory[str] | None = None
        self._clients: list[WeChatPay] = []

    def __repr__(self) -> str:
        return f"<Sandbox {self.account.mchid}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Listen; ready when it returns."""
        self._server.start()
        self.platform.base_url = self.base_url
        return self

    def stop(self) -> None:
        """Close the clients it made, the connections and the ports, and remove its files."""
        for client in self._clients:
            client.close()
        self._server.stop()
        self.ledger.close()
        if self._folder is not None:
            self._folder.cleanup()

    # where it is

    def _url(self, scheme: str, index: int) -> str:
        host = f"[{self._address}]" if ":" in self._address else self._address
        return f"{scheme}://{host}:{self._server.port(index)}/"

    @property
    def base_url(self) -> str:
        """Where it listens, plain HTTP."""
        return self._url("http", 0)

    @property
    def https_url(self) -> str:
        """Where it listens, TLS; operations that need the merchant certificate work here only."""
        return self._url("https", 1)

    @property
    def backup_url(self) -> str:
        """The other host, plain HTTP."""
        return self._url("http", 2)

    @property
    def backup_https_url(self) -> str:
        """The other host, TLS."""
        return self._url("https", 3)

    @property
    def journal(self) -> Journal:
        """The last requests."""
        return self.platform.journal

    @property
    def faults(self) -> Faults:
        """What is to break."""
        return self.platform.faults

    # what it is like

    def down(self) -> None:
        """The main host stops listening and drops its connections; the backup host goes on."""
        self._server.down()

    def up(self) -> None:
        """The main host listens again."""
        self._server.up()

    def reset(self) -> None:
        """Forget all state, requests and faults; account, keys and ports stay."""
        with self.platform.lock:
            self.ledger.clear()
            self.journal.clear()
            self.faults.clear()
            self.platform.gate.nonces.clear()

    # for clients

    @property
    def folder(self) -> Path:
        """A folder with the account's files, removed when the sandbox stops."""
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="wechatpay-sandbox-")
            self.write_files(Path(self._folder.name))
        return Path(self._folder.name)

    def write_files(self, folder: Path) -> None:
        """Write the account's keys and certificates into a folder, readable by the owner only."""
        account = self.account
        texts = (account.private_key, account.merchant_cert, account.public_key, account.ca)
        for name, text in zip(FILES, texts, strict=True):
            write_private(folder / name, text)

    def env(self, folder: Path | None = None) -> dict[str, str]:
        """The settings that ``WeChatPay.from_env`` reads; the files they name are in ``folder``."""
        where = self.folder if folder is None else folder
        key, certificate, public_key, ca = (str(where / name) for name in FILES)
        return {
            f"{PREFIX}{name}": value
            for name, value in {
                "MCHID": self.account.mchid,
                "SERIAL": self.account.serial,
                "PRIVATE_KEY": key,
                "CERTS": f"{self.account.public_key_id}={public_key}",
                "APIV3_KEY": self.account.apiv3_key,
                "SECRET": self.account.secret,
                "MERCHANT_CERT": certificate,
                "MERCHANT_KEY": key,
                "BASE_URL": self.https_url,
                "BACKUP_URL": self.backup_https_url,
                "CA": ca,
            }.items()
        }

    def write_env(self, path: str | Path) -> Path:
        """Write the settings as an env file, and the files it names beside it."""
        target = Path(path)
        folder = target.with_name(target.name + ".d")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.write_files(folder)
        lines = [f"{name}={value}" for name, value in self.env(folder.absolute()).items()]
        write_private(target, "\n".join(lines) + "\n")
        return target

    def client(self, **overrides: Any) -> WeChatPay:
        """A client of this account, pointed at this sandbox; it is closed with the sandbox."""
        from wechatpay import WeChatPay  # noqa: PLC0415 (the sandbox needs no client)

        account = self.account
        settings: dict[str, Any] = {
            "mchid": account.mchid,
            "serial": account.serial,
            "private_key": account.private_key,
            "certs": {account.public_key_id: account.public_key},
            "apiv3_key": account.apiv3_key,
            "secret": account.secret,
            "merchant_cert": account.merchant_cert,
            "merchant_key": account.merchant_key,
            "base_url": self.https_url,
            "verify": str(self.folder / FILES[3]),
            **overrides,
        }
        client = WeChatPay(**settings)
        self._clients.append(client)
        return client


def server_names(address: str) -> tuple[str, ...]:
    """The names its TLS certificate is good for."""
    names = ["localhost", "127.0.0.1", "::1"]
    try:
        if not ipaddress.ip_address(address).is_unspecified:
            names.append(address)
    except ValueError:
        names.append(address)
    return tuple(dict.fromkeys(names))
