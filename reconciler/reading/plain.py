"""
The plain style of most spec files → data and marks, line by line, at half of the cost of the parser's events.

In this style, each key and each item of a list begins a line, and its value ends with it. Where a text has anything
else, or anything that could be wrong, the parser reads it: what both can read, they read alike, with the same marks.
"""

import re
from sys import intern
from typing import TypeAlias

from reconciler.core.model.value import Json
from reconciler.reading.anchors import MOST_VALUES
from reconciler.reading.places import OFFSET_BITS, Mark
from reconciler.reading.scalars import NO_KEYS, Refusal, plain_value

_KEY = r"[A-Za-z0-9_](?:[A-Za-z0-9_./-]++| ++(?=[A-Za-z0-9_./-]))*+"
_TEXT = r"(?:[\w+./(]|-[0-9])(?:[^ \n:#]++| ++(?=[^ \n#])|:(?=[^ \n:#]))*+"
_QUOTED = r""""[^"\\\n]*"|'[^'\n]*'"""
_HEAD = rf"(?:{_KEY}|{_QUOTED}):"
_LINE = re.compile(
    rf"^(( *+)(- ++)?({_HEAD}(?: ++(?=[^ #\n])|(?= *\n| +#)))?({_TEXT}|{_QUOTED}|\{{[^\n#]*\}}|\[[^\n#]*\])?"
    r" *+(?:(?<![^ \n])#[^\n]*)?\n)",
    re.MULTILINE,
)
_INNER_HEAD = re.compile(rf"{_HEAD} ++")
_INNER = re.compile(rf"(?:[A-Za-z0-9_+]|-[0-9])(?:[A-Za-z0-9_+./@-]++| ++(?=[A-Za-z0-9_+./@]))*+|{_QUOTED}")
_SPACES = re.compile(" *+")
_BLOCK = 1 << 16
_DEEPEST = 16
_LONGEST_KEY = 256
_QUOTES = ("'", '"')
_BRACKETS = {"{": "}", "[": "]"}
_MOST_SHARED = 4096

_Frame: TypeAlias = "tuple[int, dict[str, Json] | list[Json], list[Mark], int, str]"
"""A mapping or list that is read: its column, its entries, their marks, its own mark, and its key in its owner."""


class _NotPlainError(Exception):
    """A text is in another style, or something is wrong in it."""


def plain_document(text: str) -> tuple[Json, Mark] | None:
    """Return the one document of a text in plain style, with its mark; None where the parser has to read it."""
    if "\t" in text or "\r" in text:
        return None
    reader = _Reader()
    try:
        if text[:1] == "{" and "\n" not in text.rstrip():  # JSON
            return reader.between_brackets(text.rstrip(), 0, 0)
        at, whole = 0, text if text[-1:] == "\n" else f"{text}\n"
        while at < len(whole):
            end = whole.find("\n", min(at + _BLOCK, len(whole) - 1)) + 1
            if reader.read(_LINE.findall(whole, at, end), at) != end:  # a line is in another style
                return None
            at = end
        return reader.document()
    except _NotPlainError:
        return None


