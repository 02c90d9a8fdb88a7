"""One document of a file: keys and quotes are settled in a round trip, and the asides put back where they belong."""

import re
from collections import Counter
from collections.abc import Callable, Collection

from reconciler.formatting.asides import taken_apart
from reconciler.formatting.placing import put_back
from reconciler.formatting.quoting import Quoting
from reconciler.formatting.roundtrip import dump, load
from reconciler.formatting.shapes import Shape
from reconciler.reading import Outline, comments, outline

_MARKER = re.compile(r"^((?:---|\.\.\.)[ \t]*(?:[ \t]#[^\n]*)?(?:\n|\Z))", re.MULTILINE)
_SOMETHING = re.compile(r"^[ \t]*[^\s#%]", re.MULTILINE)


class UnkeepableError(Exception):
    """Something would not stay with what it belongs to; `line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def each_document(text: str, change: Callable[[str, int], str]) -> str:
    """Change the documents of a text by what takes each of them, and the number of lines before it; markers stay."""
    made: list[str] = []
    above = 0
    for index, part in enumerate(_MARKER.split(text)):
        is_document = index % 2 == 0 and _SOMETHING.search(part)
        made.append(change(part, above) if is_document else part)
        above += part.count("\n")
    return "".join(made)


def format_document(text: str, above: int, shape: Shape, numbers: Collection[str] = ()) -> str:
    """
    Bring a document into canonical form; `above` is how many lines of the file stand before it.

    Raises `UnkeepableError` unless every comment stays with what it belongs to, and every anchor where it is.
    """
    before = outline(text)
    bare, asides = taken_apart(text, before)
    written = dump(Quoting(numbers).settle(load(bare), shape))
    made = put_back(written, outline(written), asides)
    after = outline(made)
    _check_anchors(before, after, above)
    lost = Counter(comments(text)) - Counter(comments(made))
    moved = asides.owners(after) - taken_apart(made, after)[1].owners(after)
    for comment in lost:
        line = above + _line_of(comment, text)
        raise UnkeepableError(f"this comment has no place in canonical form: {comment}", line)
    for _, _, comment in moved:
        line = above + _line_of(comment, text)
        raise UnkeepableError(f"this comment would not stay with what it belongs to: {comment}", line)
    return made


def _check_anchors(before: Outline, after: Outline, above: int) -> None:
    kept = {(name, path) for name, path, _ in after.anchors}
    for name, path, line in before.anchors:
        if (name, path) not in kept:
            reason = f"in canonical order the anchor &{name} would have to move"
            raise UnkeepableError(reason, above + line + 1)


def _line_of(comment: str, text: str) -> int:
    return next((at for at, line in enumerate(text.split("\n"), 1) if line.rstrip().endswith(comment)), 1)
