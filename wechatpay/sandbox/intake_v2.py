"""From a request to a call: gate, operation, fields; APIv2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wechatpay.sandbox.account import reveal
from wechatpay.sandbox.apiv2 import GateV2
from wechatpay.sandbox.call import SIGNING, Call
from wechatpay.sandbox.intake import digest_matches, parts_of, uploaded
from wechatpay.sandbox.validation import Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.directory import Found
    from wechatpay.sandbox.journal import Entry
    from wechatpay.sandbox.messages import Request

__all__ = ["IntakeV2"]

"""Parameters of the protocol, which not every operation documents."""


class IntakeV2:
    """
    Lets APIv2 requests in.

    Args:
        account: Whose requests are expected.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self.gate = GateV2(account)

    def call(self, request: Request, found: Found, entry: Entry, *, strict: bool) -> tuple[Call, str]:
        """Check a request, and open its encrypted fields; the call and the algorithm of the signature."""
        operation = found.operation
        parts = parts_of(request) if operation.upload else []
        texts = {part.name: part.content.decode(errors="replace") for part in parts if part.filename is None}
        parameters = self.gate.parameters(operation, request, texts)
        signed = self.gate.check(operation, request, parameters)
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
        body = validator.check("body", documented, business, text=True)
        entry.opened = validator.opened
        query = body if operation.method == "GET" else {}
        return Call(operation, request, variables, query, body, files), signed.algorithm

    def _opener(self, operation: Operation, parameters: Mapping[str, str]) -> Callable[[str], str]:
        """What opens the encrypted fields: the bank's key, or that of the platform certificate named."""
        account = self._account
        if (operation.key_operation or "").endswith("getpublickey"):
            return lambda ciphertext: reveal(account.bank_key, ciphertext)
        serial = parameters.get("cert_sn") or account.certificate_serial
        return lambda ciphertext: account.reveal(serial, ciphertext)
