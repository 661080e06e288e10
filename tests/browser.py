"""A real headless browser for the tests that need one, and what they do with the pages of both sandboxes."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager

import pytest

REBOUND = "--host-resolver-rules=MAP evil.example 127.0.0.1"
"""The browser takes ``evil.example`` for this machine, as it does when a name was bound anew."""
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium(*flags):
    """Start the machine's own; the test is skipped where there is none, and fails where CI should have installed it."""
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no chromium: CI has to install it")
        pytest.skip("no chromium on this machine: apt-get install chromium-headless-shell")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        yield started
        started.close()


@contextmanager
def visits(browser):
    """Open inspectors in a language and a size; whatever goes wrong in one fails the test."""
    contexts, faults = [], []

    def open_page(url, locale="en-GB", width=1280, height=900, **options):
        context = browser.new_context(locale=locale, viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(url)
        page.wait_for_selector("#live.good")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def choose(page, text, room="requests"):
    """Open the details of the first in a list that has this text."""
    wanted = f"#{room}-list button:has-text('{text}')"
    page.wait_for_selector(wanted)
    key = page.get_attribute(wanted, "data-key")
    page.click(f"[data-key={key}]")
    page.wait_for_selector(f"#{room}-details[data-shown='{key.rpartition('-')[2]}']")


def rows(page, name):
    """The texts of a table, all of one moment."""
    return page.evaluate(
        """name => [...document.querySelectorAll(`#${name} tbody tr`)].map(
          (row) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent))""",
        name,
    )


def until(page, condition):
    """Wait until the sandbox is as wanted: the page acts in its own time."""
    for _ in range(2400):
        if condition():
            return
        page.wait_for_timeout(25)
    raise AssertionError(condition)


def held_for_long(page):
    """A press may last: on a machine that is busy the page would take five seconds for its end."""
    page.evaluate(
        """() => { const real = setTimeout.bind(window);
                   window.setTimeout = (deed, time) => real(deed, time === 5000 ? 600_000 : time); }"""
    )
