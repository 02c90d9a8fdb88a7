"""Which renderer a command writes its document with."""

import sys
from collections.abc import Callable

from reconciler.cli.screen import palette
from reconciler.core.document import DryRunDocument, PlanDocument, ReceiptDocument
from reconciler.render.json import render_json
from reconciler.render.plan_text import render_plan_text
from reconciler.render.receipt_text import render_dry_run_text, render_receipt_text


def plan_view(output_format: str, *, no_color: bool) -> Callable[[PlanDocument], str]:
    """Give the renderer of plans for a format."""
    colours = palette(sys.stdout, no_color=no_color)
    return render_json if output_format == "json" else lambda document: render_plan_text(document, colours)


def receipt_view(output_format: str, *, no_color: bool) -> Callable[[ReceiptDocument], str]:
    """Give the renderer of receipts for a format."""
    colours = palette(sys.stdout, no_color=no_color)
    return render_json if output_format == "json" else lambda document: render_receipt_text(document, colours)


def dry_run_view(output_format: str) -> Callable[[DryRunDocument], str]:
    """Give the renderer of dry runs for a format."""
    return render_json if output_format == "json" else render_dry_run_text
