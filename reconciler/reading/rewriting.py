"""Edits that give an entry of a mapping another value, or move entries to the mapping beside it; all else stays."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from reconciler.core.model.value import Json, digits, is_list
from reconciler.reading.document import LARGEST_FILE
from reconciler.reading.entries import Entry, Found, Part, Tree
from reconciler.reading.places import Edit, KeyPath
from reconciler.reading.writing import TooLongError, UnfaithfulError, is_plain, reads_back, written

_HEADER = re.compile(r"[|>](?P<signs>[-+0-9]*)(?P<comment>[^\r\n]*)\r?\n")
_COMMENT_LINE = re.compile(r"[ \t]*#")
_INDICATORS = frozenset(",[]{}")


class NoEditError(ValueError):
    """The layout of a text leaves no place for an edit; the message says why."""


def value_edits(tree: Tree, found: Found, value: Json) -> Iterator[Edit]:
    """Yield the edits that give an entry another value; raises `NoEditError` where a comment would be lost."""
    entry, part = found.entry, found.entry.value
    if part.is_marked:
        raise NoEditError("an anchor or a tag stands before the value")
    if part.is_block_text:
        yield _block_text(tree.text, part, value)
    elif part.is_block:
        yield from _block(tree, entry, value)
    else:
        if part.is_flow and tree.has_comment(part.start, part.end, part):
            raise NoEditError("a comment stands inside of the value")
        is_quoted = part.kind == "scalar" and bool(part.style)
        yield Edit(part.start, part.end, _inline(value, in_flow=found.in_flow, is_quoted=is_quoted))


def _inline(value: Json, *, in_flow: bool = False, is_quoted: bool = False) -> str:
    """Return a value on one line; raises `NoEditError` where YAML would not read it there, as with a long key."""
    text = inline(value, in_flow=in_flow, is_quoted=is_quoted)
    is_open = isinstance(value, dict) or is_list(value) or len(text) > LARGEST_FILE
    try:
        if is_open and not reads_back(f"x: {text}", {"x": value}):
            raise NoEditError("YAML would not read the live value on one line")
    except TooLongError as error:
        raise _no_room(error) from error
    return text


def _no_room(error: UnfaithfulError) -> NoEditError:
    return NoEditError(f"with the live value, {error}")


def inline(value: Json, *, in_flow: bool = False, is_quoted: bool = False) -> str:
    """Return a value on one line, its texts in quotes where they need them, or `is_quoted`."""
    match value:
        case str():
            is_bare = not is_quoted and is_plain(value) and not (in_flow and "," in value)
            return str(value) if is_bare else _quoted(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return digits(value)
        case Mapping():
            entries = (f"{inline(key, in_flow=True)}: {inline(item, in_flow=True)}" for key, item in value.items())
            return "{" + ", ".join(entries) + "}"
        case None:
            return "null"
        case _:
            return "[" + ", ".join(inline(item, in_flow=True) for item in value) + "]"


def _quoted(text: str) -> str:
    """Return a text in double quotes, in which every character prints."""
    return f'"{text.translate(_Escapes())}"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class _Escapes:
    """What stands for each character; a list of all of them would take sixty times the memory of a text."""

    def __getitem__(self, code: int) -> str:
        character = chr(code)
        if character in _ESCAPES:
            return _ESCAPES[character]
        return character if character.isprintable() else f"\\U{code:08x}"


def _block_text(text: str, part: Part, value: Json) -> Edit:
    """Return the edit of a text below `|` or `>`; a comment beside the sign stays."""
    head = _HEADER.match(text, part.start)
    lines = _literal(value, text, part, head)
    if lines is not None:
        return Edit(part.start, part.end, lines)
    comment = head["comment"].rstrip() if head else ""
    return Edit(part.start, part.end, f"{_inline(value)}{comment}")


def _literal(value: Json, text: str, part: Part, head: re.Match[str] | None) -> str | None:
    """Return a text of several lines as `|` writes it, as deep as the one before; None where that cannot hold it."""
    if head is None or not isinstance(value, str) or "\n" not in value or value.endswith("\n\n"):
        return None
    if any(map(str.isdigit, head["signs"])):  # the depth is said, and would have to be said anew
        return None
    rows = value.removesuffix("\n").split("\n")
    content = text[head.end() : part.end].lstrip("\r\n")
    indent = content[: len(content) - len(content.lstrip(" "))]
    is_good = all(row == "" or (row.isprintable() and row.strip(" ")) for row in rows) and rows[0][:1] not in {"", " "}
    if not is_good or not indent:
        return None
    eol = line_end_of(text)
    sign = "|" if value.endswith("\n") else "|-"
    body = eol.join(f"{indent}{row}" if row else "" for row in rows)
    return f"{sign}{head['comment'].rstrip()}{eol}{body}"


def _block(tree: Tree, entry: Entry, value: Json) -> Iterator[Edit]:
    """Yield the edits of a mapping or list without brackets."""
    text, part = tree.text, entry.value
    _check_lines(tree)
    if tree.has_comment(part.start, _line_end(text, part.end), part):
        raise NoEditError("a comment stands inside of the value")
    column = part.start - _line_start(text, part.start)
    is_alike = isinstance(value, dict) if part.kind == "mapping" else is_list(value)
    if is_alike and value:
        try:
            rows = written({"x": value}).removesuffix("\n").split("\n")[1:]
        except UnfaithfulError as error:
            raise _no_room(error) from error
        eol = line_end_of(text)
        yield Edit(part.start, part.end, f"{eol}{' ' * column}".join(row[2:] for row in rows))
        return
    colon = text.find(":", entry.key.end)
    if text[entry.key.end : colon].strip() or text[part.start - column : part.start].strip():
        raise NoEditError("the value does not begin on a line of its own")
    yield Edit(colon + 1, colon + 1, f" {_inline(value)}")
    yield Edit(_line_start(text, part.start), _line_end(text, part.end), "")


def move_edits(
    tree: Tree, document: int, owner: KeyPath, keys: Collection[str], *, names: tuple[str, str]
) -> list[Edit]:
    """
    Return the edits that move entries from the first of two mappings of an owner to the second, with their comments.

    The second is made where it is missing, and the first removed where nothing is left in it.
    """
    return _Move(tree, document, owner, keys, names).edits()


class _Move:
    """One move of entries."""

    def __init__(
        self, tree: Tree, document: int, owner: KeyPath, keys: Collection[str], names: tuple[str, str]
    ) -> None:
        _check_lines(tree)
        self._text = tree.text
        self._tree = tree
        self._name = names[1]
        found = tree.by_path[document, (*owner, names[0])]
        target = tree.by_path.get((document, (*owner, names[1])))
        self._owner = tree.by_path[document, owner].entry.value
        self._from, self._to = found.entry, target.entry if target else None
        for entry in filter(None, (self._from, self._to)):
            if entry.value.kind != "mapping" or entry.value.is_shared or entry.value.is_marked:
                raise NoEditError(f"{entry.key.value} is no mapping of its own here")
        self._moved = [one for one in self._from.value.entries if one.key.value in keys]
        self._left = [one for one in self._from.value.entries if one.key.value not in keys]
        self._eol = line_end_of(self._text)
        for key in (one.key for one in self._moved if not self._from.value.is_flow):
            if self._text[key.start - self._column(key) : key.start].strip():
                raise NoEditError(f"{key.value} does not begin on a line of its own")

    def edits(self) -> list[Edit]:
        if not self._left and self._to is None:
            return [Edit(self._from.key.start, self._from.key.end, self._name)]
        return [*self._removed(), *self._added()]

    def _removed(self) -> Iterator[Edit]:
        source = self._from.value
        if self._left and source.is_flow:
            yield self._flow(source, self._left, [])
        elif self._left or self._owner.is_flow or self._has_comments():
            if not source.is_flow:
                yield from (Edit(*self._rows(one), "") for one in self._moved)
            if not self._left:
                yield self._emptied()
        else:
            start, end = self._from.key.start, self._from.value.end
            yield Edit(_line_start(self._text, start), _line_end(self._text, end), "")

    def _has_comments(self) -> bool:
        """Return whether comments stand on the lines of the first mapping that do not move."""
        start, end = _line_start(self._text, self._from.key.start), _line_end(self._text, self._from.value.end)
        rows = [] if self._from.value.is_flow else [self._rows(one) for one in self._moved]
        at = start
        for first, last in [*rows, (end, end)]:
            if self._tree.has_comment(max(at, self._from.key.end), first, self._from.value):
                return True
            at = last
        return False

    def _emptied(self) -> Edit:
        """Return the edit that leaves the first mapping empty, since a comment stands beside its key."""
        if self._from.value.is_flow:
            return Edit(self._from.value.start, self._from.value.end, "{}")
        colon = self._text.find(":", self._from.key.end) + 1
        return Edit(colon, colon, " {}")

    def _added(self) -> Iterator[Edit]:
        if self._to is not None and self._to.value.is_flow:
            yield self._flow(self._to.value, self._to.value.entries, self._moved)
        elif self._to is not None:
            last = self._to.value.entries[-1].value
            column = self._column(self._to.value.entries[0].key)
            at = _line_end(self._text, last.end)
            yield Edit(at, at, "".join(self._chunk(one, column) for one in self._moved))
        elif self._owner.is_flow:
            end = self._from.value.end
            yield Edit(end, end, f", {self._name}: {{{', '.join(map(self._bare, self._moved))}}}")
        else:
            yield self._new()

    def _new(self) -> Edit:
        """Return the edit that adds the second mapping, in the style of the first."""
        indent = " " * self._column(self._from.key)
        at = _line_end(self._text, self._from.value.end)
        if self._from.value.is_flow:
            return Edit(at, at, f"{indent}{self._name}: {{{', '.join(map(self._bare, self._moved))}}}{self._eol}")
        column = self._column(self._from.value.entries[0].key)
        chunks = "".join(self._chunk(one, column) for one in self._moved)
        return Edit(at, at, f"{indent}{self._name}:{self._eol}{chunks}")

    def _flow(self, mapping: Part, stay: Sequence[Entry], new: Sequence[Entry]) -> Edit:
        """Return the edit of a mapping in brackets, whose entries stay as they are written."""
        if self._tree.has_comment(mapping.start, mapping.end, mapping):
            raise NoEditError("a comment stands inside of the brackets")
        inner = self._text[mapping.start + 1 : mapping.end - 1]
        before, after = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
        entries = [*(self._text[one.key.start : one.value.end] for one in stay), *map(self._bare, new)]
        return Edit(mapping.start, mapping.end, f"{{{before}{', '.join(entries)}{after}}}")

    def _bare(self, entry: Entry) -> str:
        """Return an entry as it is written, for a mapping in brackets."""
        if not self._from.value.is_flow:
            start, end = self._rows(entry)
            if self._tree.has_comment(start, end, self._from.value):
                raise NoEditError("its comment has no place between brackets")
            if entry.value.is_block or not all(map(self._fits_brackets, (entry.key, *entry.value.scalars()))):
                raise NoEditError("it has no place between brackets as it is written")
        return self._text[entry.key.start : entry.value.end]

    def _fits_brackets(self, scalar: Part) -> bool:
        """Return whether a scalar means the same between brackets, as it is written."""
        raw = self._text[scalar.start : scalar.end]
        return not scalar.is_block_text and "\n" not in raw and bool(scalar.style or not _INDICATORS & set(raw))

    def _chunk(self, entry: Entry, column: int) -> str:
        """Return an entry with its comments, as lines that begin at a column."""
        if self._from.value.is_flow:
            return f"{' ' * column}{self._bare(entry)}{self._eol}"
        shift = column - self._column(entry.key)
        start, end = self._rows(entry)
        return "".join(_shifted(row, shift) for row in self._text[start:end].splitlines(keepends=True))

    def _rows(self, entry: Entry) -> tuple[int, int]:
        """Return where the lines of an entry start, those of comments right above included, and where they end."""
        start = _line_start(self._text, entry.key.start)
        column = entry.key.start - start
        while start:
            above = _line_start(self._text, start - 1)
            row = self._text[above:start]
            if not _COMMENT_LINE.match(row) or len(row) - len(row.lstrip()) != column:
                break
            start = above
        return start, _line_end(self._text, entry.value.end)

    def _column(self, part: Part) -> int:
        return part.start - _line_start(self._text, part.start)


def _shifted(row: str, shift: int) -> str:
    """Return a line further to the right, or to the left where it begins with blanks."""
    if shift >= 0 or not row.strip():
        return f"{' ' * shift}{row}" if row.strip() else row
    blanks = len(row) - len(row.lstrip(" "))
    return row[min(-shift, blanks) :]


def _check_lines(tree: Tree) -> None:
    """Raise `NoEditError` for a text in which lines end as on old machines, which are one line to all else here."""
    if tree.has_lone_returns:
        raise NoEditError("the lines of the file end in a carriage return alone")


def line_end_of(text: str) -> str:
    """Return how the lines of a text end."""
    return "\r\n" if "\r\n" in text else "\n"


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """Return where the line of an offset ends, behind its end."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1
