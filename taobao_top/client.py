"""The client of the Taobao Open Platform."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from attrs import evolve

from chainable.client import Client
from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.keywords import with_known_names
from chainable.masking import MaskedDict, MaskedText, Secret, without_frames
from chainable.times import BEIJING, system_time
from chainable.validation import check_callable
from taobao_top.call_options import CallOptions
from taobao_top.errors import TopError, caused_by
from taobao_top.reading import Reading
from taobao_top.request import SHORTEST, RequestSpec

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    import requests
    from typing_extensions import Self

    from chainable.attempt import Attempt
    from chainable.call import Call
    from chainable.promise import Promise
    from chainable.response import Response
    from chainable.signing import Signer
    from chainable.transport import Transport
    from taobao_top.batch import Batch
    from taobao_top.catalogue.definitions import Catalogue, Definitions
    from taobao_top.oauth import OAuth
    from taobao_top.rate_limit import Limiter
    from taobao_top.settings import Clock, Settings
    from taobao_top.spi import SPI
    from taobao_top.types.chains import Chains
else:
    from taobao_top.chain_root import ChainRoot as Chains

__all__ = ["GATEWAY", "TaobaoTop"]

GATEWAY = "https://gw.api.taobao.com/router/rest"

_ENVIRONMENT = ("APP_KEY", "APP_SECRET", "SESSION", "SIGN_METHOD", "GATEWAY", "OAUTH_URL", "CA")
_TEXTS = ("app_key", "app_secret", "session", "sign_method", "gateway", "oauth_url", "format")
_SHAPED = (*_TEXTS, "proxies")
_FILE = (*_TEXTS, "simplify", "timeout", "retries", "deadline", "pool_maxsize", "max_promises", "verify", "proxies")

_logger = logging.getLogger("taobao_top")


class TaobaoTop(Client, Reading, Chains):
    """
    A client of the Taobao Open Platform: every attribute begins a method's name.

    ``top.taobao.item.seller.get(fields='num_iid,title', num_iid=123)`` calls
    ``taobao.item.seller.get``; so do ``top['taobao.item.seller.get'](…)`` and
    ``top.chain('taobao.item.seller').get.post(…)``.  Threads may share a
    client.

    A call takes business parameters by name, or in a mapping before them
    (bytes in its place are a raw body), and these options: ``session``,
    ``target_app_key``, ``simplify``, ``format``, ``timeout``, ``retries``,
    ``headers``; ``unknown`` (True sends parameters that the catalogue does not
    have, which a misspelt one looks like; False refuses them in the mapping,
    too); ``repeatable`` (whether it may be sent twice; by default, if
    its name is that of a read), ``decode`` (names of members that hold JSON
    text, or True for those in the catalogue) and ``stream`` (the response is
    left unread on the connection, and a refusal in it is not raised).

    Args:
        app_key: The app's number.
        app_secret: Its secret; optional with a signer object. White space around it is dropped with a warning.
        session: A seller's session (access token), or a callable that returns
            one, such as a :class:`taobao_top.sessions.Session`.
        sign_method: ``'hmac-sha256'``, ``'hmac'``, ``'md5'``, or a :class:`chainable.Signer`;
            ``'sha256'`` for AliExpress and Lazada at ``/sync``.
        gateway: The URL of calls.
        oauth_url: The server where sellers authorise, such as
            ``https://oauth.aliexpress.com``; None for that of the gateway.
        format: The format of responses, ``'json'`` or ``'xml'``; qimen's
            custom methods also have ``'json2'`` and ``'xml2'``.
        simplify: Ask for plain lists without a root.
        timeout: Seconds to connect, and to wait for each piece of a response.
        retries: Attempts after the first, at most.
        deadline: Seconds a whole call may take.
        pool_maxsize: Connections kept per host.
        verify: TLS verification: True, False, or the path of CA certificates;
            None for the environment's settings.
        proxies: requests' mapping; None for the environment's proxies.
        http_session: Its adapters, proxies, cert and verify are used; it is not closed.
        transport: What sends the requests, in place of a :class:`chainable.RequestsTransport`; with proxies and
            connections of its own. ``chainable.DirectTransport()`` is faster.

            .. versionadded:: 0.1.0
        max_promises: Promised calls that are under way at the same time.

            .. versionadded:: 0.1.0
        clock: Returns seconds since 1970.
        on_attempt: Called with a :class:`chainable.Attempt` after each attempt, or entered around it as a context
            manager: see :mod:`chainable.hooks`.
        limiter: Delays attempts that would exceed a rate; see :mod:`taobao_top.rate_limit`.
        defaults: Parameters by name, such as ``{'fields': 'tid,status'}``: they fill the calls of methods that have
            such a parameter and leave it out; None in a call leaves it out of that call.
        catalogue: Definitions of methods that the package does not know, or that replace its own: the path of a YAML
            or JSON file, its text, or its content; a list of several. See :mod:`taobao_top.catalogue.definitions`.

    Raises:
        ConfigurationError: A setting is missing or unusable.
    """

    @without_frames
    @with_known_names("TaobaoTop", "taobao_top.other_names")
    def __init__(
        self,
        *,
        app_key: str | int,
        app_secret: str | Secret[str] | None = None,
        session: str | Secret[str] | Callable[[], str] | None = None,
        sign_method: str | Signer = "hmac-sha256",
        gateway: str = GATEWAY,
        oauth_url: str | None = None,
        format: str = "json",  # noqa: A002 (the platform's word)
        simplify: bool = False,
        timeout: float | tuple[float, float] = (5, 30),
        retries: int = 2,
        deadline: float = 60,
        pool_maxsize: int = 32,
        verify: bool | str | os.PathLike[str] | None = None,
        proxies: Mapping[str, str] | None = None,
        http_session: requests.Session | None = None,
        transport: Transport | None = None,
        max_promises: int = 16,
        clock: Callable[[], float] = system_time,
        on_attempt: Callable[[Attempt], object] | None = None,
        limiter: Limiter | None = None,
        defaults: Mapping[str, Any] | None = None,
        catalogue: Catalogue | Definitions | None = None,
    ) -> None:
        super().__init__(
            logger=_logger,
            timeout=timeout,
            retries=retries,
            deadline=deadline,
            pool_maxsize=pool_maxsize,
            verify=verify,
            proxies=proxies,
            http_session=http_session,
            transport=transport,
            max_promises=max_promises,
            on_attempt=on_attempt,
        )
        from taobao_top.settings import (
            Clock,
            Settings,
            check_secret,
            make_signer,
        )  # only the making of a client needs them

        check_callable("clock", clock)
        check_callable("limiter", limiter, "attach")
        app_secret = check_secret(app_secret)
        adjustable = Clock(clock)
        signer = make_signer(sign_method, app_secret, adjustable)
        self._settings = Settings(
            app_key=app_key,
            secret=app_secret,
            session=session,
            signer=signer,
            attached=signer if limiter is None else limiter.attach(signer, str(app_key)),
            gateway=gateway,
            oauth_url=oauth_url,
            format=format,
            simplify=simplify,
            clock=adjustable,
            timeout=self._timeout,
            retries=self._retries,
            deadline=self._deadline,
            defaults=defaults,
            catalogue=catalogue,
        )
        self._options = CallOptions.of(self._settings)

    @classmethod
    def from_env(cls, prefix: str = "TAOBAO_TOP_", file: str | os.PathLike[str] | None = None, **settings: Any) -> Self:
        """
        Make a client from the variables ``APP_KEY APP_SECRET SESSION SIGN_METHOD GATEWAY OAUTH_URL CA`` behind the prefix.

        Args:
            prefix: The beginning of the variables' names.
            file: A file of ``NAME=value`` lines, read in place of the environment.
            settings: Other settings, which take precedence.
        """
        from chainable.settings import read_environment

        settings = MaskedDict(settings)
        found: dict[str, Any] = read_environment(prefix, _ENVIRONMENT, file)
        if "ca" in found:
            found["verify"] = found.pop("ca")
        if "app_key" not in found and "app_key" not in settings:
            msg = f"{prefix}APP_KEY is not set{'' if file is None else f' in {file}'}: give the App Key that the console shows"
            raise ConfigurationError(msg, reason="app_key_missing")
        return cls(**found | settings)

    @classmethod
    def from_file(cls, file: str | os.PathLike[str], **settings: Any) -> Self:
        """
        Make a client from a TOML file: from its table ``taobao_top``, or from the top level.

        Args:
            file: Its path.
            settings: Other settings, which take precedence.
        """
        from chainable.settings import check_texts, read_toml

        settings = MaskedDict(settings)
        found = read_toml(file, "taobao_top", _FILE)
        shaped = MaskedDict({name: value for name, value in found.items() if name in _SHAPED})
        found = MaskedDict(found | check_texts(shaped, file, numbers=("app_key",), tables=("proxies",)) | settings)
        if "app_key" not in found:
            msg = f"{file}: app_key is not set: give the App Key that the console shows"
            raise ConfigurationError(msg, reason="app_key_missing")
        return cls(**found)

    def __repr__(self) -> str:
        settings = self.__dict__.get("_settings")  # missing in the traceback of an error of __init__
        return (
            "<TaobaoTop without settings>"
            if settings is None
            else f"<TaobaoTop app {settings.app_key} at {settings.gateway}>"
        )

    __iter__ = None
    __contains__ = None

    @property
    def settings(self) -> Settings:
        """
        The client's settings, validated and immutable.

        .. versionadded:: 0.1.0
        """
        return self._settings

    def prepare(self, path: str, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
        """Build a call, with the current session; see :meth:`chainable.Client.prepare`."""
        spec = RequestSpec(self._settings, path, positional, keywords, self._options)
        session = spec.options.session
        return spec.call(Secret(session()) if callable(session) else session)

    def send(self, path: str, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Response[Any]:
        """Send a call, again with a renewed session if its own has expired; see :meth:`chainable.Client.send`."""
        self._refuse_closed()
        return self._send(RequestSpec(self._settings, path, positional, keywords, self._options))

    def submit(
        self, path: str, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Promise[Response[Any]]:
        """Queue a call, validated now; see :meth:`chainable.Client.submit`."""
        spec = RequestSpec(self._settings, path, positional, keywords, self._options)
        return self.promise(lambda: self._send(spec))

    def _send(self, spec: RequestSpec) -> Response[Any]:
        session = spec.options.session
        if not callable(session):
            return self._pipeline.run(spec.call(session))
        token = Secret(session())
        expires = time.monotonic() + self._settings.deadline
        try:
            return self._pipeline.run(spec.call(token))
        except TopError as error:
            renew = getattr(session, "renew", None)
            if not error.session_expired or renew is None:
                raise
            try:
                fresh = Secret(renew(MaskedText(token.reveal())))
            except Exception as failure:  # noqa: BLE001 (it is raised, with the refusal as its cause)
                raise caused_by(error, failure) from failure.__cause__
        # An expired session is refused before anything is carried out, so one replay is safe for any call.
        again = spec.call(fresh)
        return self._pipeline.run(evolve(again, deadline=max(expires - time.monotonic(), SHORTEST)))

    def clock_offset(self) -> float:
        """
        Compare the gateway's time (``taobao.time.get``) with the client's clock.

        Returns:
            Seconds by which the gateway's clock is ahead, exact to about a second.
        """
        return self._gateway_offset() - self._settings.clock.offset

    def _gateway_offset(self) -> float:
        """Compare the gateway's time with the uncorrected clock, which other threads do not change meanwhile."""
        before = self._settings.clock.source()
        try:
            response = self["taobao.time.get"](session="", format="json")
        except TopError as error:
            from taobao_top.sign_error import gateway_time

            # Even this call is refused when the clock is far off, but the refusal has a Date header.
            there = None if error.code != "31" or error.response is None else gateway_time(error.response)
            if there is None:
                raise
        else:
            from datetime import datetime

            there = datetime.strptime(response.data["time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        return there.timestamp() - (before + self._settings.clock.source()) / 2

    def adjust_clock(self) -> float:
        """
        Correct the time of this client's calls by :meth:`clock_offset`, and return the correction in seconds.

        Raises:
            ConfigurationError: The signer is a custom one, or has a clock of its own.
        """
        clock: Clock = self._settings.clock
        stamped_by: object = getattr(self._settings.signer, "clock", None)
        if stamped_by is not clock:
            raise ConfigurationError(
                Words(
                    "adjust_clock: the signer has a clock of its own: correct that one",
                    "adjust_clock：签名器有自己的时钟，请校准它",
                )
            )
        offset = self._gateway_offset()
        correction = offset - clock.offset
        clock.offset = offset
        return correction

    @property
    def oauth(self) -> OAuth:
        """Authorisations of sellers, with the authorisation page, tokens, and sessions that are refreshed in time."""
        from taobao_top.oauth import OAuth

        return OAuth(self._settings, self.run, self.send)

    @property
    def spi(self) -> SPI:
        """The verification of inbound calls of the platform (SPI and qimen)."""
        from taobao_top.spi import SPI

        return SPI(self._settings)

    def batch(self, **options: Any) -> Batch:
        """Collect calls and send them as one; see :class:`taobao_top.batch.Batch` for the options."""
        from taobao_top.batch import Batch

        return Batch(self._settings, self._options, self._pipeline, self._refuse_closed, **options)
