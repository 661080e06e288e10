"""Results of handlers, and settings that would make the channel forgeable."""

from __future__ import annotations

import logging

import pytest

from chainable.errors import ConfigurationError
from taobao_top import TaobaoTop
from taobao_top.tmc import TMC
from taobao_top.tmc.dispatch import _call
from taobao_top.tmc.message import Message


@pytest.mark.parametrize("result", [True, False, 0, "ok", {}, ()], ids=repr)
def test_any_result_but_None_fails_the_message(result):
    with pytest.raises(TypeError, match="return None to confirm"):
        _call(lambda message: result, Message(1, "a"))


def test_None_confirms_the_message():
    _call(lambda message: None, Message(1, "a"))


def test_an_app_key_in_place_of_the_secret_is_refused():
    with pytest.raises(ConfigurationError, match="the same text as app_secret"):
        TaobaoTop(app_key="12345678", app_secret="12345678")


def test_a_channel_without_TLS_causes_a_warning(caplog, monkeypatch):
    from taobao_top.tmc import client

    class Stopped(Exception):
        pass

    def stop(*_, **__):
        raise Stopped

    monkeypatch.setattr(client, "Consumer", stop)
    tmc = TMC(TaobaoTop(app_key="12345678", app_secret="s3cret"), url="ws://channel.example/")
    tmc.a(lambda message: None)
    with caplog.at_level(logging.WARNING, "taobao_top"), pytest.raises(Stopped):
        tmc.start()

    assert "not encrypted" in caplog.text
