"""The platform's error codes, and the exception with one of them.

The table of codes: https://open.taobao.com/doc.htm?docId=645&docType=1
"""

from __future__ import annotations

__all__ = ["MESSAGES", "GatewayError"]

MESSAGES = {
    3: "Upload Fail",
    4: "User Call Limited",
    5: "Session Call Limited",
    6: "Partner Call Limited",
    7: "App Call Limited",
    8: "App Call Exceeds Limited Frequency",
    9: "Http Action Not Allowed",
    10: "Service Currently Unavailable",
    11: "Insufficient isv permissions",
    12: "Insufficient user permissions",
    13: "Insufficient partner permissions",
    15: "Remote service error",
    21: "Missing method",
    22: "Invalid method",
    23: "Invalid format",
    24: "Missing signature",
    25: "Invalid signature",
    26: "Missing session",
    27: "Invalid session",
    28: "Missing app key",
    29: "Invalid app key",
    30: "Missing timestamp",
    31: "Invalid timestamp",
    32: "Missing version",
    33: "Invalid version",
    34: "Unsupported version",
    40: "Missing required arguments",
    41: "Invalid arguments",
    42: "Insufficient session permissions",
    43: "Parameter error",
    44: "Invalid access token",
    47: "Invalid encoding",
    50: "Remote service error",
}


class GatewayError(Exception):
    """
    An ``error_response``.

    Args:
        code: The platform's code; its text comes from :data:`MESSAGES`.
        sub_code: ``isv.…``, ``isp.…`` and the like, or None.
        sub_msg: What exactly is wrong, or None.
        subject: What the text is about, put behind it as the platform does: ``Missing required arguments:num_iid``.
    """

    def __init__(
        self, code: int, sub_code: str | None = None, sub_msg: str | None = None, *, subject: str | None = None
    ) -> None:
        self.code = code
        self.sub_code = sub_code
        self.sub_msg = sub_msg
        text = MESSAGES.get(code, "Error")
        self.msg = text if subject is None else f"{text}:{subject}"
        super().__init__(f"{code} {self.msg}")

    def members(self, request_id: str) -> dict[str, object]:
        """Return what stands inside ``error_response``."""
        answer: dict[str, object] = {"code": self.code, "msg": self.msg}
        if self.sub_code is not None:
            answer["sub_code"] = self.sub_code
        if self.sub_msg is not None:
            answer["sub_msg"] = self.sub_msg
        answer["request_id"] = request_id
        return answer
