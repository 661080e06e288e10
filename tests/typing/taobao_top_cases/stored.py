"""A stored answer has the type of its method's answers."""

from typing import Any

from typing_extensions import assert_type

from taobao_top import TaobaoTop, TopResponse
from taobao_top.types.taobao.trade import FullinfoGetData


def read(top: TaobaoTop, jdp_response: str) -> None:
    assert_type(top.read(top.taobao.trade.fullinfo.get, jdp_response), TopResponse[FullinfoGetData])
    print(top.read(top["taobao.trade.fullinfo.get"], b"", simplify=True).data["trade"])
    assert_type(top.read("taobao.trade.fullinfo.get", jdp_response, decode=True), TopResponse[Any])
    top.read("taobao.trade.fullinfo.get", {})  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
