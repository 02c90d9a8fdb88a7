"""Advice at a place."""

from reconciler.core.documents.explanation import Advice, LintRule
from reconciler.errors import Source


def advice(rule: LintRule, source: Source, address: str, message: str, cure: str) -> Advice:
    """Give advice about what stands at a place."""
    return Advice(source.file, source.line, source.column, address, rule, message, cure)
