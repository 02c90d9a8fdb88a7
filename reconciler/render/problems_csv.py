"""Problems of specs as a table: one row each, to be sorted where the list came from."""

import csv
import io
import re
from collections.abc import Mapping, Sequence

from reconciler.core.model.text import visible
from reconciler.errors import Cell, Problem, Source

PROBLEM_COLUMNS = ("file", "row", "column", "value", "problem", "cure")
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d\s().\-/]*$)")


def render_problems_csv(problems: Sequence[Problem], cells: Mapping[Source, Cell]) -> str:
    """
    Return problems as CSV, sorted by place; `cells` are the cells of data files at their places.

    A cell's value is left out where only the operator may see it. What a spreadsheet would run as a formula has an
    apostrophe before it.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(PROBLEM_COLUMNS)
    for problem in sorted(set(problems)):
        cell = cells.get(problem.source)
        column = cell.column if cell else str(problem.column or "")
        value = cell.text if cell and not problem.withheld else ""
        message = f"{problem.address}: {problem.message}" if problem.address else problem.message
        row = (problem.file, str(problem.line or ""), column, value, message, problem.cure)
        table.writerow(map(_harmless, row))
    return out.getvalue()


def _harmless(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown
