"""The sender and the signature of a request: APIv2."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from attrs import field, frozen

from chainable.i18n import Words, message_of, translate
from wechatpay.sandbox.apiv2 import ALGORITHMS, LENGTHS, message, read, signature
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.signature_diagnosis import diagnose_v2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.http import Request

__all__ = ["RequestVerifierV2", "SignedV2"]


@frozen
class SignedV2:
    """The parameters of a request, the algorithm of its signature, and the signed text, key masked."""

    parameters: dict[str, str] = field(repr=False)
    algorithm: str
    message: str = field(repr=False)


class RequestVerifierV2:
    """Verifies the sender and the signature of an account's APIv2 requests."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def parameters(self, operation: Operation, request: Request, sent: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters of a request: those of the form parts, of the query, or of the XML body."""
        if operation.method == "GET":
            return request.query
        if operation.upload:
            return dict(sent)
        try:
            return read(request.body)
        except ValueError as error:
            note = Words(f"the body is {error}", f"请求体{translate(message_of(error), 'zh')}")
            raise Refusal(200, "XML_FORMAT_ERROR", "XML格式错误", note=note) from None

    def check(self, operation: Operation, request: Request, parameters: dict[str, str]) -> SignedV2:
        """Verify certificate, merchant number, nonce and signature of a request; raise what is wrong with it."""
        self._certificate(operation, request)
        name = operation.merchant_number_field
        if name and parameters.get(name) != self._account.mchid:
            note = Words(
                f"{name} has to be {self._account.mchid}, the number of this account",
                f"{name} 应为本账户的商户号 {self._account.mchid}",
            )
            raise Refusal(200, "MCHID_NOT_EXIST", "商户号mch_id或sub_mch_id不存在", note=note)
        self._nonce(operation, parameters)
        if operation.unsigned_request:
            return SignedV2(parameters, "", "")
        sign = parameters.get("sign", "")
        if not sign:
            raise unsigned(Words("sign is missing", "缺少 sign"))
        allowed = operation.sign_types or ALGORITHMS
        algorithm = parameters.get("sign_type") or LENGTHS.get(len(sign), allowed[0])
        if algorithm not in allowed:
            raise unsigned(
                Words(
                    f"signed with {algorithm}, this operation takes {' or '.join(allowed)}",
                    f"签名类型是 {algorithm}，该接口只支持 {' 或 '.join(allowed)}",
                )
            )
        if not hmac.compare_digest(sign, signature(parameters, self._account.secret, algorithm)):
            mistake = self._diagnosis(parameters, sign, algorithm)
            raise unsigned(Words(f"the signature does not match: {mistake}", f"签名不一致：{mistake.zh}"))
        return SignedV2(parameters, algorithm, message(parameters, "*" * 8))

    def _certificate(self, operation: Operation, request: Request) -> None:
        if not operation.mtls or (request.secure and request.certificate == self._account.serial):
            return
        if not request.secure:
            problem = "证书验证失败：该接口需要商户API证书，请使用HTTPS并携带证书"
        elif request.certificate is None:
            problem = "证书验证失败：该接口需要商户API证书，请求未携带证书"
        else:
            problem = f"证书验证失败：证书 {request.certificate} 不是该商户的证书 {self._account.serial}"
        raise Refusal(200, "CERT_ERROR", problem)

    def _nonce(self, operation: Operation, parameters: Mapping[str, str]) -> None:
        given = bool(parameters.get("nonce_str"))
        free = operation.nonceless or operation.method == "GET" or operation.upload or operation.unsigned_request
        if not given and not free:
            raise Refusal(200, "PARAM_ERROR", "缺少参数nonce_str")
        if given and operation.nonceless and "nonce_str" not in documented(operation):
            raise Refusal(200, "PARAM_ERROR", "参数错误：该接口没有参数nonce_str")

    def _diagnosis(self, parameters: Mapping[str, str], sign: str, algorithm: str) -> Words:
        """Return the mistake that led to a wrong signature."""
        found = diagnose_v2(parameters, sign, algorithm, self._account)
        if found.mistakes:
            return Words("; ".join(en for _, en in found.mistakes), "；".join(zh for zh, _ in found.mistakes))
        if len(sign) not in LENGTHS:
            return Words(f"it has {len(sign)} characters, 32 or 64 are possible", f"长度是 {len(sign)}，应为 32 或 64")
        expected = message(parameters, "*" * 8)
        return Words(
            f"other parameters or another key were signed; expected is the signature of {expected}",
            f"签名的参数或密钥不同；应为以下字符串的签名：{expected}",
        )


def unsigned(note: Words) -> Refusal:
    """Return the refusal of a signature: the platform does not say what is wrong with it, the journal does."""
    return Refusal(200, "SIGNERROR", "签名错误", note=note)


def documented(operation: Operation) -> frozenset[str]:
    """Return the names of the documented parameters."""
    fields = (*(operation.request.xml or ()), *(operation.request.query or ()))
    return frozenset(each.name for each in fields)