class _Reader:
    """Builds a document of lines."""

    def __init__(self) -> None:
        self._frames: list[_Frame] = []
        self._key: str | None = None  # whose value begins on the next line
        self._key_at = 0
        self._keys: dict[str, str] = {}  # equal keys share one text, and so do the first of the values
        self._shared: dict[str, Json] = {}
        self._values = 1
        self._depth = 0

    def read(self, lines: list[tuple[str, ...]], at: int) -> int:
        """Read lines that begin at an offset; return that at which they end."""
        keys, shared = self._keys.get, self._shared.get
        open_column, entries, marks = self._open_mapping()
        for line, indent, dash, head, written in lines:
            start = at + len(indent)
            at += len(line)
            if dash or len(indent) != open_column:
                if not (dash or head or written):
                    continue
                self._go_to(len(indent), start, is_item=bool(dash))
                if dash:
                    start += len(dash)
                    self._begin_item(len(indent) + len(dash), start, head, written)
                open_column, entries, marks = self._open_mapping()
            if head:
                key = keys(head) or self._new_key(head)
                if not written:
                    self._key, self._key_at, open_column = key, start, -1
                    continue
                value_at = start + len(head)
                mark: Mark = start << OFFSET_BITS | value_at
                value = shared(written)
                if value is None:
                    value, mark = self._value(written, value_at, start)
                entries[key] = value
                marks.append(mark)
            elif written and not dash:
                raise _NotPlainError
        return at

    def document(self) -> tuple[Json, Mark] | None:
        """Return the document that was read to its end; None where it is empty or too large."""
        if self._key is not None or not self._frames:
            return None
        while len(self._frames) > 1:
            self._close()
        _, value, marks, own, _ = self._frames[0]
        is_good = len(value) == len(marks) and self._values + len(marks) < MOST_VALUES
        return (value, (own, *marks)) if is_good else None

    def _open_mapping(self) -> tuple[int, dict[str, Json], list[Mark]]:
        """Return the mapping that a line at its column goes on with; -1 as the column where there is none."""
        if self._frames and self._key is None:
            column, value, marks, _, _ = self._frames[-1]
            if isinstance(value, dict):
                return column, value, marks
        return -1, {}, []

    def _begin_item(self, column: int, start: int, head: str, written: str) -> None:
        """Begin the next item of a list: a mapping, or the value itself."""
        if head:
            self._open(column, start, {}, start)
            return
        _, items, marks, _, _ = self._frames[-1]
        if not written or not isinstance(items, list):
            raise _NotPlainError
        value, mark = self._value(written, start, start)
        items.append(value)
        marks.append(mark)

    def _go_to(self, column: int, start: int, *, is_item: bool) -> None:
        """Go to the mapping or list that a line at a column belongs to: a new one, or one that is open."""
        frames = self._frames
        if self._key is not None or not frames:
            if frames and column <= frames[-1][0] - is_item:
                raise _NotPlainError
            self._open(column, start, [] if is_item else {}, self._key_at if frames else start)
            return
        while len(frames) > 1 and frames[-1][0] > column:
            self._close()
        if not is_item and len(frames) > 1 and frames[-2][0] == column:
            self._close()  # a list at the column of its own key
        if frames[-1][0] != column or isinstance(frames[-1][1], list) is not is_item:
            raise _NotPlainError

    def _open(self, column: int, start: int, value: dict[str, Json] | list[Json], key_at: int) -> None:
        if len(self._frames) >= _DEEPEST:
            raise _NotPlainError
        self._frames.append((column, value, [], key_at << OFFSET_BITS | start, self._key or ""))
        self._key = None

    def _close(self) -> None:
        _, value, marks, own, key = self._frames.pop()
        _, owner, beside, _, _ = self._frames[-1]
        if len(value) != len(marks):  # a key is there twice
            raise _NotPlainError
        self._values += len(marks)
        if isinstance(owner, dict):
            owner[key] = value
        else:
            owner.append(value)
        beside.append((own, *marks))

    def _new_key(self, head: str) -> str:
        key = head.rstrip(" ")[:-1]
        if key[0] in _QUOTES:
            key = key[1:-1]
        elif key in NO_KEYS:
            raise _NotPlainError
        if len(head) > _LONGEST_KEY:
            raise _NotPlainError
        self._keys[head] = key = intern(key)
        return key

    def _value(self, written: str, at: int, key_at: int) -> tuple[Json, Mark]:
        """Return the value that is written at an offset, with its mark."""
        if written[0] in _BRACKETS:
            return self.between_brackets(written, at, key_at)
        value = _scalar(written)
        if len(self._shared) < _MOST_SHARED:
            self._shared[written] = value
        return value, key_at << OFFSET_BITS | at

    def between_brackets(self, written: str, at: int, key_at: int) -> tuple[Json, Mark]:
        """Return the mapping or list that is written between brackets at an offset, with its mark."""
        try:
            value, mark, end = self._inner(written, 0, at, key_at)
        except IndexError:  # brackets are not closed
            raise _NotPlainError from None
        if end != len(written):
            raise _NotPlainError
        return value, mark

    def _inner(self, text: str, at: int, first: int, key_at: int) -> tuple[Json, Mark, int]:
        """Return the value at a place in a text that begins at the offset `first`, its mark, and where it ends."""
        own = key_at << OFFSET_BITS | first + at
        if text[at] not in _BRACKETS:
            found = _match(_INNER, text, at)
            return _scalar(found), own, at + len(found)
        if self._depth >= _DEEPEST:
            raise _NotPlainError
        self._depth += 1
        value: dict[str, Json] | list[Json] = {} if text[at] == "{" else []
        marks: list[Mark] = []
        end, at = _BRACKETS[text[at]], _after_spaces(text, at + 1)
        while text[at] != end or marks:
            start, key = at, ""
            if isinstance(value, dict):
                head = _match(_INNER_HEAD, text, at)
                key, at = self._new_key(head), at + len(head)
            below, mark, at = self._inner(text, at, first, first + start)
            if isinstance(value, dict):
                value[key] = below
            else:
                value.append(below)
            marks.append(mark)
            at = _after_spaces(text, at)
            if text[at] == end:
                break
            if text[at] != ",":
                raise _NotPlainError
            at = _after_spaces(text, at + 1)
        self._depth -= 1
        self._values += len(marks) + 1
        if len(value) != len(marks) or self._values > MOST_VALUES:  # a key is there twice
            raise _NotPlainError
        return value, (own, *marks), at + 1


def _after_spaces(text: str, at: int) -> int:
    found = _SPACES.match(text, at)
    return found.end() if found else at


def _match(form: re.Pattern[str], text: str, at: int) -> str:
    found = form.match(text, at)
    if not found:
        raise _NotPlainError
    return found[0]


def _scalar(written: str) -> Json:
    if written[0] in _QUOTES:
        return written[1:-1]
    value = plain_value(written)
    if isinstance(value, Refusal):
        raise _NotPlainError
    return value
