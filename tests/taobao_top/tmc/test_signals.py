"""The channel as a service: its process is ended by a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

SERVICE = """
import os, signal, sys, time
from taobao_top import TaobaoTop
from taobao_top.tmc import TMC

tmc = TMC(TaobaoTop.from_env(), url=sys.argv[1], proxy=None, workers=2)
signal.signal(signal.SIGTERM, lambda *_: tmc.stop())
signal.signal(signal.SIGINT, signal.default_int_handler)  # the parent may ignore SIGINT

@tmc.otherwise
def handle(message):
    os.write(1, b"%d\\n" % message.id)  # in one piece: print() of two threads mixes its numbers and line ends
    time.sleep(0.1)

tmc.run()
os.write(1, b"ended\\n")
"""


@pytest.mark.parametrize(("sent", "ended"), [(signal.SIGTERM, ["ended"]), (signal.SIGINT, [])])
def test_messages_begun_before_a_signal_are_confirmed_before_the_process_ends(sandbox, eventually, sent, ended):
    for _ in range(1000):
        sandbox.messages.publish("a_b")
    command = [sys.executable, "-c", SERVICE, sandbox.channel_url]
    with subprocess.Popen(
        command, env=os.environ | sandbox.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as service:
        first = service.stdout.readline()
        service.send_signal(sent)
        rest, errors = service.communicate(timeout=120)
    begun = (first + rest).split()
    assert begun[len(begun) - len(ended) :] == ended
    assert errors.rstrip().endswith("KeyboardInterrupt") is not bool(ended)
    handled = [int(number) for number in begun[: len(begun) - len(ended)]]
    eventually(lambda: not sandbox.messages.links)
    assert sorted(sandbox.messages.confirmed) == sorted(handled)
    assert sandbox.messages.waiting == 1000 - len(handled) > 0
