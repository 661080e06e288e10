"""Verify a request, and validate its fields: APIv2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wechatpay.sandbox.account import reveal
from wechatpay.sandbox.authentication_v2 import RequestVerifierV2
from wechatpay.sandbox.request_validation import digest_matches, parts_of, uploaded
from wechatpay.sandbox.routing import SIGNING, ReceivedCall
from wechatpay.sandbox.validation import Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.http import Request
    from wechatpay.sandbox.journal import Entry
    from wechatpay.sandbox.router import Found

__all__ = ["RequestValidationV2"]


class RequestValidationV2:
    """Verifies and validates an account's APIv2 requests."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.verifier = RequestVerifierV2(account)

    def call(self, request: Request, found: Found, entry: Entry, *, strict: bool) -> tuple[ReceivedCall, str]:
        """Check a request, and open its encrypted fields; the call and the algorithm of the signature."""
        operation = found.operation
        parts = parts_of(request) if operation.upload else []
        texts = {part.name: part.content.decode(errors="replace") for part in parts if part.filename is None}
        parameters = self.verifier.parameters(operation, request, texts)
        signed = self.verifier.check(operation, request, parameters)
        entry.verified = True
        entry.authorization = {name: parameters[name] for name in ("mch_id", "sign_type", "sign") if name in parameters}
        entry.expected_message = signed.message.encode()
        fields = operation.request
        documented = fields.xml or fields.query or fields.multipart or ()
        names = {each.name for each in documented}
        business = {
            name: value for name, value in parameters.items() if value != "" and (name in names or name not in SIGNING)
        }
        files = uploaded(parts)
        if operation.upload:
            documented = tuple(each for each in documented if each.type != "file")
            digest_matches(operation.upload, business, files)
        validator = Validator(operation.path, self._opener(operation, parameters), strict)
        variables = validator.check("path", fields.path or (), found.variables, text=True)
        one_of = fields.one_of.get("xml" if fields.xml else "query", ())
        body = validator.check("body", documented, business, text=True, one_of=one_of)
        entry.opened = validator.opened
        query = body if operation.method == "GET" else {}
        return ReceivedCall(operation, request, variables, query, body, files), signed.algorithm

    def _opener(self, operation: Operation, parameters: Mapping[str, str]) -> Callable[[str], str]:
        """Return the function that decrypts fields: with the bank's key, or that of the named platform certificate."""
        account = self._account
        if (operation.key_operation or "").endswith("getpublickey"):
            return lambda ciphertext: reveal(account.bank_key, ciphertext)
        serial = parameters.get("cert_sn") or account.certificate_serial
        return lambda ciphertext: account.reveal(serial, ciphertext)
