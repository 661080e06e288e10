"""The sandbox as its users start it."""

from __future__ import annotations

import asyncio
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.loopback import is_loopback
from chainable.private_files import Marked, env_text
from chainable.sandbox.actions import explained
from chainable.sandbox.clock import system_time
from chainable.sandbox.renamed import renamed
from chainable.sandbox.server import Listener, Server, under
from chainable.sandbox.tls_ca import container_names
from wechatpay.sandbox.control_api import PREFIX, ControlApi
from wechatpay.sandbox.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from chainable.sandbox.store import Store
    from wechatpay import WeChatPay
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.faults import Fault
    from wechatpay.sandbox.http import Reply, Request
    from wechatpay.sandbox.inspector import Inspector
    from wechatpay.sandbox.recording import RecordedWeChatPay

__all__ = ["Sandbox"]

KEEP_ALIVE = 8.0
"""Seconds that a connection is kept after a response, as the platform's hosts have it."""
LARGEST = 32 * 1024 * 1024
"""Bytes that the body of a request may have."""
SETTINGS = "WECHATPAY_"
FILES = ("apiclient_key.pem", "apiclient_cert.pem", "pub_key.pem", "sandbox_ca.pem")
NOWHERE = "https://127.0.0.1:9/"
"""Where nobody listens."""
P12 = "apiclient_cert.p12"
CERTIFICATE = "wechatpay_cert.pem"
"""The platform certificate, for a merchant without a public key."""
MADE = Marked("wechatpay sandbox")


