"""The CSV of an export: which file it may be, how the mapping names it, and its text."""

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

from reconciler.core.export.table import CellOf, Table, TableFile
from reconciler.core.model.catalogue import Catalogue
from reconciler.core.model.value import Json, digits, same
from reconciler.errors import InputError
from reconciler.reading import work_tree_of
from reconciler.render.words import counted, listed
from reconciler.specs.row_schema import by_catalogue
from reconciler.storage.files import check_folder, check_new_file

_MOST_KEYS = 20


def table_file(file: Path, folder: Path, root: Path, catalogue: Catalogue) -> TableFile:
    """
    Return what the mapping calls a new CSV file, and how its cells are read; raises `InputError` where it cannot be.

    `folder` is where the mapping will stand, below `root`.
    """
    if file.suffix.lower() != ".csv":
        raise InputError(f'--csv takes the name of a file that ends in .csv, not "{file}"')
    tree = work_tree_of(root)
    if not tree.holds(file):
        raise InputError(f"{file} cannot be read by specs: {tree.refusal}; {tree.cure}")
    check_folder(file.parent)
    check_new_file(file)
    return TableFile(Path(os.path.relpath(os.path.realpath(file), folder)).as_posix(), cells_of(catalogue))


def table_text(table: Table) -> str:
    """Return the rows as CSV below a row that names the columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, table.columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table.rows)
    return text.getvalue()


def cells_of(catalogue: Catalogue) -> CellOf:
    """Return what writes a value as the cell that specs with this catalogue read as the same value."""
    convert = by_catalogue(catalogue)

    def cell_of(key: str, value: Json) -> str | None:
        text = _written(value)
        try:
            return text if same(convert(key, text), value) else None
        except ValueError:
            return None

    return cell_of


def about_rows(table: Table) -> Iterator[str]:
    """Yield the comments above the mapping."""
    yield "Written by `reconciler export`. The rows of the file below are what the account held;"
    yield "facts are enforced from now on: apply puts back what changes. They are about real people."
    if table.others:
        yield f"Others fit no row: {counted(len(table.others), 'contact', 'contacts')} in contacts/."
    if keys := sorted(table.misfits):
        more = [f"{len(keys) - _MOST_KEYS} more"] if len(keys) > _MOST_KEYS else []
        yield "Cells of CSV are text, unless fact_keys gives the key a type. Values of these keys fit no cell:"
        yield f"{listed([*keys[:_MOST_KEYS], *more])}."


def _written(value: Json) -> str:
    match value:
        case str():
            return value
        case bool() | None:
            return json.dumps(value)
        case int() | float():
            return digits(value)
        case _:
            return json.dumps(value, ensure_ascii=False, sort_keys=True)
