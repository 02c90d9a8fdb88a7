"""What others wrote is shown as what it is, in whatever document: it moves no cursor and commands no runner."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.core.documents.campaign import CampaignDocument
from reconciler.core.documents.comparison import ComparisonDocument
from reconciler.core.documents.explanation import ExplanationDocument, LintDocument
from reconciler.core.documents.notification import NotificationDocument
from reconciler.core.documents.plan import PlanDocument
from reconciler.core.documents.receipt import DryRunDocument, ReceiptDocument
from reconciler.core.documents.runs import RunsDocument
from reconciler.errors import InputError
from reconciler.render.formats import campaign_formats, dry_run_formats, plan_formats, receipt_formats
from reconciler.render.json import render_json
from reconciler.render.notification import body_for
from reconciler.render.output import PLAIN
from reconciler.render.tables import (
    render_comparison_markdown,
    render_comparison_text,
    render_lint_text,
    render_runs_text,
    render_why_text,
)
from reconciler.storage.saved_documents import load_document
from tests.builders import filled
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


RENDERERS: Mapping[type[Any], Mapping[str, Callable[[Any], str]]] = {
    PlanDocument: {
        **plan_formats(PLAIN),
        "text in full": plan_formats(PLAIN, full=True)["text"],
    },
    ReceiptDocument: receipt_formats(PLAIN),
    DryRunDocument: dry_run_formats(),
    CampaignDocument: campaign_formats(PLAIN),
    RunsDocument: {
        "text": lambda document: render_runs_text(document, document.runs[0].environment, document.runs[0].api)
    },
    LintDocument: {"text": render_lint_text},
    ExplanationDocument: {"text": render_why_text},
    ComparisonDocument: {
        "text": render_comparison_text,
        "markdown": render_comparison_markdown,
    },
    NotificationDocument: {"json": render_json, "slack": lambda document: body_for("hooks.slack.com", document)},
}


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("kind", RENDERERS, ids=lambda kind: kind.__name__)
def test_no_text_of_any_document_does_anything_in_any_format(kind: type[Any], hostile: str, number: int) -> None:
    document = filled(kind, hostile, number=number)
    others = [replace(document, estimate=None)] if kind is CampaignDocument else []

    shown = [(style, render(one)) for style, render in RENDERERS[kind].items() for one in (document, *others)]

    assert [(style, found) for style, text in shown if (found := flaws(text, style))] == []
    assert any("x" in text for _, text in shown)
