"""The platform's own numbers, in the forms that it gives them: people sort, route and check by these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wechatpay.sandbox.fake_data import digits

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext

__all__ = ["platform_number"]

FORMS = {
    "transaction": ("4200{serial}{day}{rest}", 28),
    "refund": ("50302{serial}{day}{rest}", 29),
    "transfer": ("1330{rest}", 34),
    "batch": ("131000{rest}", 42),
    "batch detail": ("132000{rest}", 42),
    "split": ("30{rest}", 28),
    "split detail": ("36{rest}", 28),
    "complaint": ("2000000{day}{rest}", 27),
}
"""The form of each kind, and its length: 4200001863 20230506 8344507881 is a transaction_id."""


def platform_number(context: SandboxContext, kind: str, *parts: str) -> str:
    """Return a number of this kind; the same parts on the same day give the same number."""
    form, length = FORMS[kind]
    made = digits(length + 7, kind, context.account.mchid, *parts)[1:]
    fixed = form.format(serial=made[:6], day=f"{context.now():%Y%m%d}", rest="")
    return fixed + made[6 : 6 + length - len(fixed)]
