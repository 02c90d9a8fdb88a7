"""Asides put back: into a text that says the same as the one that they were taken from, in another order."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from reconciler.formatting.asides import Asides, indentation, positions
from reconciler.reading import Outline


def put_back(text: str, outline: Outline, asides: Asides) -> str:
    """Give a text with the asides that were taken out of another; what belongs to nothing in it is left out."""
    lines = text.removesuffix("\n").split("\n")
    above, below = _above(outline, asides), _below(outline, asides)
    for entry in outline.entries:
        if entry.path in asides.beside:
            column, comment = asides.beside[entry.path]
            lines[entry.beside] = f"{lines[entry.beside]} ".ljust(column) + comment
    made: list[str] = []
    for at, line in enumerate(lines):
        made += _indented(above.get(at, ()), indentation(line))
        made.append(line)
        made += below.get(at, ())
    return "".join(f"{line}\n" for line in made)


def _above(outline: Outline, asides: Asides) -> dict[int, list[str]]:
    """Give what stands above lines; what begins with another thing leaves the empty lines to the outer one."""
    made: dict[int, list[str]] = {}
    place = positions(outline)
    for entry in outline.entries:
        is_outermost = entry.path and entry.line not in made
        empty = asides.gaps.get((entry.path[:-1], place[entry.path]), 0) if is_outermost else 0
        made.setdefault(entry.line, []).extend([*[""] * empty, *asides.above.get(entry.path, ())])
    return made


def _below(outline: Outline, asides: Asides) -> dict[int, list[str]]:
    """Give what stands below lines, of the innermost mapping or list first."""
    made = defaultdict[int, list[str]](list)
    for entry in reversed(outline.entries):
        made[entry.end] += _indented(asides.ends.get(entry.path, ()), entry.inner or 0)
    return made


def _indented(lines: Iterable[str], column: int) -> Iterator[str]:
    return (" " * column + line if line else "" for line in lines)
