"""Explanations of errors, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taobao_top.errors import BUSINESS, rule_of

if TYPE_CHECKING:
    from taobao_top.sandbox.journal import Entry

__all__ = ["CHINESE", "advice"]

CHINESE = {
    "the app's quota of calls is used up; it is counted anew from 24:00 Beijing time": "应用当天的调用次数已用完，北京时间 24:00 起重新计数",
    "the call came too often and was not carried out: wait, and space the calls out (limiter=)": "调用过于频繁，本次没有执行：请等待，并放慢调用（limiter=）",
    "the service behind the gateway could not read a parameter: compare names and types with the method's page": "网关背后的服务读不懂某个参数：请对照文档核对名称与类型",
    "the service behind the gateway failed; a write may have been carried out: ask for its state first": "网关背后的服务出错；写操作可能已经执行：请先查询状态",
    "the gateway is unavailable; a write may have been carried out: ask for its state first": "网关暂不可用；写操作可能已经执行：请先查询状态",
    "the session is expired, withdrawn, or of another app_key: refresh it, or let the seller authorise again": "session 已过期、已被取消，或属于另一个 app_key：请刷新，或让卖家重新授权",
    "this method needs a session: give session= to the client or the call": "此接口需要 session：请在客户端或本次调用中给出 session=",
    "the session's authorisation does not reach so far or so long: let the seller authorise again": "session 的授权范围或时长不足：请让卖家重新授权",
    "the app has no permission for this method, or this machine's address is not on its list: see the console": "应用没有此接口的权限，或本机地址不在白名单中：请到控制台核对",
    "the seller's authorisation does not cover this method": "卖家的授权不包含此接口",
    "the partner has no permission for this method": "合作伙伴没有此接口的权限",
    "the gateway computed another signature: .explain() shows the string that was signed": "网关算出的签名不同：.explain() 会列出所签的字符串",
    "the time differs from the gateway's by more than 10 minutes: .explain() compares them": "时间与网关相差超过 10 分钟：.explain() 会对比两者",
    "there is no such method on this gateway: compare the name's spelling": "此网关没有这个接口：请核对名称的拼写",
    "the app_key is unknown here: is it that of this environment?": "此处不认识这个 app_key：它属于这个环境吗？",
    "a public parameter did not arrive: is something between here and the gateway changing requests?": "缺少公共参数：途中是否有什么改动了请求？",
    "the file could not be taken: compare its size and kind with the method's page": "文件未被接受：请对照文档核对大小与类型",
    "uploads have to be sent as POST": "上传文件必须用 POST",
    "format has to be 'json' or 'xml'": "format 只能是 json 或 xml",
    "a required parameter is missing": "缺少必填参数",
    "a parameter has a form the method does not take": "某个参数的写法不被此接口接受",
    "the parameters have to be UTF-8": "参数必须是 UTF-8",
    "": "业务拒绝：请看 sub_code 与 sub_msg，再核对业务数据",
}
"""The advice of :data:`taobao_top.errors.RULES` in Chinese."""


def advice(entry: Entry) -> dict[str, str] | None:
    """Return the explanation of an entry's error by language; None without an error."""
    if entry.code is None:
        return None
    rule = rule_of(str(entry.code), entry.sub_code or "")
    english = "the business's own refusal: see sub_code and sub_msg, then the data" if rule is BUSINESS else rule.advice
    return {"name": rule.name, "zh": CHINESE[rule.advice], "en": english}
