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
``DELETE faults``, ``DELETE faults/{index}``  none; one fewer: by index, or by its members as a JSON object
``POST reset``                                forget all state
============================================  ==================================================================

``GET /_sandbox/`` itself is the inspector, a page for people.

Only requests that name this machine as their host are answered, so that no web
page elsewhere can reach it through a name of its own; and none that another
page sends.
"""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from chainable.sandbox.access import refusal
from wechatpay.sandbox.faults import Fault
from wechatpay.sandbox.flows import bills, media
from wechatpay.sandbox.messages import Refusal, Reply
from wechatpay.sandbox.platform import stumbled
from wechatpay.sandbox.validation import refuse_constant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.sandbox.messages import Request
    from wechatpay.sandbox.sandbox import Sandbox

__all__ = ["PREFIX", "Admin"]

PREFIX = "_sandbox"
INSPECTOR = ("", "inspector")
GUARDS = {"X-Content-Type-Options": "nosniff"}
INERT = {"Content-Security-Policy": "sandbox; default-src 'none'"}
"""An uploaded file is shown, never run: it may be a page with a script."""


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
        self._rooms = {
            "account": self._account,
            "actions": self._actions,
            "bills": self._bills,
            "deliveries": self._deliveries,
            "faults": self._faults,
            "journal": self._journal,
            "media": self._files,
            "reset": self._reset,
            "state": self._state,
            "trigger": self._trigger,
        }

    def handle(self, request: Request) -> Reply:
        """Answer one request."""
        return self._reply(request).with_headers(GUARDS)

    def _reply(self, request: Request) -> Reply:
        try:
            self._may(request)
            parts = request.segments[1:]
            page = self._page(parts[0] if parts else "")
            if page is not None:
                return page(request)
            answer = self._answer(request, parts)
            return answer if isinstance(answer, Reply) else Reply.of(answer)
        except Refusal as refusal:
            return refusal.reply()
        except LookupError as error:
            return Refusal(404, "NOT_FOUND", said(error)).reply()
        except (TypeError, ValueError) as error:
            return Refusal(400, "PARAM_ERROR", said(error)).reply()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is answered, and told)
            return stumbled(error).reply()

    def _page(self, name: str) -> Callable[[Request], Reply] | None:
        if name in INSPECTOR and name not in self.pages:
            from wechatpay.inspector import Inspector

            self.pages |= Inspector(self._sandbox).pages
        return self.pages.get(name)

    def _may(self, request: Request) -> None:
        refused = refusal(
            request.method,
            request.target,
            request.headers,
            secure=request.secure,
            address=self._sandbox.address,
        )
        if refused is not None:
            raise Refusal(403, "NO_AUTH", refused)
        kind = (request.header("content-type") or "").partition(";")[0]
        if request.method != "GET" and request.body and kind != "application/json":
            raise Refusal(400, "PARAM_ERROR", "send application/json")

    def _answer(self, request: Request, parts: tuple[str, ...]) -> Any:
        sent = json.loads(request.body or b"{}", parse_constant=refuse_constant)
        if not isinstance(sent, dict):
            raise TypeError("a JSON object is expected")
        answer = self._rooms.get(parts[0] if parts else "")
        if answer is None:
            raise nothing(request.method, parts)
        return answer(request, parts[1:], sent)

    def _reset(self, request: Request, rest: tuple[str, ...], sent: Mapping[str, Any]) -> None:
        if (request.method, *rest) != ("POST",):
            raise nothing(request.method, ("reset", *rest))
        self._sandbox.reset()

    def _journal(self, request: Request, rest: tuple[str, ...], sent: Mapping[str, Any]) -> Any:
        match (request.method, *rest):
            case ("GET",):
                entries = self._sandbox.journal.after(int(request.query.get("after", 0)))
                return {"entries": [entry.as_json() for entry in entries]}
            case ("GET", number):
                entry = self._sandbox.journal.find(int(number))
                if entry is None:
                    raise LookupError(f"request {number} is not kept")
                return entry.as_json()
        raise nothing(request.method, ("journal", *rest))

    def _state(self, request: Request, rest: tuple[str, ...], sent: Mapping[str, Any]) -> Any:
        match (request.method, *rest):
            case ("GET",):
                return self._sandbox.ledger.kinds()
            case ("GET", kind):
                return {"entries": list(self._sandbox.ledger.all(kind))}
        raise nothing(request.method, ("state", *rest))

    def _files(self, request: Request, rest: tuple[str, ...], sent: Mapping[str, Any]) -> Reply:
        match (request.method, *rest):
            case ("GET", number):
                return media.stored(self._sandbox.platform, number).with_headers(INERT)
        raise nothing(request.method, ("media", *rest))

    def _account(self, request: Request, rest: tuple[str, ...], sent: Mapping[str, Any]) -> dict[str, Any]:
        if (request.method, *rest) != ("GET",):
            raise nothing(request.method, ("account", *rest))
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

    def _bills(self, request: Request, rest: tuple[str, ...], sent: Mapping[str, Any]) -> Reply:
        makers = {"trade": bills.trades, "funds": bills.fund_flow}
        match (request.method, *rest):
            case ("GET", day):
                kind = request.query.get("type", "trade")
                if kind not in makers:
                    raise ValueError(f"there are {' and '.join(makers)} bills")
                content = makers[kind](self._sandbox.platform, day) or b""
                return Reply(body=content, content_type="text/csv; charset=utf-8")
        raise nothing(request.method, ("bills", *rest))

    def _actions(self, request: Request, rest: tuple[str, ...], sent: Mapping[str, Any]) -> Any:
        actions = self._sandbox.actions
        match (request.method, *rest):
            case ("GET",):
                return {"actions": sorted(actions)}
            case ("POST", name):
                if name not in actions:
                    raise LookupError(f"there is no action {name}: there are {', '.join(sorted(actions))}")
                return {"result": _fitting(name, actions[name], sent)(**sent)}
        raise nothing(request.method, ("actions", *rest))

    def _trigger(self, request: Request, rest: tuple[str, ...], sent: Mapping[str, Any]) -> Any:
        if (request.method, *rest) != ("POST",):
            raise nothing(request.method, ("trigger", *rest))
        return self._sandbox.trigger(**sent).as_json()

    def _deliveries(self, request: Request, rest: tuple[str, ...], sent: Mapping[str, Any]) -> Any:
        callbacks = self._sandbox.callbacks
        match (request.method, *rest):
            case ("GET",):
                return {"deliveries": [each.as_json() for each in callbacks]}
            case ("GET", number):
                return callbacks.find(int(number)).as_json()
            case ("POST", number, "redeliver"):
                return callbacks.redeliver(int(number)).as_json()
        raise nothing(request.method, ("deliveries", *rest))

    def _faults(self, request: Request, rest: tuple[str, ...], sent: Mapping[str, Any]) -> Any:
        faults = self._sandbox.faults
        match (request.method, *rest):
            case ("GET",):
                return {"faults": faults.as_json()}
            case ("POST",):
                settings = dict(sent)
                faults.add(str(settings.pop("kind", "")), **settings)
                return {"faults": faults.as_json()}
            case ("DELETE",) if sent:
                settings = dict(sent)
                struck = settings.pop("struck", None)
                return faults.discard(Fault.read(settings), struck)
            case ("DELETE",):
                return faults.clear()
            case ("DELETE", index):
                return faults.remove(int(index))
        raise nothing(request.method, ("faults", *rest))


def nothing(method: str, parts: tuple[str, ...]) -> LookupError:
    """There is no such page."""
    return LookupError(f"nothing is at {method} /{PREFIX}/{'/'.join(parts)}")


def said(error: Exception) -> str:
    """What an error says, half characters replaced: UTF-8 cannot say them."""
    text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
    return text.encode(errors="replace").decode()


def _fitting(name: str, action: Callable[..., Any], sent: Mapping[str, Any]) -> Callable[..., Any]:
    """Give the action if it takes what was sent; TypeError, with what it takes, if not."""
    taken = inspect.signature(action).parameters
    lacking = [each for each, about in taken.items() if about.default is about.empty and each not in sent]
    strange = [each for each in sent if each not in taken]
    if lacking or strange:
        wrong = [f"{each} is missing" for each in lacking] + [f"{each} is unknown" for each in strange]
        raise TypeError(f"{name} takes {', '.join(taken) or 'nothing'}: {', '.join(wrong)}")
    for each, value in sent.items():
        if not isinstance(value, str | None):
            raise TypeError(f"{name}: {each} has to be text")
    return action
