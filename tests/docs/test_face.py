"""The face of the site: its colours can be read, and its files are there."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pygments.styles import get_style_by_name

from tests.browser import chromium

DOCS = Path(__file__).parents[2] / "docs"
AA = 4.5
"""The least contrast of text that WCAG 2.2 accepts at level AA."""


@pytest.fixture(scope="module")
def settings():
    class NoTags:
        def has(self, name):
            return False

    found = {"__file__": str(DOCS / "conf.py"), "tags": NoTags()}
    exec(compile((DOCS / "conf.py").read_text("utf-8"), "conf.py", "exec"), found)
    return found


def luminance(colour):
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_of_contrast():
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_every_background(settings, scheme):
    colours = settings["html_theme_options"][f"{scheme}_css_variables"]
    backgrounds = {name: value for name, value in colours.items() if "background" in name and "border" not in name}
    texts = {name: value for name, value in colours.items() if "background" not in name}
    assert len(backgrounds) == 4
    assert len(texts) > 8
    low = {
        f"{text} on {background}": round(contrast(ink, paper), 2)
        for text, ink in texts.items()
        for background, paper in backgrounds.items()
        if contrast(ink, paper) < AA
    }
    assert low == {}


@pytest.mark.parametrize(("scheme", "setting"), [("light", "pygments_style"), ("dark", "pygments_dark_style")])
def test_code_can_be_read(settings, scheme, setting):
    paper = settings["html_theme_options"][f"{scheme}_css_variables"]["color-code-background"]
    low = {}
    for token, how in get_style_by_name(settings[setting]):
        ground = f"#{how['bgcolor']}" if how["bgcolor"] else paper
        if how["color"] and contrast(f"#{how['color']}", ground) < AA:
            low[str(token)] = round(contrast(f"#{how['color']}", ground), 2)
    assert low == {}


def test_both_schemes_name_the_same_colours(settings):
    options = settings["html_theme_options"]
    assert list(options["light_css_variables"]) == list(options["dark_css_variables"])


def test_styles_use_colours_of_the_palette_alone():
    """A colour written in a style sheet would be the same by day and by night."""
    for name in ("face.css", "reference.css"):
        assert (
            re.findall(r"(?<=[\s:,(])#[0-9a-fA-F]{3,8}\b(?=[\s;,)])", (DOCS / "_static" / name).read_text("utf-8"))
            == []
        )


def test_the_mark_is_a_drawing_without_anything_from_elsewhere():
    text = (DOCS / "_static" / "mark.svg").read_text("utf-8")
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "href" not in text
    assert "<script" not in text
    assert len(text) < 1_000


@pytest.mark.xdist_group("site")
def test_nothing_is_cut_on_a_telephone(site):
    """Only code and tables, which scroll by themselves, may be wider than the screen."""
    pages = (
        "index",
        "guide/getting-started",
        "rehearsing/refunds",
        "reference/glossary",
        "reference/wechatpay/index",
        "reference/wechatpay/applyment/post-v3-applyment4sub-applyment",
        "search",
    )
    wide = """() => [...document.querySelectorAll('article *, .mobile-header *')]
        .filter((each) => each.checkVisibility() && !each.closest('pre, .table-wrapper')
                          && each.getBoundingClientRect().right > innerWidth + 1)
        .map((each) => each.tagName + ' ' + each.textContent.trim().slice(0, 40))"""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        for name in pages:
            page.goto((site / f"{name}.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
            assert page.evaluate(wide) == [], name


@pytest.mark.xdist_group("site")
def test_the_mark_is_shown_and_is_the_icon(site):
    with chromium() as browser:
        page = browser.new_page()
        page.goto((site / "reference/wechatpay/refunds.html").as_uri())
        assert page.evaluate("document.querySelector('.sidebar-brand img').naturalWidth") > 0
        assert page.get_attribute("link[rel~=icon]", "href").endswith("mark.svg")
        assert "wechatpay" in page.inner_text(".sidebar-brand")


@pytest.mark.xdist_group("site")
def test_a_button_copies_in_the_readers_language(site):
    with chromium() as browser:
        page = browser.new_page()
        page.goto((site / "reference/wechatpay/refunds/post-v3-refund-domestic-refunds.html").as_uri())
        assert page.inner_text(".op-forms button") == ("复制" if site.name == "zh" else "Copy")
