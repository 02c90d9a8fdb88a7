"""Each kind of document has its formats, and what they are asked for reaches them."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.documents.explanation import LintDocument
from reconciler.core.documents.receipt import TotalsEntry
from reconciler.core.documents.runs import RunsDocument
from reconciler.core.model.observed import Present
from reconciler.render.formats import (
    campaign_formats,
    dry_run_formats,
    plan_formats,
    receipt_formats,
    render_saved,
)
from reconciler.render.json import render_json
from reconciler.render.markup import SourceLinks
from reconciler.render.output import COLOURED
from tests.builders import filled, memory, plan, plan_all
from tests.render.test_campaign import campaign, part
from tests.render.test_markdown import described
from tests.render.test_receipts import outcome, receipt


def test_each_document_has_its_formats() -> None:
    of_plans = {"text", "json", "markdown", "summary", "github", "gitlab", "junit", "sarif", "html"}

    assert set(plan_formats()) == of_plans
    assert set(receipt_formats()) == {"text", "json", "markdown", "summary", "github", "junit"}
    assert set(campaign_formats()) == {"text", "json", "markdown", "summary"}
    assert set(dry_run_formats()) == {"text", "json"}


def test_what_a_format_is_asked_for_reaches_its_renderer() -> None:
    wanted = [memory({"k": "v"}, contact=name) for name in ("a", "b")]
    made = described(plan_all([(one, Present("m", {})) for one in wanted]))
    links = SourceLinks("https://host/files")
    formats = plan_formats(COLOURED, full=True, links=links, project="folder")

    assert formats["text"](made).count("+ k:") == 2
    assert plan_formats()["text"](made).count("+ k:") == 1
    assert "\x1b[" in formats["text"](made)
    assert "\x1b[" not in plan_formats()["text"](made)
    for name in ("markdown", "summary", "html"):
        assert 'href="https://host/files/specs/a.yaml#L3"' in formats[name](made)
        assert "https://host" not in plan_formats()[name](made)
    for name in ("markdown", "summary"):
        assert "--project folder -e" in formats[name](made)
        assert "--project" not in plan_formats()[name](made)
    assert "\x1b[" in receipt_formats(COLOURED)["text"](receipt(outcome("done")))
    assert "\x1b[" not in receipt_formats()["text"](receipt(outcome("done")))


@pytest.mark.parametrize(
    ("document", "name", "beginning"),
    [
        (described(plan(memory({"k": 1}), Present("m", {}))), "text", "contacts.sarah"),
        (described(plan(memory({"k": 1}), Present("m", {}))), "gitlab", '{"create": 1'),
        (receipt(outcome("done")), "text", "Apply complete"),
        (receipt(outcome("done")), "junit", "<?xml"),
        (campaign(part("0/9", "complete")), "text", "Apply in 9"),
        (campaign(part("0/9", "complete")), "json", "{\n"),
        (campaign(part("0/9", "complete")), "summary", "<!-- reconciler:e:campaign -->"),
        (campaign(part("0/9", "complete")), "markdown", "<!-- reconciler:e:campaign -->"),
    ],
)
def test_a_saved_document_is_shown_in_the_formats_of_its_kind(document: Any, name: str, beginning: str) -> None:
    told = render_saved(document, name)

    assert told is not None
    assert told.startswith(beginning)
    assert render_saved(document, "gif") is None


def test_what_was_saved_is_shown_in_colour_and_in_full_where_that_is_wanted() -> None:
    parts = [part(f"{number}/30", "complete") for number in range(21)]
    made = campaign(*parts, shards=30)

    for name in ("text", "markdown", "summary"):
        assert "20/30" in (render_saved(made, name, full=True) or "")
        assert "20/30" not in (render_saved(made, name) or "")
    for document in (made, receipt(outcome("done")), described(plan(memory({"k": 1}), Present("m", {})))):
        assert "\x1b[" in (render_saved(document, "text", COLOURED) or "")
        assert "\x1b[" not in (render_saved(document, "text") or "")
    both = [(memory({"k": 1}, contact=name), Present("m", {})) for name in ("a", "b")]
    assert (render_saved(described(plan_all(both)), "text", full=True) or "").count("+ k:") == 2


RUN = replace(filled(RunsDocument, "").runs[0], totals=TotalsEntry(0, 0, 0, 0, 0))


def test_json_is_indented_by_two_and_holds_no_default() -> None:
    advice_of_two = filled(LintDocument, "").advice * 2
    text = render_json(replace(filled(LintDocument, ""), advice=advice_of_two))

    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    assert len(json.loads(text)["advice"]) == 2
    entry = json.loads(render_json(replace(filled(RunsDocument, ""), runs=(replace(RUN, commit=None),))))["runs"][0]
    assert "commit" not in entry
    assert entry["totals"] == {"done": 0, "already": 0, "failed": 0, "unknown": 0, "skipped": 0}
