"""
Let sellers of Taobao authorise an app, and keep their sessions: a Flask application.

Run it::

    export TAOBAO_TOP_APP_KEY=… TAOBAO_TOP_APP_SECRET=… SECRET_KEY=…
    export REDIRECT_URI=https://shop.example/taobao/back
    flask --app examples/taobao_authorize run

and register ``REDIRECT_URI`` in the console, exactly as it is written there.
"""

from __future__ import annotations

import hmac
import os
import secrets
from typing import TYPE_CHECKING

from flask import Flask, abort, redirect, request, session

from taobao_top import TaobaoTop
from taobao_top.sessions import FileSessions

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


def create_app() -> Flask:
    """Make the application; ``flask run`` and every WSGI server find it by this name."""
    app = Flask(__name__)
    app.secret_key = os.environ["SECRET_KEY"]
    uri = os.environ["REDIRECT_URI"]
    top = TaobaoTop.from_env()
    store = FileSessions(os.environ.get("SESSIONS", "sessions.json"))

    @app.get("/taobao/authorize")
    def authorize() -> Response:
        """Send the seller to the platform."""
        session["state"] = secrets.token_urlsafe()
        return redirect(top.oauth.authorize_url(uri, state=session["state"]))

    @app.get("/taobao/back")
    def back() -> str:
        """Exchange the code the seller comes back with."""
        # Without this check, anybody could put a session of their own into a seller's browser.
        if not hmac.compare_digest(session.pop("state", "none"), request.args.get("state", "")):
            abort(400)
        token = top.oauth.token(code=request.args["code"], redirect_uri=uri)
        top.oauth.session(token.user_id or "unknown", store, token=token)
        return f"{token.user_nick}: until {token.expires:%Y-%m-%d}"

    return app
