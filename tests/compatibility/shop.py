"""
A shop that calls both gateways: ``python shop.py WAY`` prints a line of JSON; ``shop:application`` is WSGI.

Its settings are those of ``from_env()``, and ``LANE`` names the transport. Each way is a process of its own, as gevent
changes the whole process.
"""

from __future__ import annotations

import sys

WAY = sys.argv[1] if __name__ == "__main__" else ""
if WAY == "gevent early":
    from gevent import monkey

    monkey.patch_all()

import asyncio
import json
import os
from typing import Any

from calls import TOP, WECHAT, answered, bill

from chainable import DirectTransport
from taobao_top import TaobaoTop
from wechatpay import WeChatPay

if os.environ["LANE"] == "direct":
    pay, top = WeChatPay.from_env(transport=DirectTransport()), TaobaoTop.from_env(transport=DirectTransport())
else:
    pay, top = WeChatPay.from_env(), TaobaoTop.from_env()
SECURE = pay.base_url.startswith("https:")
CALLS = {
    **{name: (pay, call) for name, call in WECHAT.items() if SECURE or name != "v2 with mTLS"},
    "v3 download": (pay, bill),
    **{name: (top, call) for name, call in TOP.items()},
}

if WAY == "gevent late":
    from gevent import monkey

    monkey.patch_all()


def outcome(name: str) -> tuple[str, str]:
    client, call = CALLS[name]
    try:
        found: Any = answered(call)(client)
    except Exception as error:
        return name, repr(error)
    if name in {"v3 stream", "v3 download"}:
        found = found[0]
    if name == "v3 stream":
        return name, str(len(found))
    return name, getattr(found, "code", None) or str(found.status_code)


def in_greenlets() -> list[tuple[str, str]]:
    from gevent.pool import Pool

    return Pool(20).map(outcome, [*CALLS] * 4)


async def in_a_loop() -> list[tuple[str, str]]:
    """Call in threads of a loop's executor, and await promises in the loop itself."""
    awaited = {
        "v3 promise": pay.v3.certificates.get_async(),
        "top promise": top.taobao.time.get.post_async(),
    }
    in_threads = await asyncio.gather(*(asyncio.to_thread(outcome, name) for name in [*CALLS] * 4))
    return [*in_threads, *[(name, str((await promise).status_code)) for name, promise in awaited.items()]]


def application(environ: Any, start_response: Any) -> list[bytes]:
    body = json.dumps([outcome(name) for name in CALLS]).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    if WAY == "uvloop":
        import uvloop

        print(json.dumps(uvloop.run(in_a_loop())))
    else:
        print(json.dumps(in_greenlets()))
    pay.close()
    top.close()
