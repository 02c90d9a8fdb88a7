"""The formats: which renderer makes which. A format is known by one name, in options and in the README."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from reconciler.core.document import DryRunDocument, PlanDocument, ReceiptDocument
from reconciler.render.github import render_plan_github, render_receipt_github
from reconciler.render.gitlab import render_plan_gitlab
from reconciler.render.html import render_plan_html
from reconciler.render.json import render_json
from reconciler.render.junit import render_plan_junit, render_receipt_junit
from reconciler.render.markdown import (
    render_plan_markdown,
    render_plan_summary,
    render_receipt_markdown,
    render_receipt_summary,
)
from reconciler.render.paint import PLAIN, Palette
from reconciler.render.plan_text import render_plan_text
from reconciler.render.receipt_text import render_dry_run_text, render_receipt_text
from reconciler.render.sarif import render_plan_sarif

PlanRenderer: TypeAlias = Callable[[PlanDocument], str]
ReceiptRenderer: TypeAlias = Callable[[ReceiptDocument], str]


def plan_formats(palette: Palette = PLAIN) -> Mapping[str, PlanRenderer]:
    """Give the renderers of plans by format; only text has colours."""
    return {
        "text": lambda plan: render_plan_text(plan, palette),
        "json": render_json,
        "markdown": render_plan_markdown,
        "summary": render_plan_summary,
        "github": render_plan_github,
        "gitlab": render_plan_gitlab,
        "junit": render_plan_junit,
        "sarif": render_plan_sarif,
        "html": render_plan_html,
    }


def receipt_formats(palette: Palette = PLAIN) -> Mapping[str, ReceiptRenderer]:
    """Give the renderers of receipts by format; only text has colours."""
    return {
        "text": lambda receipt: render_receipt_text(receipt, palette),
        "json": render_json,
        "markdown": render_receipt_markdown,
        "summary": render_receipt_summary,
        "github": render_receipt_github,
        "junit": render_receipt_junit,
    }


def dry_run_formats() -> Mapping[str, Callable[[DryRunDocument], str]]:
    """Give the renderers of dry runs by format."""
    return {"text": render_dry_run_text, "json": render_json}


def render_saved(document: PlanDocument | ReceiptDocument, name: str, palette: Palette = PLAIN) -> str | None:
    """Give a plan or receipt in a format; None for a format that there is not for its kind."""
    if isinstance(document, PlanDocument):
        plan_renderer = plan_formats(palette).get(name)
        return plan_renderer(document) if plan_renderer else None
    receipt_renderer = receipt_formats(palette).get(name)
    return receipt_renderer(document) if receipt_renderer else None
