"""The colours of the HTML report: text is readable by everybody (WCAG 2.2, contrast at least 4.5 to 1)."""

import re
from importlib.resources import files
from itertools import product

import pytest

STYLE = (files("reconciler.render") / "templates/report.css").read_text(encoding="utf-8")
LIGHT, DARK, *_ = [
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block)) for block in re.findall(r":root {(.*?)}", STYLE, re.DOTALL)
]
PAIRS = [
    *product(("ink", "soft", "accent"), ("paper", "sheet", "line-soft")),
    *((verb, f"{verb}-back") for verb in ("update", "add", "create", "user", "stays", "refused")),
    ("stays", "sheet"),
]


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(palette: dict[str, str], text: str, ground: str) -> None:
    darker, lighter = sorted([luminance(palette[text]), luminance(palette[ground])])

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
