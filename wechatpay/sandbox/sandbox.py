"""The sandbox as its users start it."""

from __future__ import annotations

import ipaddress
import json
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from chainable.errors import ConfigurationError
from chainable.loopback import is_loopback
from chainable.private_files import Marked, env_text
from wechatpay.sandbox import flows
from wechatpay.sandbox.account import Account, load
from wechatpay.sandbox.admin import PREFIX as PAGES
from wechatpay.sandbox.admin import Admin
from wechatpay.sandbox.callbacks import Callbacks
from wechatpay.sandbox.faults import Fault, Faults
from wechatpay.sandbox.journal import Journal
from wechatpay.sandbox.ledger import Ledger
from wechatpay.sandbox.platform import Platform
from wechatpay.sandbox.server import Listener, Server
from wechatpay.sandbox.trigger import triggered

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from wechatpay import WeChatPay
    from wechatpay.sandbox.callbacks import Delivery
    from wechatpay.sandbox.messages import Reply, Request

__all__ = ["Sandbox"]

PREFIX = "WECHATPAY_"
AUTOMATIC = frozenset({"pay", "refund", "confirm", "sign"})
FILES = ("apiclient_key.pem", "apiclient_cert.pem", "pub_key.pem", "sandbox_ca.pem")
MADE = Marked("wechatpay sandbox")


