"""What others wrote into saved plans and receipts is shown as what it is: it moves no cursor and commands no runner."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.documents.plan import PlanDocument
from reconciler.errors import InputError
from reconciler.render.formats import plan_formats, receipt_formats
from reconciler.render.output import PLAIN
from reconciler.storage.saved_documents import load_document
from tests.effort import examples

SCENARIOS = Path(__file__).parents[1] / "scenarios"
SAVED = sorted([*SCENARIOS.glob("*/expected/plan.json"), *SCENARIOS.glob("*/expected/receipt.json")])
HOSTILE = (
    "\x1b[31mred",
    "\n::error::evil\n",
    "\r\n  ::add-path::/evil",
    "a ##[add-path]/evil",
    "\u202eltr",
    "\x9b31m\x85",
    "\u2028::error::evil\u2029",
    "](http://evil.example)",
    "</code><script>evil()</script>",
    "]]>&<!--",
    "\x7f\ufeff\u200b",
)


def strings(document: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return where a document holds texts, and keys that somebody chose."""
    if isinstance(document, str):
        return [path]
    held = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    return [found for step, item in held for found in strings(item, (*path, step))]


def tampered(document: Any, path: tuple[str | int, ...], text: str) -> Any:
    """Return a document with another text behind the one at a path."""
    if not path:
        return f"{document}{text}"
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = tampered(document[path[0]], path[1:], text)
    return copy


def flaws(text: str, style: str) -> list[str]:
    """Return what of a text would do something where it is read."""
    found = [repr(letter) for letter in set(text) if not letter.isprintable() and letter != "\n"]
    commands = [line for line in text.split("\n") if line.lstrip().startswith("::")]
    if style == "github":
        own = re.compile(r"::(notice|warning|error) (file=[^:,]+,line=\d+,)?title=")
        commands = [line for line in commands if not own.match(line)]
    found += commands
    if style != "github":  # a line that is a command already is not searched for others
        found += [line for line in text.split("\n") if "##[" in line and style in {"json", "sarif", "gitlab"}]
    if style in {"markdown", "summary"} and "](http" in text:
        found.append("a link")
    if style in {"markdown", "summary", "html"} and "<script>evil" in text:
        found.append("a script")
    return found


@pytest.mark.parametrize("file", SAVED, ids=lambda file: f"{file.parts[-3]}-{file.stem}")
@examples(6)
@given(data=st.data())
def test_no_saved_document_of_somebody_else_does_anything_where_it_is_shown(
    tmp_path: Path, file: Path, data: st.DataObject
) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    for path in data.draw(st.lists(st.sampled_from(strings(document)), min_size=1, max_size=12)):
        document = tampered(document, path, data.draw(st.sampled_from(HOSTILE)))
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(document), encoding="utf-8")

    try:
        loaded = load_document(saved)
    except InputError:
        return
    if isinstance(loaded, PlanDocument):
        shown = {style: render(loaded) for style, render in plan_formats(PLAIN).items()}
    else:
        shown = {style: render(loaded) for style, render in receipt_formats(PLAIN).items()}

    assert {style: found for style, text in shown.items() if (found := flaws(text, style))} == {}
    json.loads(shown["json"])
