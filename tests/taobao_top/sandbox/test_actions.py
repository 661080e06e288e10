"""Every action of the sandbox of TOP and each of its parameters is explained in Chinese and in English."""

from __future__ import annotations

import re

import pytest
import requests

from taobao_top.sandbox import Sandbox
from taobao_top.sandbox.actions import ACTIONS, CHOICES, PARAMETERS, described

CHINESE = re.compile(r"[一-鿿]")
ENGLISH = re.compile(r"[a-z]{2}")


def test_every_action_has_a_family():
    assert list(described()) == list(ACTIONS)


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_has_both_languages(name):
    about = described()[name]

    for texts in (about, *about["takes"]):
        for text in {"family", "does", "about"} & set(texts):
            assert ENGLISH.search(texts[text]), (text, texts)
            assert CHINESE.search(texts[f"{text}_zh"]), (text, texts)


def test_no_words_are_left_over():
    taken = {each["name"] for about in described().values() for each in about["takes"]}

    assert taken == set(PARAMETERS)
    assert set(CHOICES) <= taken


def test_the_control_api_lists_them():
    with Sandbox() as sandbox, requests.Session() as session:
        session.trust_env = False
        shown = session.get(f"{sandbox.origin}/_sandbox/actions", timeout=10).json()

    assert shown == {"actions": list(described()), "described": described()}
    assert shown["described"]["confirm"]["fixed"] == {"status": "TRADE_FINISHED"}
    (tid, status, *_) = shown["described"]["change"]["takes"]
    assert (tid["required"], status["required"], "TRADE_CLOSED" in status["choices"]) == (True, False, True)
