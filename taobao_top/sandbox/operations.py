"""The APIs that the sandbox carries out; all others are answered from the catalogue."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.sandbox.control_api import refuse_constant
from taobao_top.sandbox import fake_data
from taobao_top.sandbox.errors import GatewayError
from taobao_top.sandbox.parameter_validation import members, whole
from taobao_top.sandbox.response_encoding import Many
from taobao_top.sandbox.sessions import OAuthRefusal
from taobao_top.sandbox.times import written
from taobao_top.sandbox.trades import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taobao_top.catalogue import Method
    from taobao_top.sandbox.app import Application
    from taobao_top.sandbox.journal import Upload
    from taobao_top.sandbox.sessions import Session

__all__ = ["NEED_SESSION", "OPERATIONS", "OWN_CHECKS", "ReceivedCall"]

INVALID = "isv.invalid-parameter"
_NUMBER = re.compile(r"\s*\d{1,19}\s*\Z", re.ASCII)
SEALED = ("phone", "nick", "receiver_name")
"""The kinds of personal data that are encrypted."""


@frozen(kw_only=True)
class ReceivedCall:
    """A valid call; ``business`` has the parameters that are not public as text, ``values`` has JSON decoded."""

    method: str
    known: Method | None
    app: Application
    session: Session | None = None
    business: dict[str, str] = field(factory=dict, repr=False)
    values: dict[str, Any] = field(factory=dict, repr=False)
    files: tuple[Upload, ...] = ()
    body: bytes = field(default=b"", repr=False)
    now: float = 0.0

    def picked(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Keep of the objects in an answer what ``fields`` asks for."""
        return fake_data.only(answer, self.business["fields"]) if "fields" in self.business else answer


def _time(call: ReceivedCall) -> dict[str, Any]:
    return {"time": written(call.now)}


def _create_order(call: ReceivedCall) -> dict[str, Any]:
    order = _decoded(call.business["create_order_request"])
    assert call.known is not None
    (request,) = call.known.params
    try:
        members(request.fields, order, "create_order_request")
    except GatewayError as refusal:
        raise GatewayError(50, INVALID, f"非法参数: {refusal.sub_msg}") from None
    for part in (order, *order["policy_list"]):
        if part["expiration_time"] < part["effective_time"]:
            raise GatewayError(50, INVALID, "非法参数: expiration_time lies before effective_time")
    before = call.app.insurance.get(order["identifier"])
    if before is None:
        call.app.insurance.put(order["identifier"], order)
    elif before != order:
        return {
            "is_success": False,
            "response_code": "IDENTIFIER_CONFLICT",
            "response_msg": "identifier was used for another order",
        }
    return {"is_success": True, "response_code": "SUCCESS", "response_msg": "成功"}


