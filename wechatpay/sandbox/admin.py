"""
The sandbox's own pages of numbers: JSON below ``/_sandbox/``, for the inspector and for other languages.

============================================  ==================================================================
``GET account``                               mchid, serial, ids and URLs; no key
``GET journal?after=7``                       requests younger than number 7
``GET journal/{id}``                          one request with the parts of its signed message
``GET deliveries``, ``GET deliveries/{id}``   notifications: what was delivered, answered, retried
``POST deliveries/{id}/redeliver``            send one once more
``GET state``, ``GET state/{kind}``           how many entries of each kind; the entries of one kind
``GET bills/{day}?type=trade``                the bill of a day as text: ``trade`` or ``funds``
``POST actions/{name}``                       what a user or the platform does: the arguments as a JSON object
``GET actions``                               the names of the actions
``POST trigger``                              send an event: ``event``, ``to``, ``set``, ``version``, ``forgery`` …
``GET faults``, ``POST faults``               the rules in force; one more
``DELETE faults``, ``DELETE faults/{index}``  none; one fewer
``POST reset``                                forget all state
============================================  ==================================================================

Only requests that name this machine as their host are answered, so that no web
page elsewhere can reach it through a name of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.callbacks import loopback
from wechatpay.sandbox.flows import bills, media
from wechatpay.sandbox.messages import Refusal, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.sandbox.messages import Request
    from wechatpay.sandbox.sandbox import Sandbox

__all__ = ["PREFIX", "Admin"]

PREFIX = "_sandbox"


class Admin:
    """
    Answers what lies below ``/_sandbox/``.

    Args:
        sandbox: The sandbox it is about.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.pages: dict[str, Callable[[Request], Reply]] = {}
        """Further answers by first segment: the place for a page to register itself."""

    def handle(self, request: Request) -> Reply:
        """Answer one request."""
        try:
            self._may(request)
            parts = request.segments[1:]
            page = self.pages.get(parts[0] if parts else "")
            if page is not None:
                return page(request)
            answer = self._answer(request, parts)
        except Refusal as refusal:
            return refusal.reply()
        except LookupError as error:
            return Refusal(404, "NOT_FOUND", str(error).strip("'\"")).reply()
        except (TypeError, ValueError) as error:
            return Refusal(400, "PARAM_ERROR", str(error)).reply()
        return answer if isinstance(answer, Reply) else Reply.of(answer)

    def _may(self, request: Request) -> None:
        host = (request.header("host") or "").rpartition(":")[0].strip("[]")
        if not loopback(host) and host != self._sandbox.address:
            raise Refusal(403, "NO_AUTH", f"this page is not for the host {host!r}")
        if request.method != "GET":
            kind = (request.header("content-type") or "").partition(";")[0]
            if request.body and kind != "application/json":
                raise Refusal(400, "PARAM_ERROR", "send application/json")
            origin = request.header("origin")
            if origin is not None and origin.partition("//")[2] != request.header("host"):
                raise Refusal(403, "NO_AUTH", f"not from {origin}")

    def _answer(self, request: Request, parts: tuple[str, ...]) -> Any:
        sent = json.loads(request.body or b"{}")
        if not isinstance(sent, dict):
            raise ValueError("a JSON object is expected")
        match (request.method, *parts):
            case ("GET", "account"):
                return self._account()
            case ("GET", "journal"):
                query = request.query
                entries = self._sandbox.journal.after(int(query.get("after", 0)))
                return {"entries": [entry.as_json() for entry in entries]}
            case ("GET", "journal", number):
                entry = self._sandbox.journal.find(int(number))
                if entry is None:
                    raise LookupError(f"request {number} is not kept")
                return entry.as_json()
            case ("GET", "state"):
                return self._sandbox.ledger.kinds()
            case ("GET", "state", kind):
                return {"entries": list(self._sandbox.ledger.all(kind))}
            case ("GET", "bills", day):
                return self._bill(day, request.query.get("type", "trade"))
            case ("GET", "media", number):
                return media.stored(self._sandbox.platform, number)
            case ("POST", "reset"):
                return self._sandbox.reset()
            case ("GET", "actions"):
                return {"actions": sorted(self._sandbox.actions)}
            case ("POST", "actions", name):
                return self._act(name, sent)
            case (_, "deliveries" | "trigger", *_):
                return self._callbacks(request.method, parts, sent)
            case (_, "faults", *_):
                return self._faults(request.method, parts, sent)
        raise LookupError(f"nothing is at {request.method} {request.path}")

    def _account(self) -> dict[str, Any]:
        sandbox = self._sandbox
        account = sandbox.account
        return {
            "mchid": account.mchid,
            "serial": account.serial,
            "appid": account.appid,
            "public_key_id": account.public_key_id,
            "certificates": [entry.serial for entry in account.platform_certificates],
            "base_url": sandbox.base_url,
            "https_url": sandbox.https_url,
        }

    def _bill(self, day: str, kind: str) -> Reply:
        platform = self._sandbox.platform
        makers = {"trade": bills.trades, "funds": bills.fund_flow}
        if kind not in makers:
            raise ValueError(f"there are {' and '.join(makers)} bills")
        return Reply(body=makers[kind](platform, day) or b"", content_type="text/csv; charset=utf-8")

    def _act(self, name: str, sent: Mapping[str, Any]) -> Any:
        action = self._sandbox.actions.get(name)
        if action is None:
            raise LookupError(f"there is no action {name}: there are {', '.join(sorted(self._sandbox.actions))}")
        return action(**sent)

    def _callbacks(self, method: str, parts: tuple[str, ...], sent: Mapping[str, Any]) -> Any:
        callbacks = self._sandbox.callbacks
        match (method, *parts):
            case ("GET", "deliveries"):
                return {"deliveries": [each.as_json() for each in callbacks]}
            case ("GET", "deliveries", number):
                found = [each for each in callbacks if each.id == int(number)]
                if not found:
                    raise LookupError(f"delivery {number} is not kept")
                return found[0].as_json()
            case ("POST", "deliveries", number, "redeliver"):
                return callbacks.redeliver(int(number)).as_json()
            case ("POST", "trigger"):
                return self._sandbox.trigger(**sent).as_json()
        raise LookupError(f"nothing is at {method} {'/'.join(parts)}")

    def _faults(self, method: str, parts: tuple[str, ...], sent: Mapping[str, Any]) -> Any:
        faults = self._sandbox.faults
        match (method, *parts):
            case ("GET", "faults"):
                return {"faults": faults.as_json()}
            case ("POST", "faults"):
                settings = dict(sent)
                faults.add(str(settings.pop("kind", "")), **settings)
                return {"faults": faults.as_json()}
            case ("DELETE", "faults"):
                return faults.clear()
            case ("DELETE", "faults", index):
                return faults.remove(int(index))
        raise LookupError(f"nothing is at {method} {'/'.join(parts)}")
