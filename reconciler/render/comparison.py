"""A comparison as text and as Markdown: one table, a row an address."""

from reconciler.core.documents.comparison import ComparisonDocument, Difference
from reconciler.core.model.text import visible
from reconciler.render.escape import code
from reconciler.render.paint import PLAIN, Palette
from reconciler.render.words import counted, shown

_LONGEST = 160
_NOTHING = "-"


def render_comparison_text(document: ComparisonDocument, palette: Palette = PLAIN) -> str:
    """Give the comparison as a table in columns."""
    rows = [("address", document.left, document.right)]
    rows += [(visible(one.address), *_sides(one)) for one in document.differences]
    if len(rows) == 1:
        return f"{_summary(document)}\n"
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}".rstrip() for row in rows]
    return "\n".join([palette.strong(lines[0]), *lines[1:], "", _summary(document)]) + "\n"


def render_comparison_markdown(document: ComparisonDocument) -> str:
    """Give the comparison as an HTML table, in which foreign text does nothing."""
    head = "".join(f"<th>{code(text, _LONGEST)}</th>" for text in (document.left, document.right))
    rows = "".join(
        f"<tr>{''.join(f'<td>{code(cell, _LONGEST)}</td>' for cell in (one.address, *_sides(one)))}</tr>\n"
        for one in document.differences
    )
    table = f"<table>\n<tr><th>address</th>{head}</tr>\n{rows}</table>\n\n" if rows else ""
    return f"{table}{_summary(document)}\n"


def _sides(one: Difference) -> tuple[str, str]:
    return (
        _NOTHING if one.only == "right" else shown(one.left),
        _NOTHING if one.only == "left" else shown(one.right),
    )


def _summary(document: ComparisonDocument) -> str:
    what = "hold" if document.live else "declare"
    if not document.differences:
        return f"{document.left} and {document.right} {what} the same."
    alone = [sum(one.only == side for one in document.differences) for side in ("left", "right")]
    differing = len(document.differences) - sum(alone)
    return (
        f"{counted(differing, 'value differs', 'values differ')}; {alone[0]:,} only in {document.left}, "
        f"{alone[1]:,} only in {document.right}."
    )
