"""The parts of a running sandbox that several apps share: gateway, server, store, certificate authority."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from chainable.private_files import write_private
from chainable.sandbox.randomness import Randomness
from chainable.sandbox.server import Listener, Server
from chainable.sandbox.store import Store
from chainable.sandbox.tls_ca import Authority, container_names
from taobao_top.sandbox.account import Account
from taobao_top.sandbox.control_api import ControlApi
from taobao_top.sandbox.gateway import Gateway
from taobao_top.sandbox.web import Web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Service"]

KEEP_ALIVE = 75.0
"""Seconds that a connection is kept after a response."""


class Service:
    """A server with its gateway, the records, and the origins and CA file of HTTP and HTTPS (None without HTTPS)."""

    def __init__(
        self,
        *,
        host: str,
        hosts: Sequence[str] = (),
        allow_hosts: Iterable[str] | None = None,
        port: int,
        https_port: int | None,
        data: str | Path | None,
        clock: Callable[[], float],
        seed: int | str | None = None,
    ) -> None:
        self.hosts = tuple(hosts)
        self.gateway = Gateway(clock, Randomness(seed))
        with ExitStack() as opened:
            self.store = Store(None if data is None else Path(data))
            opened.callback(self.store.close)
            listeners = [Listener("main", host, port=port)]
            self.ca = None
            if https_port is not None:
                authority = Authority()
                self.ca = Path(
                    opened.enter_context(tempfile.TemporaryDirectory(prefix="taobao_top.sandbox.")), "ca.pem"
                )
                write_private(self.ca, authority.pem)
                names = (*hosts, *container_names(host, "taobao-top"))
                context = authority.server_context(host, hosts=names, clients=False)
                listeners.append(Listener("main", host, context, https_port))
            control_api = ControlApi(self.gateway, host, hosts if allow_hosts is None else allow_hosts)
            web = Web(self.gateway, control_api)
            self._server = Server(web.handle, listeners, keep_alive=KEEP_ALIVE)
            opened.callback(self._server.stop)
            self._server.bind()
            self._opened = opened.pop_all()
        self.origin = self._server.origin(0)
        self.https_origin = None if self.ca is None else self._server.origin(1)
        control_api.origins = {"origin": self.origin, "https_origin": self.https_origin}

    def account(self, app_key: str | None, app_secret: str | None, session: str | None) -> Account:
        """Return the account to use: what is given, then what the file had, the rest made up."""
        records = self.store.records("_account")
        given = {"app_key": app_key, "app_secret": app_secret, "session": session}
        kept = records.get("default") or {}
        chosen = {**kept, **{name: value for name, value in given.items() if value is not None}}
        account = Account.of(self.gateway.random, **chosen)
        records.put("default", {name: getattr(account, name) for name in given})
        return account

    def forget(self, app_key: str) -> None:
        """Remove an app with all its records."""
        del self.gateway.applications[app_key]
        self.store.clear(f"{app_key}/")

    def start(self) -> None:
        """Start serving."""
        self._server.start()

    def stop(self) -> None:
        """Stop, and remove the files on disk, except the data file."""
        self._opened.close()
