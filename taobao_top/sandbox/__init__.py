"""
A gateway of the Taobao Open Platform on loopback, for development and tests.

It checks every signature with code of its own, checks parameters against the
catalogue, keeps state, serves the message channel, calls back, and fails on
demand.  Needs the ``sandbox`` extra.
"""

from taobao_top.sandbox.account import Account
from taobao_top.sandbox.faults import KINDS, Fault
from taobao_top.sandbox.journal import Entry, Journal, Upload
from taobao_top.sandbox.sandbox import Sandbox
from taobao_top.sandbox.spi_calls import Outcome

__all__ = ["KINDS", "Account", "Entry", "Fault", "Journal", "Outcome", "Sandbox", "Upload"]
