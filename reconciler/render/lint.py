"""Advice as text: one line each, and a total."""

from reconciler.core.documents.explanation import LintDocument
from reconciler.core.model.text import visible
from reconciler.errors import Source
from reconciler.render.words import counted


def render_lint_text(document: LintDocument) -> str:
    """Give the advice as text."""
    lines = [
        f"{Source(one.file, one.line, one.column)} {one.address}: {one.message}; {one.cure} ({one.rule})"
        for one in document.advice
    ]
    total = f"{counted(len(lines), 'thing')} to look at" if lines else "Nothing to look at"
    return "\n".join([*map(visible, lines), f"{total} in the specs of {visible(document.environment)}."]) + "\n"
