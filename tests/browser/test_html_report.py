"""The HTML report in a real browser: it filters and folds, by keyboard too, logs nothing and asks for nothing."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from reconciler.core.documents.describe import describe_plan
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Present
from reconciler.render.html.html import render_plan_html
from tests.browser.chrome import BROWSER, DRIVER, chrome, emulate, log, requests
from tests.browser.drifted import drifted_report
from tests.builders import memory, plan_all

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no Chromium with its driver here (Debian: chromium and chromium-driver)"
)

_SHOWN = """
return [...document.querySelectorAll(arguments[0])]
  .filter((found) => found.checkVisibility())
  .map((found) => found.textContent.trim())
"""
NASTY = "</script></details><img src=x onerror=alert(1)><script>alert(1)</script>\u202e"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of this repository's specs against an account that drifted."""
    folder = tmp_path_factory.mktemp("drifted")
    assert drifted_report(folder, "--write", f"html={folder / 'report.html'}") == 0
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Start one browser for all tests."""
    with chrome(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def page(browser: Chrome, report: Path) -> Iterator[Chrome]:
    """Open the report afresh; afterwards the console is silent, and nothing but the file was asked for."""
    yield from opened(browser, report)


def opened(browser: Chrome, file: Path) -> Iterator[Chrome]:
    log(browser, "browser")
    requests(browser)
    emulate(browser, width=1180, height=980)
    browser.get(file.as_uri())
    yield browser
    assert log(browser, "browser") == []
    assert requests(browser) == [file.as_uri()]


def one(page: Chrome, selector: str) -> WebElement:
    return page.find_element(By.CSS_SELECTOR, selector)


def shown(page: Chrome, selector: str) -> list[str]:
    """Give the texts of all elements that can be seen, scrolled to or not."""
    texts: list[str] = page.execute_script(_SHOWN, selector)
    return texts


def wait_for(page: Chrome, said: str) -> None:
    WebDriverWait(page, 20, poll_frequency=0.02).until(lambda _: said in one(page, "#shown").text)


def fits(page: Chrome) -> bool:
    """Say whether nothing stands out of the page to the right."""
    return bool(page.execute_script("return document.documentElement.scrollWidth <= innerWidth"))


def test_all_that_changes_is_shown_at_first_and_counted_and_what_stays_on_request(page: Chrome) -> None:
    rows, contacts = (len(page.find_elements(By.CSS_SELECTOR, selector)) for selector in (".card tbody tr", ".card"))
    changes = len(shown(page, ".card tbody tr:not(.stays)"))

    assert one(page, "#shown").text == f"Showing {changes} of {rows} rows, {contacts} of {contacts} contacts"
    assert shown(page, ".card tbody tr.stays") == []

    one(page, "fieldset input[value=stays]").click()
    assert one(page, "#shown").text == f"Showing {rows} of {rows} rows, {contacts} of {contacts} contacts"
    assert shown(page, "h1") == ["Plan for sandbox"]
    assert shown(page, "#nothing") == []


@pytest.mark.parametrize(
    ("field", "typed", "contacts"),
    [
        ("contact", "sarah", ["sarah-chen"]),
        ("key", "LOYALTY", ["ines-duarte", "sarah-chen", "tomasz-wrona"]),
        ("text", "flight lands", ["mei-tanaka"]),
        ("scope", "night-desk", ["mei-tanaka"]),
    ],
)
def test_a_filter_leaves_what_is_like_it(page: Chrome, field: str, typed: str, contacts: list[str]) -> None:
    one(page, "fieldset input[value=stays]").click()
    one(page, f"#{field}").send_keys(typed)

    wait_for(page, f", {len(contacts)} of 8 contacts")
    assert sorted(shown(page, ".card h3")) == contacts


def test_a_kind_of_change_can_be_left_out(page: Chrome) -> None:
    for verb in ("add", "create", "user"):
        one(page, f"fieldset input[value={verb}]").click()

    wait_for(page, "Showing 5 of")
    assert set(shown(page, "td .badge")) == {"update"}


def test_what_no_row_is_like_is_said_and_cleared_in_place(page: Chrome) -> None:
    one(page, "#text").send_keys("nothing is like this")
    wait_for(page, "Showing 0 of")

    one(page, "#clear-too").click()

    assert shown(page, "#nothing") == []
    assert len(shown(page, ".card")) == 8
    assert page.switch_to.active_element == one(page, "#text")


def test_contacts_are_folded_one_by_one_and_all_at_once(page: Chrome) -> None:
    one(page, ".card summary").click()
    assert shown(page, ".card:first-of-type .part") == []

    one(page, "#fold").click()
    assert shown(page, ".card .part") == []
    assert one(page, "#fold").get_attribute("aria-expanded") == "false"

    one(page, "#fold").click()
    assert len(shown(page, ".card tbody tr")) > 20


def test_the_page_is_used_by_keyboard_alone(page: Chrome) -> None:
    keys = ActionChains(page)
    keys.send_keys(Keys.TAB).perform()
    assert page.switch_to.active_element.text == "Skip to the contacts"
    assert page.switch_to.active_element.is_displayed()

    keys.send_keys(Keys.TAB, Keys.TAB, "mei", Keys.TAB, Keys.TAB, Keys.TAB, Keys.TAB, Keys.SPACE).perform()
    wait_for(page, ", 1 of 8 contacts")
    assert not one(page, "fieldset input[value=update]").is_selected()

    page.execute_script("document.querySelector('.card:not([hidden]) summary').focus()")
    keys.send_keys(Keys.ENTER).perform()
    assert shown(page, ".card .part") == []


def test_what_has_the_focus_is_framed(page: Chrome) -> None:
    ActionChains(page).send_keys(Keys.TAB, Keys.TAB).perform()

    assert page.switch_to.active_element.value_of_css_property("outline-style") == "solid"


@pytest.mark.parametrize(("rows", "width", "is_open"), [(19, 1180, False), (20, 1180, True), (20, 390, False)])
def test_the_filter_is_folded_for_a_few_rows_and_on_a_phone(
    browser: Chrome, tmp_path: Path, rows: int, width: int, *, is_open: bool
) -> None:
    wanted = [memory({f"k{number}": 1 for number in range(rows)})]
    file = tmp_path / "some.html"
    made = plan_all([(item, Present("m", {})) for item in wanted])
    file.write_text(render_plan_html(describe_plan(made, Masker(b"key", reveal=False))), encoding="utf-8")
    emulate(browser, width=width, height=844)
    browser.get(file.as_uri())

    assert bool(shown(browser, "#more .fields")) == is_open
    assert len(shown(browser, "#shown")) == 1
    assert fits(browser)


@pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="axe-core is not installed here (the dev tools)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1180, 390])
def test_axe_finds_nothing(browser: Chrome, tmp_path: Path, report: Path, width: int, scheme: str) -> None:
    text = report.read_text(encoding="utf-8")
    refused = tmp_path / "refused.html"
    axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    refused.write_text(text.replace("</header>", '<div class="refused"><p>Refused.</p></div></header>'), "utf-8")
    for file in (report, refused):
        emulate(browser, width=width, height=980, scheme=scheme)
        browser.get(file.as_uri())
        browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        one(browser, "fieldset input[value=stays]").click()
        browser.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
        found = browser.execute_async_script("axe.run().then((found) => arguments[0](found.violations))")
        assert [(violation["id"], violation["nodes"][0]["html"]) for violation in found] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it(page: Chrome, scheme: str) -> None:
    emulate(page, width=360, height=740, scheme=scheme)

    assert fits(page)
    assert len(shown(page, ".card tbody tr")) > 20


def test_dark_and_light_are_different(page: Chrome) -> None:
    light = one(page, "html").value_of_css_property("background-color")
    emulate(page, width=1180, height=980, scheme="dark")

    assert one(page, "html").value_of_css_property("background-color") != light


def test_without_its_script_the_page_shows_all_rows_and_no_filter(browser: Chrome, report: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(report.as_uri())
        rows = report.read_text().count('<th role="rowheader"')
        assert len(shown(browser, ".card tbody tr")) == rows
        assert shown(browser, "#filter") == []
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_nasty_text_does_nothing_and_is_found_by_the_filter(browser: Chrome, tmp_path: Path) -> None:
    wanted = [memory({f"k{NASTY}": NASTY * 20}, contact=f"c{number}{NASTY}") for number in range(50)]
    made = plan_all([(item, Present("m", {})) for item in wanted])
    file = tmp_path / "nasty.html"
    file.write_text(render_plan_html(describe_plan(made, Masker(b"key", reveal=False))), encoding="utf-8")

    for page in opened(browser, file):
        one(page, "#key").send_keys("<img src=x")
        one(page, "#contact").send_keys("c49")
        wait_for(page, "Showing 1 of 50 rows")
        emulate(page, width=360, height=740)
        assert fits(page)
        assert page.find_elements(By.CSS_SELECTOR, "img") == []
