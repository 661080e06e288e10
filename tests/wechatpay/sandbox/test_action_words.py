"""Every action and each of its parameters is explained in Chinese and in English, from one source."""

from __future__ import annotations

import re

import pytest
import requests
from click.testing import CliRunner

from wechatpay.cli.program import program
from wechatpay.sandbox import Sandbox, flows
from wechatpay.sandbox.action_words import FAMILIES, PARAMETERS, described
from wechatpay.sandbox.inspector.page import FILES

CHINESE = re.compile(r"[一-鿿]")
ENGLISH = re.compile(r"[a-z]{2}")
with Sandbox() as started:
    ACTIONS = described(started.actions)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_has_both_languages(name):
    about = ACTIONS[name]

    for texts in (about, *about["takes"]):
        for text in {"family", "does", "about"} & set(texts):
            assert ENGLISH.search(texts[text]), (text, texts)
            assert CHINESE.search(texts[f"{text}_zh"]), (text, texts)


@pytest.mark.parametrize("name", ACTIONS)
def test_the_choices_of_a_parameter_have_its_default(name):
    listed = {each["name"]: each for each in ACTIONS[name]["takes"] if each["choices"]}

    assert [each for each in listed.values() if each["default"] not in (None, *each["choices"])] == []
    assert set(getattr(started.actions[name], "func", started.actions[name]).explained[1]) == set(listed)


@pytest.mark.parametrize("name", ACTIONS)
def test_other_values_than_the_choices_are_refused(name):
    with Sandbox() as sandbox:
        needed = {each["name"]: "1" for each in ACTIONS[name]["takes"] if each["required"]}
        for each in ACTIONS[name]["takes"]:
            if each["choices"] and (name, each["name"]) != ("fault", "code"):
                with pytest.raises(ValueError, match=rf"^{each['name']}: 'no choice' is not a ") as caught:
                    sandbox.actions[name](**{**needed, each["name"]: "no choice"})
                assert CHINESE.search(caught.value.args[0].zh)


def test_every_flow_with_actions_has_a_family():
    modules = [module for family in FAMILIES.values() for module in family]

    assert len(set(modules)) == len(modules)
    assert {action.__module__.rpartition(".")[2] for action in flows.routes.actions.values()} == {*modules} - {
        "platform",
        "sandbox",
    }
    assert [about["family"] for about in ACTIONS.values()] == sorted(
        (about["family"] for about in ACTIONS.values()), key=[*map(str, FAMILIES)].index
    )


def test_no_words_are_left_over():
    taken = {(name, each["name"]) for name, about in ACTIONS.items() for each in about["takes"]}
    used = {f"{name}.{each}" if f"{name}.{each}" in PARAMETERS else each for name, each in taken}

    assert set(PARAMETERS) - used == set()


def test_outcomes_and_reasons_are_the_flow_s():
    choices = {(name, each["name"]): each["choices"] for name, about in ACTIONS.items() for each in about["takes"]}

    assert choices["finish_refund", "status"] == ["SUCCESS", "CLOSED", "ABNORMAL"]
    assert "MERCHANT_REJECT" in choices["confirm_transfer", "reason"]
    assert "NO_RELATION" in choices["finish_split", "reason"]
    assert "reject" in choices["advance_application", "change"]
    assert choices["pay", "number"] == []


def test_the_control_api_and_the_page_say_the_same():
    with Sandbox() as sandbox, requests.Session() as session:
        session.trust_env = False
        shown, page = (
            session.get(f"{sandbox.base_url}_sandbox/{place}", timeout=10).json()
            for place in ("actions", "inspector/catalogue")
        )

    assert shown == {"actions": list(ACTIONS), "described": ACTIONS}
    assert page["actions"] == [{"name": name, **about} for name, about in ACTIONS.items()]
    assert not any(
        re.search(rf"\b{name}: '", FILES["i18n.js"].content.decode()) for name in ("fail_payment", "complain")
    )


@pytest.mark.parametrize(
    ("environment", "options", "words", "absent"),
    [
        (
            "zh_CN.UTF-8",
            [],
            ("【退款】", "结束退款：成功、关闭或异常", "最终状态（SUCCESS、CLOSED、ABNORMAL）"),
            "Refunds",
        ),
        (
            "en_US.UTF-8",
            ["--lang", "zh"],
            ("【退款】", "结束退款：成功、关闭或异常", "商户订单号或微信支付订单号"),
            "Refunds",
        ),
        ("en_US.UTF-8", [], ("[Refunds]", "End a refund as", "(SUCCESS, CLOSED, ABNORMAL)"), "退款"),
    ],
)
def test_the_command_lists_actions_by_family_in_its_language(environment, options, words, absent):
    with Sandbox() as sandbox:
        line = [*options, "act", "--sandbox", sandbox.base_url]
        shown = CliRunner().invoke(program, line, env={"LC_ALL": environment, "COLUMNS": "300"}).output

    for each in words:
        assert each in shown
    assert absent not in shown
    places = [shown.index(f" {name} ") for name in ("pay", "finish_refund", "finish_split", "confirm_transfer", "up")]
    assert places == sorted(places)
