"""
Takes the pictures of the README: `python -m tests.browser.screenshot [FOLDER]` writes them to `.github/`.

With a report of your own: `python -m tests.browser.screenshot FOLDER REPORT.html`.
"""

import base64
import sys
import tempfile
from pathlib import Path

from selenium.webdriver import Chrome

from tests.browser.chrome import chrome, emulate
from tests.browser.drifted import ROOT, drifted_report

_VIEWS = {
    "report": (1180, 760, "light"),
    "report-dark": (1180, 760, "dark"),
    "report-phone": (360, 1400, "light"),
    "report-phone-dark": (360, 1400, "dark"),
}
_OF_THE_README = ("report", "report-dark")


def take(report: Path, folder: Path, *, names: tuple[str, ...] = tuple(_VIEWS)) -> None:
    """Write a PNG file for each view of a report."""
    with tempfile.TemporaryDirectory() as profile, chrome(Path(profile)) as browser:
        for name in names:
            (folder / f"{name}.png").write_bytes(_picture(browser, report, name))


def _picture(browser: Chrome, report: Path, name: str) -> bytes:
    width, height, scheme = _VIEWS[name]
    emulate(browser, width=width, height=height, scheme=scheme, scale=1)
    browser.get(report.as_uri())
    taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": False})
    return base64.b64decode(taken["data"])


def _main(arguments: list[str]) -> None:
    if len(arguments) == 2:
        take(Path(arguments[1]).resolve(), Path(arguments[0]))
        return
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.html"
        drifted_report(Path(name), "--write", f"html={report}")
        take(report, Path(arguments[0]) if arguments else ROOT / ".github", names=_OF_THE_README)


if __name__ == "__main__":
    _main(sys.argv[1:])
