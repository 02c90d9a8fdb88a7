"""
The formats by name, as options and the README name them; each renderer is imported when it is used.

A run uses one or two formats, and the others would cost time at start-up.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from reconciler.core.documents.plan import PlanDocument
from reconciler.render.output import PLAIN, Palette

if TYPE_CHECKING:  # a plan shows no receipt
    from reconciler.core.documents.campaign import CampaignDocument
    from reconciler.core.documents.receipt import DryRunDocument, ReceiptDocument
    from reconciler.render.markup import SourceLinks

PlanRenderer: TypeAlias = Callable[[PlanDocument], str]
ReceiptRenderer: TypeAlias = "Callable[[ReceiptDocument], str]"


def plan_formats(
    palette: Palette = PLAIN, *, full: bool = False, links: "SourceLinks | None" = None, project: str = ""
) -> Mapping[str, PlanRenderer]:
    """
    Return the renderers of plans by format.

    Only text has colours, and counts what is alike unless in full. Comments and the report have links to the specs.
    `project` is what `--project` takes in a clone, for the command that Markdown recommends.
    """
    return {
        "text": lambda plan: _plan_text(plan, palette, full=full),
        "json": _json,
        "markdown": lambda plan: _plan_markdown(plan, links, project),
        "summary": lambda plan: _plan_summary(plan, links, project),
        "github": _plan_github,
        "gitlab": _plan_gitlab,
        "junit": _plan_junit,
        "sarif": _plan_sarif,
        "html": lambda plan: _plan_html(plan, links),
    }


def receipt_formats(palette: Palette = PLAIN, *, full: bool = False) -> Mapping[str, ReceiptRenderer]:
    """Return the renderers of receipts by format; only text has colours, and counts what is alike unless in full."""
    return {
        "text": lambda receipt: _receipt_text(receipt, palette, full=full),
        "json": _json,
        "markdown": _receipt_markdown,
        "summary": _receipt_summary,
        "github": _receipt_github,
        "junit": _receipt_junit,
    }


def dry_run_formats() -> Mapping[str, "Callable[[DryRunDocument], str]"]:
    """Return the renderers of dry runs by format."""
    return {"text": _dry_run_text, "json": _json}


def campaign_formats(
    palette: Palette = PLAIN, *, full: bool = False
) -> Mapping[str, "Callable[[CampaignDocument], str]"]:
    """Return the renderers of campaigns by format; only text has colours."""
    from reconciler.render.campaign import render_campaign_markdown, render_campaign_text

    def markdown(campaign: "CampaignDocument") -> str:
        return render_campaign_markdown(campaign, full=full)

    return {
        "text": lambda campaign: render_campaign_text(campaign, palette, full=full),
        "json": _json,
        "markdown": markdown,
        "summary": markdown,
    }


def render_saved(
    document: "PlanDocument | ReceiptDocument | CampaignDocument",
    name: str,
    palette: Palette = PLAIN,
    *,
    full: bool = False,
) -> str | None:
    """Return a plan, a receipt or a campaign in a format; None where its kind has no such format."""
    if document.kind == "campaign":
        campaign_renderer = campaign_formats(palette, full=full).get(name)
        return campaign_renderer(document) if campaign_renderer else None
    if isinstance(document, PlanDocument):
        plan_renderer = plan_formats(palette, full=full).get(name)
        return plan_renderer(document) if plan_renderer else None
    receipt_renderer = receipt_formats(palette, full=full).get(name)
    return receipt_renderer(document) if receipt_renderer else None


def _json(document: "PlanDocument | ReceiptDocument | DryRunDocument | CampaignDocument") -> str:
    from reconciler.render.json import render_json

    return render_json(document)


def _plan_text(plan: PlanDocument, palette: Palette, *, full: bool) -> str:
    from reconciler.render.plan_text import render_plan_text

    return render_plan_text(plan, palette, full=full)


def _receipt_text(receipt: "ReceiptDocument", palette: Palette, *, full: bool) -> str:
    from reconciler.render.text import render_receipt_text

    return render_receipt_text(receipt, palette, full=full)


def _dry_run_text(dry_run: "DryRunDocument") -> str:
    from reconciler.render.text import render_dry_run_text

    return render_dry_run_text(dry_run)


def _plan_markdown(plan: PlanDocument, links: "SourceLinks | None", project: str) -> str:
    from reconciler.render.markdown import render_plan_markdown

    return render_plan_markdown(plan, links=links, project=project)


def _plan_summary(plan: PlanDocument, links: "SourceLinks | None", project: str) -> str:
    from reconciler.render.markdown import render_plan_summary

    return render_plan_summary(plan, links=links, project=project)


def _plan_github(plan: PlanDocument) -> str:
    from reconciler.render.github import render_plan_github

    return render_plan_github(plan)


def _plan_gitlab(plan: PlanDocument) -> str:
    from reconciler.render.json import render_plan_gitlab

    return render_plan_gitlab(plan)


def _plan_junit(plan: PlanDocument) -> str:
    from reconciler.render.junit import render_plan_junit

    return render_plan_junit(plan)


def _plan_sarif(plan: PlanDocument) -> str:
    from reconciler.render.sarif import render_plan_sarif

    return render_plan_sarif(plan)


def _plan_html(plan: PlanDocument, links: "SourceLinks | None") -> str:
    from reconciler.render.html.html import render_plan_html

    return render_plan_html(plan, links=links)


def _receipt_markdown(receipt: "ReceiptDocument") -> str:
    from reconciler.render.markdown import render_receipt_markdown

    return render_receipt_markdown(receipt)


def _receipt_summary(receipt: "ReceiptDocument") -> str:
    from reconciler.render.markdown import render_receipt_summary

    return render_receipt_summary(receipt)


def _receipt_github(receipt: "ReceiptDocument") -> str:
    from reconciler.render.github import render_receipt_github

    return render_receipt_github(receipt)


def _receipt_junit(receipt: "ReceiptDocument") -> str:
    from reconciler.render.junit import render_receipt_junit

    return render_receipt_junit(receipt)
