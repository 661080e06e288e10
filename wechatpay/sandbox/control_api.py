"""
The control API: JSON below ``/_sandbox/``, for the inspector and for other languages.

============================================  ==================================================================
``GET account``                               mchid, serial, ids and URLs; no key
``GET journal?after=7``                       requests younger than number 7
``GET journal/{id}``                          one request with the parts of its signed message
``GET deliveries``, ``GET deliveries/{id}``   notifications: what was delivered, answered, retried
``POST deliveries/{id}/redeliver``            send one once more
``GET state``                                 how many entries there are of each kind
``GET state/{kind}?offset=0&limit=100``       the entries of one kind, and how many there are (``total``)
``GET snapshot``, ``POST restore``            the whole state as base64 (``snapshot``): take it, bring it back
``GET bills/{day}?type=trade``                the bill of a day as text: ``trade`` or ``funds``
``POST actions/{name}``                       an action of a user or of the platform: its arguments as a JSON object
``GET actions``                               the actions by product: what each does and takes, in both languages
``GET clock``, ``DELETE clock``               the time; set it to now
``POST clock``                                set it ahead by ``seconds``, ``minutes``, ``hours`` or ``days``
``POST trigger``                              send an event: ``event``, ``to``, ``set``, ``version``, ``forgery`` …
``GET faults``, ``POST faults``               the rules in force; one more
``DELETE faults``, ``DELETE faults/{index}``  none; one fewer: by index, or by its members as a JSON object
``POST reset``                                forget all state
============================================  ==================================================================

``GET /_sandbox/`` itself is the inspector, a page for people.

Only requests that name this machine as their host are answered, so that no web page elsewhere reaches it under a host
name of its own; requests made by another page are refused.
"""

from __future__ import annotations

import base64
from datetime import date
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from chainable.sandbox.control_api import (
    PREFIX,
    ControlError,
    Controls,
    check_arguments,
    in_chinese,
    members,
    whole,
)
from chainable.sandbox.faults import suggestion
from chainable.sandbox.snapshot import in_json
from wechatpay.sandbox.action_words import described
from wechatpay.sandbox.faults import Fault
from wechatpay.sandbox.flows import bills, media
from wechatpay.sandbox.http import Refusal, Reply, internal_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wechatpay.sandbox.http import Request
    from wechatpay.sandbox.platform import Platform

__all__ = ["PREFIX", "ControlApi"]

GUARDS = {"X-Content-Type-Options": "nosniff"}
INERT = {"Content-Security-Policy": "sandbox; default-src 'none'"}
"""Uploaded files are shown without scripts: they may be pages."""
BILLS = {"trade": bills.trades, "funds": bills.fund_flow}


