"""The sandbox as its users see it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.loopback import is_loopback
from chainable.private_files import Marked, env_text
from chainable.sandbox.clock import system_time
from chainable.sandbox.renamed import renamed
from chainable.sandbox.server import under
from taobao_top.catalogue.definitions import Catalogue
from taobao_top.sandbox.account import Account
from taobao_top.sandbox.app import Application
from taobao_top.sandbox.faults import Fault
from taobao_top.sandbox.rate_limits import APP_API, Limit
from taobao_top.sandbox.service import Service
from taobao_top.sandbox.spi_calls import Outcome, SpiRequest, call_spi, spi_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from chainable.sandbox.clock import Clock
    from taobao_top import TaobaoTop
    from taobao_top.catalogue.definitions import Definitions
    from taobao_top.sandbox.journal import Journal
    from taobao_top.sandbox.messages import MessageQueue
    from taobao_top.sandbox.recording import RecordedTop
    from taobao_top.sandbox.sessions import Sessions
    from taobao_top.sandbox.trades import Trades

__all__ = ["Sandbox"]
MADE = Marked("taobao-top sandbox")


class Sandbox:
    """
    A gateway of the Taobao Open Platform on loopback.

    It checks what arrives as the platform does, with code of its own, answers
    from the catalogue, keeps state, and fails on demand::

        with Sandbox() as sandbox:
            top = sandbox.client()
            top.taobao.time.get()

    Args:
        app_key: Of the app; made up when left out, like the next two.
        app_secret: Of the app.
        session: One that never expires.
        host: The address to bind; other addresses than loopback cause a warning.
        hosts: Names and addresses by which other machines or containers call it: they stand in the TLS certificate, and
            the first one in :meth:`env`.
        allow_hosts: Those under which the controls answer besides ``host`` and loopback; by default *hosts*. A sandbox off
            loopback also answers under names of private networks, such as ``taobao-top``.
        port: For HTTP and the message channel; 0 takes a free one.
        https_port: For HTTPS; 0 takes a free one.
        https: Whether HTTPS is served at all.
        state: A SQLite file to keep the account, the clock, trades, tokens, orders and the version of the key in; None
            keeps them in memory.
        clock: Seconds since 1970.
        strict: Whether APIs that the catalogue lacks, and parameters that do not fit it, are refused.
        batch_limit: How many requests a batch may hold.
        journal_size: How many requests the journal keeps.
        sign_method: What :meth:`env` tells clients to use.
        callback_hosts: Hosts besides loopback that requests to the controls (``POST /_sandbox/spi`` and the page) may
            have called; ``*`` for all. :meth:`call_spi` calls what it is given.
        catalogue: Definitions of further methods, or other ones of known methods, as for a client; the clients made
            here know them, too.
        seed: Makes app_key, app_secret, sessions, tokens and ids the same every time, so that recorded answers can be
            compared; give a *clock* that stands as well. Whoever knows the seed has the keys: use it in tests only.
        beside: A running sandbox whose server is used: an app with its own state moves in there. The settings of
            the server are that one's.
        data: The former name of *state*.
    """

    def __init__(
        self,
        *,
        app_key: str | None = None,
        app_secret: str | None = None,
        session: str | None = None,
        host: str = "127.0.0.1",
        hosts: Sequence[str] = (),
        allow_hosts: Iterable[str] | None = None,
        port: int = 0,
        https_port: int = 0,
        https: bool = True,
        state: str | Path | None = None,
        clock: Callable[[], float] = system_time,
        strict: bool = True,
        batch_limit: int = 20,
        journal_size: int = 1000,
        sign_method: str = "hmac-sha256",
        callback_hosts: tuple[str, ...] = (),
        catalogue: Catalogue | Definitions | None = None,
        seed: int | str | None = None,
        beside: Sandbox | None = None,
        lenient: bool | None = None,
        data: str | Path | None = None,
    ) -> None:
        strict = renamed("lenient", "strict", None if lenient is None else not lenient, strict)
        known = Catalogue.of(catalogue)
        self._sign_method = sign_method
        self._clients: list[TaobaoTop] = []
        self._owner = beside is None
        if beside is None:
            if not is_loopback(host):
                message = Words(
                    f"the sandbox on {host} can be reached from other machines", f"其他机器可以访问 {host} 上的沙箱"
                )
                warnings.warn(message, stacklevel=2)
            self.service = Service(
                host=host,
                hosts=hosts,
                allow_hosts=allow_hosts,
                port=port,
                https_port=https_port if https else None,
                data=data if state is None else state,
                clock=clock,
                seed=seed,
            )
            account = self.service.account(app_key, app_secret, session)
            self.service.gateway.strict = strict
            self.service.gateway.catalogue = known
            self.service.gateway.batch_limit = batch_limit
            self.service.gateway.callback_hosts = frozenset(name.lower().strip("[]") for name in callback_hosts)
        else:
            self.service = beside.service
            account = Account.of(self.service.gateway.random)
        gateway = self.service.gateway
        self.application = Application(account, self.service.store, gateway.clock, journal_size, gateway.random)
        self.application.faults.known = lambda: gateway.catalogue.methods() if gateway.strict else None
        if self._owner:
            switches = gateway.settings()
            self.application.on_reset = lambda: vars(gateway).update(switches)
        gateway.applications[account.app_key] = self.application

    def start(self) -> Self:
        """Start serving; ``with`` does it."""
        if self._owner:
            self.service.start()
        return self

    def stop(self) -> None:
        """Close the clients made here and the server; ``with`` does it."""
        for client in self._clients:
            client.close()
        if self._owner:
            self.service.stop()
        else:
            self.service.forget(self.account.app_key)

    def __enter__(self) -> Self:
        """Begin to serve."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.stop()

    @property
    def account(self) -> Account:
        """The app to call with: ``app_key``, ``app_secret``, ``session``."""
        return self.application.account

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:…``: ``/authorize`` and ``/token`` are there as well."""
        return self.service.origin

    @property
    def gateway(self) -> str:
        """``http://…/router/rest``; batches go to ``/router/batch``, qimen to ``/router/qimen/service``."""
        return f"{self.service.origin}/router/rest"

    @property
    def https_gateway(self) -> str:
        """``https://…/router/rest``; its certificate is from :attr:`ca`."""
        return f"{self.service.https_origin}/router/rest"

    @property
    def channel_url(self) -> str:
        """``ws://…/``: the message channel."""
        return self.service.origin.replace("http", "ws", 1) + "/"

    @property
    def inspector_url(self) -> str:
        """The inspector: a page with requests, trades, messages and faults."""
        page = f"{self.service.origin}/_sandbox/"
        alone = len(self.service.gateway.applications) == 1
        return page if alone else f"{page}?app_key={self.account.app_key}"

    @property
    def ca(self) -> Path | None:
        """The PEM file of the certificate authority; gone when the sandbox ends."""
        return self.service.ca

    @property
    def journal(self) -> Journal:
        """The requests of this app."""
        return self.application.journal

    @property
    def trades(self) -> Trades:
        """The orders of the seller."""
        return self.application.trades

    @property
    def sessions(self) -> Sessions:
        """The seller's authorisations."""
        return self.application.sessions

    @property
    def messages(self) -> MessageQueue:
        """The messages of the app."""
        return self.application.queue

    @property
    def recorded(self) -> RecordedTop:
        """What :func:`chainable.recording.vcr_config` needs of it."""
        from taobao_top.sandbox.recording import RecordedTop

        origins = (self.service.https_origin, self.service.origin)
        return RecordedTop(tuple(origin for origin in origins if origin is not None))

    def client(self, **overrides: Any) -> TaobaoTop:
        """
        Return a client that calls this sandbox, with its clock; closed when the sandbox ends.

        Args:
            **overrides: Settings of :class:`taobao_top.TaobaoTop` that differ.
        """
        from taobao_top import TaobaoTop

        settings: dict[str, Any] = {
            "app_key": self.account.app_key,
            "app_secret": self.account.app_secret,
            "session": self.account.session,
            "sign_method": self._sign_method,
            "gateway": self.gateway,
            "catalogue": self.service.gateway.catalogue,
            "clock": self.clock,
            **overrides,
        }
        if self.ca is not None and str(settings["gateway"]).startswith("https:"):
            settings.setdefault("verify", str(self.ca))
        client = TaobaoTop(**settings)
        self._clients.append(client)
        return client

    def env(self, ca: Path | None = None) -> dict[str, str]:
        """Return the environment variables that ``TaobaoTop.from_env()`` reads; *ca* is a copy of :attr:`ca` to name."""
        found = {
            "TAOBAO_TOP_APP_KEY": self.account.app_key,
            "TAOBAO_TOP_APP_SECRET": self.account.app_secret,
            "TAOBAO_TOP_SESSION": self.account.session,
            "TAOBAO_TOP_SIGN_METHOD": self._sign_method,
            "TAOBAO_TOP_GATEWAY": under(self.service.hosts, self.gateway),
        }
        if self.ca is not None:
            found.update(
                TAOBAO_TOP_GATEWAY=under(self.service.hosts, self.https_gateway), TAOBAO_TOP_CA=str(ca or self.ca)
            )
        return found

    def write_env(self, path: str | Path, *, force: bool = True) -> Path:
        """
        Write :meth:`env` as a file, and the authority's certificate into the folder ``….d`` beside it; only their owner may
        read them.

        Its first line is a comment that says who made it: such a file is replaced.

        Args:
            path: Of the file.
            force: A file that is there and was not made by a sandbox is renamed to ``….bak``, with a warning; False
                refuses.

        Returns:
            The path.

        Raises:
            ConfigurationError: There is a file of the user's, without *force*; or a setting cannot stand in an env file.
            OSError: The file cannot be written.
        """
        target = Path(path)
        folder = target.with_name(f"{target.name}.d")
        copy = folder / "sandbox_ca.pem"
        if not force:
            MADE.check((target, copy))
        if self.ca is None:
            MADE.write(target, env_text(self.env()), force=force)
            return target
        text = env_text(self.env(copy.absolute()))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink():
            msg = f"{folder} is a link: name another file"
            raise ConfigurationError(msg)
        MADE.write(copy, self.ca.read_text(), force=force, bare=True)
        MADE.write(target, text, force=force)
        return target

    def fault(self, kind: str, **options: Any) -> Fault:
        """Add a fault: a kind of :data:`taobao_top.sandbox.KINDS`, with the options of :class:`Fault`."""
        fault = Fault(kind=kind, **options)
        self.application.faults.add(fault)
        return fault

    def error(self, code: int, sub_code: str | None = None, sub_msg: str | None = None, **options: Any) -> Fault:
        """Answer ``error_response`` once, or as ``times``, ``method``, ``after``, ``executed`` say."""
        return self.fault("error", code=code, sub_code=sub_code, sub_msg=sub_msg, **options)

    def ban(self, seconds: float, *, method: str | None = None, code: int = 7, sub_code: str = APP_API) -> None:
        """Refuse calls for so many seconds, with the words that say how many remain."""
        self.application.throttle.ban(self.application.clock() + seconds, method=method, code=code, sub_code=sub_code)

    def limit(self, calls: int, *, seconds: float = 1.0, ban: float = 1.0, method: str | None = None) -> None:
        """Limit the calls within so many seconds; the next one starts a ban."""
        self.application.throttle.limit(Limit(calls=calls, seconds=seconds, ban=ban, method=method))

    def advance(self, seconds: float) -> None:
        """
        Set this app's clock ahead (or back), so that bans, sessions and timestamps age without waiting.

        Raises:
            ValueError: It would leave the years that can be written, 1970 to 9998.
        """
        self.application.clock.advance(seconds)

    @property
    def clock(self) -> Clock:
        """This app's clock: ``clock.advance(days=1)`` lets sessions, bans and messages age."""
        return self.application.clock

    def snapshot(self) -> bytes:
        """Return this app's state: trades, sessions, messages, limits, clock and faults; not the journal."""
        return self.application.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """Bring back the state that :meth:`snapshot` returned; ValueError if it is none of this app."""
        self.application.restore(snapshot)

    def reset(self) -> None:
        """
        Drop this app's state, requests and faults, set its clock to now, and its switches back; the account stays.

        Of the apps that share a server, the first one sets those of the gateway back, such as ``strict``.
        """
        self.application.reset()

    def rotate_secret(self) -> int:
        """Make a new key for ``taobao.top.secret.get``, and return its version."""
        return self.application.rotate_secret()

    def call_spi(self, url: str, **options: Any) -> Outcome:
        """Call a server as the platform does: options of :func:`taobao_top.sandbox.spi_calls.call_spi`."""
        return call_spi(self.application, url, **options)

    def spi_request(self, url: str = "/", **options: Any) -> SpiRequest:
        """
        Return a call of the platform to a path or URL, signed and not sent, for the test client of a web framework::

            sent = sandbox.spi_request("/spi", method="taobao.shop.ask", form={"tid": "7"})
            answer = flask_app.test_client().post(sent.target, headers=sent.headers, data=sent.body)

        Args:
            url: Where the server has it.
            **options: Those of :func:`taobao_top.sandbox.spi_calls.call_spi` that say what is called.
        """
        return spi_request(self.application, url, **options)