class Sandbox(Platform):
    """
    A local, stateful WeChat Pay for development and tests.

    Args:
        mchid: The merchant number of its account.
        appids: Further appids that are bound to it: those of your own program.
        state: A SQLite file for account, clock and state, which go on when it is used again; in memory without one.
        strict: Whether requests are checked against the catalogue in full.
        journal_size: How many requests the journal keeps.
        faults: The faults in force from the start.
        host: The address to listen on; other addresses than loopback cause a warning.
        hosts: Names and addresses by which other machines or containers call it: they stand in the TLS certificate, and
            the first one in :meth:`env`.
        allow_hosts: Those under which the controls answer besides ``host`` and loopback; by default *hosts*. A sandbox off
            loopback also answers under names of private networks, such as ``wechatpay``.
        port: The HTTP port; 0 takes a free one.
        https_port: The HTTPS port; 0 takes a free one.
        clock: Seconds since the epoch.
        automatic: Actions that happen at once by themselves: ``refund`` ends a refund; ``finish`` ends what else
            the platform does (splits, batches of transfers, withdrawals, receipts); ``pay``, ``confirm`` and ``sign``
            let the user act immediately. Otherwise call :meth:`pay` and the other actions.
        callback_scale: Factor on the seconds between repeated notifications; 0 repeats at once, 1 is the platform's.
        callback_hosts: Hosts besides loopback that notifications may go to; ``*`` for all.
        notify_url: The URL of notifications whose request has no ``notify_url`` (profit sharing, refunds), as set in the
            platform's console.
        seed: Makes the account with its keys, serials, ids and nonces the same every time, so that recorded answers can
            be compared; give a *clock* that stands as well. Whoever knows the seed has the keys: use it in tests only.
            What is encrypted with RSA stays different each time, and so do milliseconds.

        keys: Which keys of the platform the merchant has: ``public-key``, as new merchants, ``certificate``, or ``both``,
            so that a test can take either. Answers and notifications are signed by the public key if there is one, unless a call names a certificate.
        data: The former name of *state*.

    Use it as a context manager, or call :meth:`start` and :meth:`stop`.
    """

    def __init__(
        self,
        *,
        mchid: str = "1900000109",
        appids: Iterable[str] = (),
        state: str | Path | None = None,
        strict: bool = True,
        journal_size: int = 500,
        faults: Iterable[Fault] = (),
        host: str = "127.0.0.1",
        hosts: Sequence[str] = (),
        allow_hosts: Iterable[str] | None = None,
        port: int = 0,
        https_port: int = 0,
        clock: Callable[[], float] = system_time,
        automatic: Collection[str] = ("refund", "finish"),
        callback_scale: float = 0.01,
        callback_hosts: tuple[str, ...] = (),
        notify_url: str | None = None,
        seed: int | str | None = None,
        keys: str = "both",
        address: str | None = None,
        journal: int | None = None,
        data: str | Path | None = None,
    ) -> None:
        host = renamed("address", "host", address, host)
        state = data if state is None else state
        if not is_loopback(host):
            warnings.warn(
                Words(
                    f"the sandbox listens on {host}: whoever reaches it can read and control it; it is meant for loopback",
                    f"沙箱监听 {host}：能访问它的人都可以读取和控制它；它本应只用于本机",
                ),
                stacklevel=2,
            )
        super().__init__(
            mchid=mchid,
            appids=appids,
            data=None if state is None else Path(state),
            strict=strict,
            journal_size=renamed("journal", "journal_size", journal, journal_size),
            faults=faults,
            clock=clock,
            automatic=automatic,
            callback_scale=callback_scale,
            callback_hosts=callback_hosts,
            notify_url=notify_url,
            seed=seed,
            keys=keys,
        )
        self.host = host
        self._hosts = tuple(hosts)
        pages = {"": self._inspect, "inspector": self._inspect}
        self.control_api = ControlApi(self, host, pages, hosts if allow_hosts is None else allow_hosts)
        names = (*hosts, *container_names(host, "wechatpay"))
        context = self.account.authority.server_context(host, hosts=names)
        self._server = Server(
            self._serve,
            [
                Listener("main", host, port=port),
                Listener("main", host, context, https_port),
                Listener("backup", host),
                Listener("backup", host, context),
            ],
            keep_alive=KEEP_ALIVE,
            largest=LARGEST,
        )
        self.dispatcher.go_down = self._server.down
        self._inspector: Inspector | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._writing = Lock()
        self._written: Path | None = None
        self._clients: list[WeChatPay] = []

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
        """Listen; return when connections are accepted."""
        try:
            self._server.start()
        except OSError:
            self.stop()
            raise
        self.context.base_url, self.context.https_url = self.base_url, self.https_url
        self.context.backup_url = self.backup_url
        self.callbacks.resume()
        return self

    def stop(self) -> None:
        """Close its clients, connections and ports, and remove its files; a second call does nothing."""
        for client in self._clients:
            client.close()
        self._server.stop()
        self.callbacks.stop()
        self.store.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _serve(self, request: Request) -> Reply | Awaitable[Reply]:
        control = request.segments[0] == PREFIX
        if request.segments[1:2] == ("bills",) if control else self.dispatcher.takes_long(request):
            return asyncio.get_running_loop().run_in_executor(None, self._handle, request)
        return self._handle(request)

    def _handle(self, request: Request) -> Reply:
        api = self.control_api if request.segments[0] == PREFIX else self.dispatcher
        return api.handle(request)

    def _inspect(self, request: Request) -> Reply:
        if self._inspector is None:
            from wechatpay.sandbox.inspector import Inspector

            self._inspector = Inspector(self, lambda: self.env(self._written))
        return self._inspector.handle(request)

    # addresses

    @property
    def base_url(self) -> str:
        """The main host, plain HTTP."""
        return f"{self._server.origin(0)}/"

    @property
    def https_url(self) -> str:
        """The main host, TLS; operations that need the merchant certificate work here only."""
        return f"{self._server.origin(1)}/"

    @property
    def backup_url(self) -> str:
        """The other host, plain HTTP."""
        return f"{self._server.origin(2)}/"

    @property
    def backup_https_url(self) -> str:
        """The other host, TLS."""
        return f"{self._server.origin(3)}/"

    @property
    def inspector_url(self) -> str:
        """The inspector: a page with requests, notifications, payments and faults."""
        return f"{self.base_url}{PREFIX}/"

    @property
    def platform(self) -> SandboxContext:
        """Deprecated: use :attr:`context`."""
        warnings.warn("Sandbox.platform is deprecated: use context", DeprecationWarning, stacklevel=2)
        return self.context

    @property
    def address(self) -> str:
        """Deprecated: use :attr:`host`."""
        warnings.warn("Sandbox.address is deprecated: use host", DeprecationWarning, stacklevel=2)
        return self.host

    @property
    def ledger(self) -> Store:
        """Deprecated: use :attr:`store`."""
        warnings.warn("Sandbox.ledger is deprecated: use store", DeprecationWarning, stacklevel=2)
        return self.store

    @property
    def actions(self) -> dict[str, Callable[..., Any]]:
        """Actions of users and of the platform by name: for the command line and for other languages."""
        return {**super().actions, "down": self.down, "up": self.up}

    @explained("主机停止监听并断开连接；备用主机照常工作。")
    def down(self) -> None:
        """Stop the main host and drop its connections; the backup host goes on."""
        self._server.down()

    @explained("主机恢复监听。")
    def up(self) -> None:
        """Let the main host listen again."""
        self._server.up()

    def reset(self) -> None:
        """Drop state, requests, faults and rotations, and start both hosts; account, keys and ports stay."""
        super().reset()
        if self._server.running:
            self._server.up()

    # for clients

    @property
    def folder(self) -> Path:
        """The folder with the account's files; it is removed when the sandbox stops."""
        with self._writing:
            if self._folder is None:
                made = TemporaryDirectory(prefix="wechatpay-sandbox-")
                self.write_files(Path(made.name))
                self._folder = made
            return Path(self._folder.name)

    @property
    def recorded(self) -> RecordedWeChatPay:
        """What :func:`chainable.recording.vcr_config` needs of it."""
        from wechatpay.sandbox.recording import RecordedWeChatPay

        urls = (self.https_url, self.base_url, self.backup_https_url, self.backup_url) if self._server.running else ()
        return RecordedWeChatPay(self.account, tuple(url.rstrip("/") for url in (*urls, NOWHERE)), self.clock)

    def write_files(self, folder: str | Path, *, force: bool = True) -> None:
        """
        Write the account's keys and certificates into a folder, readable by the owner only.

        Args:
            folder: The folder; it has to exist.
            force: An existing file that was not made by a sandbox is renamed to ``….bak``, with a warning; False
                refuses.

        Raises:
            ConfigurationError: A file of the user's exists, without *force*.
            OSError: A file cannot be written.
        """
        account = self.account
        texts = (account.private_key, account.merchant_cert, account.public_key, account.ca)
        files: dict[str, str | bytes] = {**dict(zip(FILES, texts, strict=True)), P12: account.p12}
        if account.keys == "certificate":
            del files[FILES[2]]
            files[CERTIFICATE] = account.platform_certificates[-1].pem
        for name, content in files.items():
            MADE.write(Path(folder) / name, content, force=force, bare=True)

    def env(self, folder: str | Path | None = None) -> dict[str, str]:
        """Return the settings that ``WeChatPay.from_env`` reads; the files they name are in ``folder``."""
        where = self.folder if folder is None else Path(folder)
        key, certificate, public_key, ca = (str(where / name) for name in FILES)
        if self.account.keys == "certificate":
            public_key = str(where / CERTIFICATE)
        return {
            f"{SETTINGS}{name}": value
            for name, value in {
                "MCHID": self.account.mchid,
                "SERIAL": self.account.serial,
                "PRIVATE_KEY": key,
                "CERTS": f"{self.account.signer()}={public_key}",
                "APIV3_KEY": self.account.apiv3_key,
                "SECRET": self.account.secret,
                "MERCHANT_CERT": certificate,
                "MERCHANT_KEY": key,
                "BASE_URL": under(self._hosts, self.https_url),
                "BACKUP_URL": under(self._hosts, self.backup_https_url),
                "CA": ca,
            }.items()
        }

    def write_env(self, path: str | Path, *, force: bool = True) -> Path:
        """
        Write the settings as an env file, and the files it names into the folder ``….d`` beside it.

        Only their owner may read them. The first line is a comment with the maker of the file: such a file is replaced.

        Args:
            path: The path of the env file.
            force: An existing file that was not made by a sandbox is renamed to ``….bak``, with a warning; False
                refuses.

        Returns:
            The path.

        Raises:
            ConfigurationError: A file of the user's exists, without *force*; or the path cannot stand in an env file.
            OSError: A file cannot be written.
        """
        target = Path(path)
        folder = files_of(target)
        text = env_text(self.env(folder.absolute()))
        if not force:
            MADE.check((target, *(folder / name for name in (*FILES, P12, CERTIFICATE))))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink():
            msg = f"{folder} is a link: name another file"
            raise ConfigurationError(msg)
        self.write_files(folder, force=force)
        self._written = folder.absolute()
        MADE.write(target, text, force=force)
        return target

    def client(self, **overrides: Any) -> WeChatPay:
        """
        Return a client of this account for this sandbox, with its clock; it is closed with the sandbox.

        Before the sandbox is started, it reads notifications, and calls nobody.
        """
        from wechatpay import WeChatPay

        account = self.account
        settings: dict[str, Any] = {
            "mchid": account.mchid,
            "serial": account.serial,
            "private_key": account.private_key,
            "certs": {account.signer(): account.certs[account.signer()]},
            "apiv3_key": account.apiv3_key,
            "secret": account.secret,
            "merchant_cert": account.merchant_cert,
            "merchant_key": account.merchant_key,
            "base_url": self.https_url if self._server.running else NOWHERE,
            "verify": str(self.folder / FILES[3]),
            "clock": self.clock,
            **overrides,
        }
        client = WeChatPay(**settings)
        self._clients.append(client)
        return client


def files_of(env: Path) -> Path:
    """Return the folder with the files that an env file names."""
    return env.with_name(env.name + ".d")