class Sandbox:
    """
    A WeChat Pay of one's own, on loopback.

    Args:
        mchid: The merchant number of its account.
        data: A SQLite file for account and state; in memory without one.
        strict: Whether requests are checked against the catalogue in full.
        journal: How many requests are kept to look at.
        faults: What is to break, from the start.
        address: The address to listen on; another than loopback warns.
        port: The HTTP port; 0 takes a free one.
        https_port: The HTTPS port; 0 takes a free one.
        clock: Seconds since the epoch.
        automatic: What happens by itself at once: ``refund`` ends a refund; ``pay``, ``confirm`` and
            ``sign`` let the user do so the moment there is something to do. Otherwise call :meth:`pay` and its like.
        callback_scale: Factor on the seconds between repeated notifications; 0 repeats at once, 1 is the platform's.
        callback_hosts: Hosts besides loopback that notifications may go to; ``*`` for all.
        notify_url: Where the merchant is told what no request names a place for (profit sharing, refunds
            without a ``notify_url``), as one sets it in the platform's console.

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
        automatic: Collection[str] = ("refund",),
        callback_scale: float = 0.01,
        callback_hosts: tuple[str, ...] = (),
        notify_url: str | None = None,
    ) -> None:
        unknown = sorted(set(automatic) - AUTOMATIC)
        if unknown:
            raise ValueError(f"nothing automatic is called {unknown[0]!r}: there are {', '.join(sorted(AUTOMATIC))}")
        if not is_loopback(address):
            warnings.warn(
                f"the sandbox listens on {address}: whoever reaches it can read and steer it; it is meant for loopback",
                stacklevel=2,
            )
        self.address = address
        self.ledger = Ledger(Path(data) if data is not None else None)
        saved = self.ledger.setting("account")
        self.account = Account(mchid, clock=clock, saved=load(saved) if saved else None)
        self._kept = data is not None
        if saved is None:
            self._keep_account()
        self.platform = Platform(
            self.account,
            self.ledger,
            clock=clock,
            strict=strict,
            journal=Journal(journal),
            faults=Faults(faults),
            callbacks=Callbacks(self.account, clock, self.ledger, scale=callback_scale, hosts=callback_hosts),
            automatic=automatic,
        )
        self._notify_url = notify_url
        self._strict = strict
        self._automatic = automatic
        if notify_url is not None:
            self.platform.notify_url = notify_url
        self.admin = Admin(self)
        context = self.account.authority.server_context(server_names(address))
        self._server = Server(
            self._handle,
            [
                Listener("main", address, port=port),
                Listener("main", address, context, https_port),
                Listener("backup", address),
                Listener("backup", address, context),
            ],
        )
        self.platform.go_down = self._server.down
        self.platform.rotate = self.rotate
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
        try:
            self._server.start()
        except OSError:
            self.stop()
            raise
        self.platform.base_url = self.base_url
        self.callbacks.resume()
        return self

    def stop(self) -> None:
        """Close the clients it made, the connections and the ports, and remove its files; once more does no harm."""
        for client in self._clients:
            client.close()
        self._server.stop()
        self.callbacks.stop()
        self.ledger.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _handle(self, request: Request) -> Reply:
        if request.segments[0] == PAGES:
            return self.admin.handle(request)
        return self.platform.handle(request)

    # where it is

    def _url(self, scheme: str, index: int) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
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
    def inspector_url(self) -> str:
        """Its page for people: what came in, what went out, the money and the faults."""
        return f"{self.base_url}{PAGES}/"

    @property
    def journal(self) -> Journal:
        """The last requests."""
        return self.platform.journal

    @property
    def faults(self) -> Faults:
        """What is to break."""
        return self.platform.faults

    @property
    def callbacks(self) -> Callbacks:
        """What was notified, and how the merchant answered."""
        return self.platform.callbacks

    # what users and the platform do

    def pay(self, number: str, *, openid: str | None = None) -> list[dict[str, Any]]:
        """The user pays an order, or all of a combined one; the merchant is notified."""
        return flows.orders.pay(self.platform, number, openid=openid)

    def finish_refund(self, number: str, status: str = "SUCCESS") -> dict[str, Any]:
        """A refund ends as ``SUCCESS``, ``CLOSED`` or ``ABNORMAL``; the merchant is notified."""
        return flows.refunds.finish(self.platform, number, status)

    def confirm_transfer(self, number: str, state: str = "SUCCESS") -> dict[str, Any]:
        """The user takes a transfer, or it ends as ``FAIL``; the merchant is notified."""
        return flows.transfers.confirm(self.platform, number, state)

    def change_insurance_order(self, number: str, state: str) -> dict[str, Any]:
        """The ``order_receive_state`` of an insurance order changes; the merchant is notified."""
        return flows.insurance.change_order(self.platform, number, state)

    def sign_contract(self, number: str) -> dict[str, Any]:
        """The user signs a contract, for insurance or for deductions; the merchant is notified."""
        return flows.contracts.sign(self.platform, number)

    def terminate_contract(self, number: str) -> dict[str, Any]:
        """The user ends a contract; the merchant is notified."""
        return flows.contracts.terminate(self.platform, number)

    def confirm_service(self, number: str) -> dict[str, Any]:
        """The user confirms a Pay Score order; the merchant is notified."""
        return flows.payscore.confirm(self.platform, number)

    def pay_service(self, number: str) -> dict[str, Any]:
        """The user pays a completed Pay Score order; the merchant is notified."""
        return flows.payscore.paid(self.platform, number)

    def complain(self, number: str, detail: str = "没有收到货") -> dict[str, Any]:
        """The user complains about an order; the merchant is notified where it asked to be."""
        return flows.complaints.complain(self.platform, number, detail)

    def confirm_authorization(self, number: str) -> dict[str, Any]:
        """The user allows transfers without confirmation; the merchant is notified."""
        return flows.authorizations.confirm(self.platform, number)

    def close_authorization(self, number: str) -> dict[str, Any]:
        """The user allows them no longer; the merchant is notified."""
        return flows.authorizations.close(self.platform, number, "USER_CLOSE")

    def notify_at(self, url: str | None) -> None:
        """Set where the merchant is told what no request names a place for; None: nowhere."""
        self.platform.notify_url = url

    def trigger(
        self,
        event: str,
        to: str,
        set: Mapping[str, Any] | None = None,  # noqa: A002 (the word of the command line)
        *,
        version: str = "v3",
        forgery: str = "",
        duplicates: int = 0,
        concurrent: bool = False,
    ) -> Delivery:
        """
        Send a notification of any kind.

        Args:
            event: Its ``event_type``; the slug of a v2 message without one.
            to: Where it goes.
            set: Values of its content by dotted name: ``{'amount.total': 1}``; the rest is made up.
            version: ``v3`` or ``v2``.
            forgery: One of :data:`wechatpay.sandbox.FORGERIES`.
            duplicates: How many more times it is sent.
            concurrent: Whether those go out at the same moment.

        Raises:
            LookupError: There is no such event.
            ValueError: There is no such forgery.
        """
        return triggered(self.platform, event, to, dict(set or {}), version, forgery, duplicates, concurrent=concurrent)

    @property
    def actions(self) -> dict[str, Callable[..., Any]]:
        """What users and the platform do, by name: for the command line and for other languages."""
        return {
            "pay": self.pay,
            "finish_refund": self.finish_refund,
            "confirm_transfer": self.confirm_transfer,
            "change_insurance_order": self.change_insurance_order,
            "sign_contract": self.sign_contract,
            "terminate_contract": self.terminate_contract,
            "confirm_service": self.confirm_service,
            "pay_service": self.pay_service,
            "complain": self.complain,
            "confirm_authorization": self.confirm_authorization,
            "close_authorization": self.close_authorization,
            "notify_at": self.notify_at,
            "rotate": self.rotate,
            "retire": self.retire,
            "down": self.down,
            "up": self.up,
        }

    # what it is like

    def rotate(self) -> str:
        """Make a younger platform certificate that signs from now on; its serial."""
        serial = self.account.rotate()
        self._keep_account()
        return serial

    def retire(self, serial: str) -> None:
        """Drop a platform certificate, as if it had expired; LookupError if there is none of this serial."""
        self.account.retire(serial)
        self._keep_account()

    def _keep_account(self) -> None:
        if self._kept:
            self.ledger.set("account", json.dumps(self.account.save()))

    def down(self) -> None:
        """The main host stops listening and drops its connections; the backup host goes on."""
        self._server.down()

    def up(self) -> None:
        """The main host listens again."""
        self._server.up()

    def reset(self) -> None:
        """Be as at the start: no state, requests, faults and rotations, both hosts up; account, keys and ports stay."""
        with self.platform.lock:
            self.ledger.clear()
            self.platform.notify_url = self._notify_url
            self.platform.strict = self._strict
            self.platform.automatic = frozenset(self._automatic)
            self.journal.clear()
            self.faults.clear()
            self.callbacks.clear()
            self.account.restore()
            self._keep_account()
            self.platform.intake.gate.nonces.clear()
        if self._server.running:
            self._server.up()

    # for clients

    @property
    def folder(self) -> Path:
        """A folder with the account's files, removed when the sandbox stops."""
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="wechatpay-sandbox-")
            self.write_files(Path(self._folder.name))
        return Path(self._folder.name)

    def write_files(self, folder: Path, *, force: bool = True) -> None:
        """
        Write the account's keys and certificates into a folder, readable by the owner only.

        Args:
            folder: Where; it has to be there.
            force: A file that is there and was not made by a sandbox is renamed to ``….bak``, with a warning; False
                refuses.

        Raises:
            ConfigurationError: There is a file of the user's, without *force*.
            OSError: A file cannot be written.
        """
        account = self.account
        texts = (account.private_key, account.merchant_cert, account.public_key, account.ca)
        for name, text in zip(FILES, texts, strict=True):
            MADE.write(folder / name, text, force=force, bare=True)

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

    def write_env(self, path: str | Path, *, force: bool = True) -> Path:
        """
        Write the settings as an env file, and the files it names into the folder ``….d`` beside it.

        Only their owner may read them. The first line is a comment that says who made the file: such a file is replaced.

        Args:
            path: Of the env file.
            force: A file that is there and was not made by a sandbox is renamed to ``….bak``, with a warning; False
                refuses.

        Returns:
            The path.

        Raises:
            ConfigurationError: There is a file of the user's, without *force*; or the path cannot stand in an env file.
            OSError: A file cannot be written.
        """
        target = Path(path)
        folder = files_of(target)
        text = env_text(self.env(folder.absolute()))
        if not force:
            MADE.check((target, *(folder / name for name in FILES)))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink():
            msg = f"{folder} is a link: name another file"
            raise ConfigurationError(msg)
        self.write_files(folder, force=force)
        MADE.write(target, text, force=force)
        return target

    def client(self, **overrides: Any) -> WeChatPay:
        """A client of this account, pointed at this sandbox; it is closed with the sandbox."""
        from wechatpay import WeChatPay

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


def files_of(env: Path) -> Path:
    """Return the folder with the files that an env file names."""
    return env.with_name(env.name + ".d")


def server_names(address: str) -> tuple[str, ...]:
    """The names its TLS certificate is good for."""
    names = ["localhost", "127.0.0.1", "::1"]
    try:
        if not ipaddress.ip_address(address).is_unspecified:
            names.append(address)
    except ValueError:
        names.append(address)
    return tuple(dict.fromkeys(names))
