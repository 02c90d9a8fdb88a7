"""
The guide's page of speed ends with what the benchmarks measured, word for word.

Rewrite it with `python -m tests.guide.speed_page --rewrite`.
"""

import sys

from tests.guide.pages import GUIDE, ROOT

PAGE = GUIDE / "speed.md"
RESULTS = ROOT / ".github" / "benchmarks" / "results.md"
START = "<!-- measured: copied by tests/guide/speed_page.py -->\n"


def rewritten(page: str) -> str:
    """Return the page with the results as they are kept."""
    before, start, _ = page.partition(START)
    return f"{before}{start}\n{RESULTS.read_text(encoding='utf-8')}"


if __name__ == "__main__" and sys.argv[1:] == ["--rewrite"]:
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