class ControlApi:
    """
    Answers requests below ``/_sandbox/``.

    Args:
        platform: The sandbox.
        address: Where it listens.
        pages: Further responses by the first segment there.
        hosts: Names and addresses besides that one under which the controls answer.
    """

    def __init__(
        self,
        platform: Platform,
        address: str,
        pages: Mapping[str, Callable[[Request], Reply]],
        hosts: Iterable[str] = (),
    ) -> None:
        self._platform = platform
        self.address = address
        self.hosts = frozenset(host.lower().strip("[]") for host in hosts)
        self.pages = dict(pages)
        self._controls = Controls(
            {
                "GET account": self._account,
                "GET actions": self._actions,
                "POST actions/{name}": self._act,
                "GET bills/{day}": self._bill,
                "GET deliveries": lambda *_: {"deliveries": [each.as_json() for each in platform.callbacks]},
                "GET deliveries/{id}": lambda _request, _sent, number: platform.callbacks.find(
                    whole("id", number)
                ).as_json(),
                "POST deliveries/{id}/redeliver": lambda _request, _sent, number: platform.callbacks.redeliver(
                    whole("id", number)
                ).as_json(),
                "GET faults": self._faults,
                "POST faults": self._add_fault,
                "DELETE faults": self._remove_faults,
                "DELETE faults/{index}": lambda _request, _sent, index: platform.faults.remove(whole("index", index)),
                "GET journal": self._journal,
                "GET journal/{id}": self._entry,
                "GET media/{id}": lambda _request, _sent, number: media.stored(platform.context, number).with_headers(
                    INERT
                ),
                "GET clock": lambda *_: platform.clock.as_json(),
                "POST clock": lambda _request, sent: platform.clock.change(sent),
                "DELETE clock": lambda *_: platform.clock.reset(),
                "POST reset": lambda *_: platform.reset(),
                "GET snapshot": lambda *_: {"snapshot": base64.b64encode(platform.snapshot()).decode()},
                "POST restore": self._restore,
                "GET state": lambda *_: platform.store.kinds(),
                "GET state/{kind}": self._state,
                "POST trigger": self._trigger,
            }
        )

    def handle(self, request: Request) -> Reply:
        """Answer one request."""
        return self._reply(request).with_headers(GUARDS)

    def _reply(self, request: Request) -> Reply:
        try:
            sent = members(request, self.address, self.hosts)
            segments = request.segments[1:]
            page = self.pages.get(segments[0] if segments else "")
            if page is not None:
                return page(request)
            control, values = self._controls.find(request.method, segments)
            answer = control(request, sent, *values)
            return answer if isinstance(answer, Reply) else Reply.of(answer)
        except ControlError as error:
            status, code = (403, "NO_AUTH") if error.status == 403 else (400, "PARAM_ERROR")
            return _failed(status, code, error)
        except Refusal as refusal:
            return _refused(refusal)
        except LookupError as error:
            return _failed(404, "NOT_FOUND", error)
        except (TypeError, ValueError, OverflowError) as error:
            return _failed(400, "PARAM_ERROR", error)
        except Exception as error:  # noqa: BLE001 (answered as an error of the sandbox, and logged)
            return _refused(internal_error(error))

    def _account(self, request: Request, sent: Mapping[str, Any]) -> dict[str, Any]:
        account = self._platform.account
        return {
            "mchid": account.mchid,
            "serial": account.serial,
            "appid": account.appid,
            "public_key_id": account.public_key_id,
            "certificates": [entry.serial for entry in account.platform_certificates],
            "base_url": self._platform.context.base_url,
            "https_url": self._platform.context.https_url,
        }

    def _actions(self, request: Request, sent: Mapping[str, Any]) -> dict[str, Any]:
        found = described(self._platform.actions)
        return {"actions": list(found), "described": found}

    def _act(self, request: Request, sent: Mapping[str, Any], name: str) -> dict[str, Any]:
        actions = self._platform.actions
        if name not in actions:
            near = suggestion(name, actions, 0.85)
            raise LookupError(
                Words(
                    f"there is no action {name}{near}: there are {', '.join(sorted(actions))}",
                    f"没有操作 {name}{near.zh}，可用的操作：{'、'.join(sorted(actions))}",
                )
            )
        check_arguments(name, actions[name], sent)
        for each, value in sent.items():
            if not isinstance(value, str | None):
                raise TypeError(Words(f"{name}: {each} has to be text", f"{name}：{each} 应为字符串"))
        return {"result": actions[name](**sent)}

    def _bill(self, request: Request, sent: Mapping[str, Any], day: str) -> Reply:
        kind = request.query.get("type", "trade")
        if kind not in BILLS:
            raise ValueError(Words(f"there are {' and '.join(BILLS)} bills", f"账单类型应为 {' 或 '.join(BILLS)}"))
        try:
            of = date.fromisoformat(day).isoformat()
        except ValueError:
            raise ValueError(
                Words(f"{day!r} is no day: it is written 2026-01-31", f"{day!r} 不是日期，应写作 2026-01-31")
            ) from None
        content = BILLS[kind](self._platform.context, of) or b""
        return Reply(body=content, content_type="text/csv; charset=utf-8")

    def _faults(self, request: Request, sent: Mapping[str, Any]) -> dict[str, Any]:
        return {"faults": self._platform.faults.as_json()}

    def _add_fault(self, request: Request, sent: Mapping[str, Any]) -> dict[str, Any]:
        settings = dict(sent)
        self._platform.faults.add(str(settings.pop("kind", "")), **settings)
        return self._faults(request, sent)

    def _remove_faults(self, request: Request, sent: Mapping[str, Any]) -> None:
        settings = dict(sent)
        hits = settings.pop("struck", None)
        if sent:
            self._platform.faults.discard(Fault.read(settings), hits)
        else:
            self._platform.faults.clear()

    def _restore(self, request: Request, sent: Mapping[str, Any]) -> dict[str, Any]:
        self._platform.restore(in_json(sent))
        return {}

    def _trigger(self, request: Request, sent: Mapping[str, Any]) -> dict[str, Any]:
        check_arguments("trigger", self._platform.trigger, sent)
        return self._platform.trigger(**sent).as_json()

    def _state(self, request: Request, sent: Mapping[str, Any], kind: str) -> dict[str, Any]:
        offset, limit = (
            whole(name, request.query.get(name, usual)) for name, usual in (("offset", "0"), ("limit", "-1"))
        )
        store = self._platform.store
        return {"entries": store.page(kind, offset, limit), "total": store.count(kind), "offset": offset}

    def _journal(self, request: Request, sent: Mapping[str, Any]) -> dict[str, Any]:
        entries = self._platform.journal.after(whole("after", request.query.get("after", "0")))
        return {"entries": [entry.as_json() for entry in entries]}

    def _entry(self, request: Request, sent: Mapping[str, Any], number: str) -> dict[str, Any]:
        entry = self._platform.journal.find(whole("id", number))
        if entry is None:
            raise LookupError(Words(f"request {number} is not kept", f"没有请求 {number} 的记录"))
        return entry.as_json()


def _refused(refusal: Refusal) -> Reply:
    """Return an answer of the platform as one of the controls, in both languages where there are both."""
    return _failed(refusal.status, refusal.code, refusal, **({"detail": refusal.detail} if refusal.detail else {}))


def _failed(status: int, code: str, error: Exception, **more: Any) -> Reply:
    text = str(error.args[0]) if isinstance(error, KeyError) else str(error)
    message = text.encode(errors="replace").decode()  # lone surrogates have no UTF-8
    return Reply.of({"code": code, "message": message, **more, **in_chinese(error)}, status)
