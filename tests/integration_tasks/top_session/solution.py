"""A seller's session in a file; one process refreshes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taobao_top.sessions import FileSessions

if TYPE_CHECKING:
    from pathlib import Path

    from taobao_top import TaobaoTop


class Seller:
    """The seller ``user`` of an app."""

    def __init__(self, top: TaobaoTop, path: Path, user: str) -> None:
        self._top = top
        self._store = FileSessions(path)
        self._user = user

    def authorize_url(self, redirect_uri: str, state: str) -> str:
        """Return the page on which the seller agrees."""
        return self._top.oauth.authorize_url(redirect_uri, state=state)

    def authorized(self, code: str, redirect_uri: str) -> None:
        """Keep the seller's token."""
        token = self._top.oauth.token(code=code, redirect_uri=redirect_uri)
        self._top.oauth.session(self._user, self._store, token=token)

    def sold(self) -> list[int]:
        """Return the latest orders."""
        session = self._top.oauth.session(self._user, self._store)
        page = self._top.taobao.trades.sold.get(fields="tid", session=session)
        return [trade["tid"] for trade in page.data["trades"]["trade"]]
