"""The formats: which renderer makes which. A format is known by one name, in options and in the README."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TypeAlias

from reconciler.core.documents.plan import DryRunDocument, PlanDocument, ReceiptDocument
from reconciler.render.paint import PLAIN, Palette

PlanRenderer: TypeAlias = Callable[[PlanDocument], str]
ReceiptRenderer: TypeAlias = Callable[[ReceiptDocument], str]


def _late(module: str, renderer: str) -> Callable[..., str]:
    """Return a renderer that is imported when it renders: a run uses one or two of them."""

    def render(*arguments: object) -> str:
        text: str = getattr(import_module(f"reconciler.render.{module}"), renderer)(*arguments)
        return text

    return render


def plan_formats(palette: Palette = PLAIN) -> Mapping[str, PlanRenderer]:
    """Return the renderers of plans by format; only text has colours."""
    text = _late("text", "render_plan_text")
    return {
        "text": lambda plan: text(plan, palette),
        "json": _late("json", "render_json"),
        "markdown": _late("markdown", "render_plan_markdown"),
        "summary": _late("markdown", "render_plan_summary"),
        "github": _late("github", "render_plan_github"),
        "gitlab": _late("json", "render_plan_gitlab"),
        "junit": _late("junit", "render_plan_junit"),
        "sarif": _late("sarif", "render_plan_sarif"),
        "html": _late("html.html", "render_plan_html"),
    }


def receipt_formats(palette: Palette = PLAIN) -> Mapping[str, ReceiptRenderer]:
    """Return the renderers of receipts by format; only text has colours."""
    text = _late("text", "render_receipt_text")
    return {
        "text": lambda receipt: text(receipt, palette),
        "json": _late("json", "render_json"),
        "markdown": _late("markdown", "render_receipt_markdown"),
        "summary": _late("markdown", "render_receipt_summary"),
        "github": _late("github", "render_receipt_github"),
        "junit": _late("junit", "render_receipt_junit"),
    }


def dry_run_formats() -> Mapping[str, Callable[[DryRunDocument], str]]:
    """Return the renderers of dry runs by format."""
    return {"text": _late("text", "render_dry_run_text"), "json": _late("json", "render_json")}


def render_saved(document: PlanDocument | ReceiptDocument, name: str, palette: Palette = PLAIN) -> str | None:
    """Return a plan or receipt in a format; None for a format that there is not for its kind."""
    if isinstance(document, PlanDocument):
        plan_renderer = plan_formats(palette).get(name)
        return plan_renderer(document) if plan_renderer else None
    receipt_renderer = receipt_formats(palette).get(name)
    return receipt_renderer(document) if receipt_renderer else None
