"""
What the form of an application has to hold, by who applies: no page marks it as required, for it depends on other members.

Official pages: https://pay.weixin.qq.com/doc/v3/partner/4012719997 (特约商户), …/4012713017 (二级商户).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from wechatpay.sandbox.http import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FORMS", "check_form"]

LICENSED = frozenset({"SUBJECT_TYPE_INDIVIDUAL", "SUBJECT_TYPE_ENTERPRISE"})
CERTIFIED = frozenset(
    {
        "SUBJECT_TYPE_INSTITUTIONS",
        "SUBJECT_TYPE_INSTITUTIONS_CLONED",
        "SUBJECT_TYPE_GOVERNMENT",
        "SUBJECT_TYPE_OTHERS",
    }
)
PERSONS = frozenset({"2401", "2500"})
"""小微商户 and 个人卖家, who have neither licence nor certificate."""
ID_CARD = "IDENTIFICATION_TYPE_IDCARD"
AGENT = frozenset({"SUPER", "66"})
"""经办人, who acts for the legal person."""


def within(sent: Mapping[str, Any], path: str) -> Any:
    """Return the member at a path such as ``a/b``; None without one."""
    found: Any = sent
    for name in path.split("/"):
        found = found.get(name) if isinstance(found, dict) else None
    return found


@frozen
class Condition:
    """
    Members that a form has to hold under a condition.

    Args:
        when: Whether it holds for a form.
        members: Where they stand: ``a/b``.
        why: The rule, as the official page has it.
    """

    when: Callable[[Mapping[str, Any]], bool] = field(repr=False)
    members: tuple[str, ...]
    why: str


def is_agent(path: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return whether the person at a path is the agent of the legal person."""
    return lambda sent: within(sent, path) in AGENT


def own_document(base: str, *, card: bool) -> Callable[[Mapping[str, Any]], bool]:
    """Return whether the legal person's own document is wanted: an identity card, which is the default, or another."""

    def holds(sent: Mapping[str, Any]) -> bool:
        if within(sent, f"{base}id_holder_type") in AGENT:
            return False
        return (within(sent, f"{base}id_doc_type") in (None, ID_CARD)) == card

    return holds


SUBJECT = (
    Condition(
        lambda sent: within(sent, "subject_info/subject_type") in LICENSED,
        ("subject_info/business_license_info",),
        "主体为个体户/企业，必填",
    ),
    Condition(
        lambda sent: within(sent, "subject_info/subject_type") in CERTIFIED,
        ("subject_info/certificate_info",),
        "主体为政府机关/事业单位/社会组织时，必填",
    ),
)


def documents(base: str) -> tuple[Condition, ...]:
    """Return the conditions on the documents of the legal person, whose members stand below a path."""
    return (
        Condition(
            own_document(base, card=True),
            (f"{base}id_card_info",),
            "当证件持有人类型为经营者/法人且证件类型为“身份证”时填写",
        ),
        Condition(
            own_document(base, card=False),
            (f"{base}id_doc_info",),
            "当证件持有人类型为经营者/法人且证件类型不为“身份证”时填写",
        ),
        Condition(
            is_agent(f"{base}id_holder_type"),
            (f"{base}authorize_letter_copy",),
            "当证件持有人类型为经办人时，必须上传",
        ),
    )


def agents(*names: str) -> Condition:
    """Return the condition on a contact who is an agent."""
    members = tuple(f"contact_info/{name}" for name in (*names, "business_authorization_letter"))
    return Condition(is_agent("contact_info/contact_type"), members, "当超级管理员类型是经办人时，必填")


AGENTS = ("contact_id_doc_type", "contact_id_doc_copy", "contact_period_begin", "contact_period_end")
MARKETPLACE = Condition(
    lambda sent: within(sent, "organization_type") not in PERSONS,
    ("business_license_info",),
    "主体不为“小微/个人卖家”时，必填",
)
FORMS: dict[str, tuple[Condition, ...]] = {
    "v3/applyment4sub/applyment/": (
        *SUBJECT,
        *documents("subject_info/identity_info/"),
        agents("contact_id_number", *AGENTS),
    ),
    "v3/apply4subject/applyment": (*SUBJECT, agents(*AGENTS)),
    "v3/ecommerce/applyments/": (MARKETPLACE, *documents(""), agents("contact_id_card_number", *AGENTS)),
    "v3/ecommerce/applyments/submit-account-hosting-applyment": (MARKETPLACE,),
}
"""The conditions by the path of the application."""


def check_form(path: str, sent: Mapping[str, Any]) -> None:
    """Refuse the form of an application that lacks what its applicant has to say."""
    for condition in FORMS.get(path, ()):
        if condition.when(sent):
            for member in condition.members:
                if within(sent, member) in (None, "", {}):
                    raise Refusal.of_field("body", f"/{member}", condition.why)