def _decoded(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise GatewayError(50, INVALID, "非法参数: create_order_request is not JSON") from None


def _token_create(call: ReceivedCall) -> dict[str, Any]:
    return _tokens(call, lambda: call.app.sessions.redeem(call.business["code"], None))


def _token_refresh(call: ReceivedCall) -> dict[str, Any]:
    return _tokens(call, lambda: call.app.sessions.refresh(call.business["refresh_token"]))


def _tokens(call: ReceivedCall, made: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return {"token_result": call.app.sessions.token_result(made())}
    except OAuthRefusal as refusal:
        raise GatewayError(50, f"isv.{refusal.error.replace('_', '-')}", refusal.description) from None


def _sold(call: ReceivedCall) -> dict[str, Any]:
    return call.picked(call.app.trades.page(call.business, "created"))


def _sold_increment(call: ReceivedCall) -> dict[str, Any]:
    return call.picked(call.app.trades.page(call.business, "modified"))


def _trade(call: ReceivedCall) -> dict[str, Any]:
    return call.picked({"trade": shown(call.app.trades.get(call.business["tid"]))})


def _close(call: ReceivedCall) -> dict[str, Any]:
    trade = call.app.trades.get(call.business["tid"])
    if trade["status"] != "WAIT_BUYER_PAY":
        raise GatewayError(50, "isv.trade-status-error", f"a trade in {trade['status']} cannot be closed")
    return _changed(call, status="TRADE_CLOSED_BY_TAOBAO", end_time=written(call.now))


def _memo(call: ReceivedCall) -> dict[str, Any]:
    return _changed(call, seller_memo=call.business.get("memo", ""), seller_flag=whole(call.business, "flag", 0, 0, 5))


def _changed(call: ReceivedCall, **changes: Any) -> dict[str, Any]:
    trade = call.app.trades.change(call.business["tid"], **changes)
    return {"trade": {"tid": trade["tid"], "modified": trade["modified"]}}


def _ship(call: ReceivedCall) -> dict[str, Any]:
    trade = call.app.trades.get(call.business["tid"])
    if trade["status"] != "WAIT_SELLER_SEND_GOODS":
        raise GatewayError(
            50, "isv.logistics-offline-service-error:B04", f"a trade in {trade['status']} cannot be sent"
        )
    call.app.trades.change(trade["tid"], status="WAIT_BUYER_CONFIRM_GOODS", consign_time=written(call.now))
    return {"shipping": {"is_success": True}}


def _secret(call: ReceivedCall) -> dict[str, Any]:
    version = whole(call.business, "secret_version", call.app.secret_version)
    if not 1 <= version <= call.app.secret_version:
        raise GatewayError(50, "20005", f"there is no key of version {version}")
    session = "" if call.session is None else call.session.session
    user = call.business.get("customer_user_id") or session
    seed = f"{user} {version}".encode()
    key = hmac.new(call.app.account.app_secret.encode(), seed, hashlib.sha256).digest()[:16]
    settings = {
        "publish_status": "2",
        "encrypt_slide_size": "4",
        "encrypt_index_compress_len": "3",
        **{f"current_{kind}": "2" if kind in call.app.searchable else "1" for kind in SEALED},
    }
    return {
        "interval": 3600,
        "max_interval": 7200,
        "secret": base64.b64encode(key).decode(),
        "secret_version": version,
        "app_config": json.dumps(settings, separators=(",", ":")),
    }


def _oaid(call: ReceivedCall) -> dict[str, Any]:
    return {"receiver_list": Many("receiver", [_receiver(query, call.now) for query in call.values["query_list"]])}


def _receiver(query: Mapping[str, Any], now: float) -> dict[str, Any]:
    seed = zlib.crc32(f"{query['oaid']} {query['tid']}".encode())
    return {
        "name": "张" + "一二三四五六七八九"[seed % 9],
        "mobile": f"138{seed % 10**8:08d}",
        "phone": f"0571-{seed % 10**8:08d}",
        "address_detail": f"文一西路{seed % 999 + 1}号",
        "oaid": query["oaid"],
        "tid": query["tid"],
        "town": "五常街道",
        "district": "余杭区",
        "city": "杭州市",
        "state": "浙江省",
        "country": "中国",
        "matched": True,
        "secret_no_expire_time": written(now + 15 * 86400),
        "privacy_protection": True,
    }


def _consume(call: ReceivedCall) -> dict[str, Any]:
    group = call.business.get("group_name", "default")
    taken = call.app.queue.take(group, whole(call.business, "quantity", 100, 1, 200))
    messages = [
        {
            "user_id": message.user_id,
            "user_nick": message.nick,
            "content": message.content,
            "id": message.id,
            "pub_time": written(message.published),
            "pub_app_key": "4272",
            "topic": message.topic,
        }
        for message in taken
    ]
    return {"messages": Many("tmc_message", messages)}


def _confirm(call: ReceivedCall) -> dict[str, Any]:
    for number in _numbers(call.business.get("f_message_ids", "")):
        call.app.queue.fail(number)
    done = [call.app.queue.confirm(number) for number in _numbers(call.business["s_message_ids"])]
    return {"is_success": all(done)}


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.strip("[]").split(",") if _NUMBER.match(part)]


def _produce(call: ReceivedCall) -> dict[str, Any]:
    group = call.business.get("target_group", "default")
    message = call.app.queue.publish(call.business["topic"], call.business["content"], group=group)
    call.app.queue.sent_by_client(message)
    return {"is_success": True, "total": 1, "msg_ids": Many("string", [str(message.id)])}


def _channel_token(call: ReceivedCall) -> dict[str, Any]:
    seed = call.business.get("group", "default").encode()
    return {"result": hmac.new(call.app.account.app_secret.encode(), seed, hashlib.sha256).hexdigest()[:32]}


def _upload_picture(call: ReceivedCall) -> dict[str, Any]:
    (file,) = (upload for upload in call.files if upload.name == "img")
    number = zlib.crc32(file.content)
    return {
        "picture": {
            "picture_id": 10**15 + number,
            "picture_category_id": whole(call.business, "picture_category_id", 0),
            "picture_path": f"https://img.example.com/{number:08x}/{file.filename}",
            "title": call.business["image_input_title"],
            "sizes": len(file.content),
            "pixel": "200x200",
            "status": "0",
            "deleted": "false",
            "created": written(call.now),
            "modified": written(call.now),
        }
    }


OPERATIONS: Mapping[str, Callable[[ReceivedCall], dict[str, Any]]] = {
    "alibaba.finance.insurance.createorder": _create_order,
    "taobao.time.get": _time,
    "taobao.top.auth.token.create": _token_create,
    "taobao.top.auth.token.refresh": _token_refresh,
    "taobao.top.secret.get": _secret,
    "taobao.top.oaid.decrypt": _oaid,
    "taobao.trades.sold.get": _sold,
    "taobao.trades.sold.increment.get": _sold_increment,
    "taobao.trade.get": _trade,
    "taobao.trade.fullinfo.get": _trade,
    "taobao.trade.close": _close,
    "taobao.trade.memo.add": _memo,
    "taobao.trade.memo.update": _memo,
    "taobao.logistics.offline.send": _ship,
    "taobao.tmc.auth.get": _channel_token,
    "taobao.tmc.messages.consume": _consume,
    "taobao.tmc.messages.confirm": _confirm,
    "taobao.tmc.message.produce": _produce,
    "taobao.picture.upload": _upload_picture,
}
"""The operations by the API's name; each returns the members of its response."""

OWN_CHECKS = frozenset({"alibaba.finance.insurance.createorder"})
"""APIs whose objects are checked by the operation, since they are refused with code 50."""

NEED_SESSION = frozenset(
    {
        "taobao.trades.sold.get",
        "taobao.trades.sold.increment.get",
        "taobao.trade.get",
        "taobao.trade.fullinfo.get",
        "taobao.trade.close",
        "taobao.trade.memo.add",
        "taobao.trade.memo.update",
        "taobao.logistics.offline.send",
        "taobao.top.oaid.decrypt",
        "taobao.tmc.user.permit",
        "taobao.picture.upload",
    }
)
"""APIs that act for a seller; the catalogue knows it of twelve others."""
