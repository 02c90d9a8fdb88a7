"""Events of the YAML parser → plain data and marks; after a problem, reading goes on."""

from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from yaml import events

from reconciler.core.model.masking import compose, label
from reconciler.core.model.value import Json
from reconciler.errors import Problem
from reconciler.reading.anchors import (
    MOST_NESTED,
    MOST_PROBLEMS,
    MOST_VALUES,
    Amount,
    Anchored,
    Anchors,
    EntriesFrame,
    Frame,
    ItemsFrame,
)
from reconciler.reading.places import REFUSED, Addressing, KeyPath, Lines, Node
from reconciler.reading.scalars import (
    NO_KEYS,
    Refusal,
    collection_tag_refusal,
    plain_value,
    scalar_tag_refusal,
)

_IN_SECTION = 3
"""How many mappings and lists are open where an entry of a section ends: all documents, one document, its section."""

_MOST_SHARED = 4096
"""The most different plain values that are read once and shared."""

_STEPS_SHOWN = 4
"""How much is shown of a path that is too long."""


class EventMark(Protocol):
    """Where an event starts or ends in the text."""

    index: int


class Event(Protocol):
    """An event of the parser, as far as it is used here; its kind decides which attributes exist."""

    start_mark: EventMark
    end_mark: EventMark
    anchor: str | None
    tag: str | None
    style: str | None
    value: str


class Skip(Protocol):
    """Decides which entries of sections, such as contacts, are left out of a file's documents."""

    def begin(self) -> None:
        """Begin a file; it is begun again where one parser cannot read it and another can."""

    def skips(self, section: str | None, name: str | None, value: Json) -> bool:
        """Return whether the entry of a section with a name is left out."""


class UnreadableError(Exception):
    """Reading of a file ends here."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Builder:
    """Builds the documents of one file from events, and collects its problems."""

    def __init__(
        self, lines: Lines, address: Addressing, *, misread: Collection[int] = (), skip: Skip | None = None
    ) -> None:
        self._skip = skip
        self.problems: list[Problem] = []
        self._lines = lines
        self._address = address
        self._misread = misread
        self._documents = ItemsFrame(0, None, as_key=False, read_before=(0, 0))
        self._frame: Frame = self._documents
        self._stack: list[Frame] = [self._documents]
        self._anchors = Anchors()
        self._values = 0
        self._letters = 0
        self._skipped: Amount = (0, 0)
        self._keys: dict[str, str] = {}  # equal ones share one text
        self._plain: dict[str, Json] = {}  # the value of each text, of the first ones

    @property
    def documents(self) -> tuple[Node, ...]:
        """Return the documents that were read to their end, without empty ones."""
        read = zip(self._documents.value, self._documents.marks, strict=True)
        return tuple(Node(value, self._lines, mark) for value, mark in read if value is not None)

    @property
    def amount(self) -> Amount:
        """Return how much is in the documents, aliases followed, without what was skipped."""
        return self._values - self._skipped[0], self._letters - self._skipped[1]

    def take(self, stream: Iterator[Event]) -> None:
        """Read all events of a file."""
        actions: dict[type, Callable[[Event], None]] = {
            events.ScalarEvent: self._any_scalar if self._misread else self._scalar,
            events.MappingStartEvent: self._mapping,
            events.SequenceStartEvent: self._list,
            events.MappingEndEvent: self._end,
            events.SequenceEndEvent: self._end,
            events.AliasEvent: self._alias,
            events.DocumentStartEvent: self._document,
        }
        for event in stream:
            if action := actions.get(type(event)):
                action(event)

    def _document(self, _: Event) -> None:
        self._anchors.clear()

    def _scalar(self, event: Event) -> None:
        """Read a usual key or value with as few steps as can be, and any other by `_any_scalar`."""
        frame, text = self._frame, event.value
        if event.tag or event.anchor:
            self._any_scalar(event)
        elif not frame.expects_key:
            if event.style:
                value: Json = text
            elif text in self._plain:
                value = self._plain[text]
            else:
                value = self._value(event)
                if value is not REFUSED and len(self._plain) < _MOST_SHARED:
                    self._plain[text] = value
            self._values += 1
            self._letters += len(text)
            if self._values > MOST_VALUES:
                raise self._unreadable(event.start_mark.index, _TOO_MANY)
            frame.add(value, event.start_mark.index)
        elif text in self._keys and isinstance(frame, EntriesFrame) and text not in frame.value:
            self._letters += len(text)
            frame.expect_value(self._keys[text], event.start_mark.index)
        else:
            self._any_scalar(event)

    def _any_scalar(self, event: Event) -> None:
        frame, text, at = self._frame, event.value, event.start_mark.index
        if frame.expects_key:
            self._key(event, text, at)
            return
        value = text if event.style and not event.tag else self._value(event)
        if event.anchor:
            self._anchors.name(event.anchor, value)
        self._values += 1
        self._letters += len(text)
        if self._values > MOST_VALUES:
            raise self._unreadable(at, _TOO_MANY)
        frame.add(value, at)

    def _key(self, event: Event, text: str, at: int) -> None:
        frame = self._frame
        assert isinstance(frame, EntriesFrame)  # noqa: S101 - only mappings expect keys
        if at in self._misread:
            self._report(at - 1, _QUESTION_MARK)
            frame.expect_value(None, at)
            return
        self._letters += len(text)
        is_usual = text not in NO_KEYS and not event.tag and not event.anchor
        key = self._keys.setdefault(text, text) if is_usual else self._unusual_key(event)
        if key is not None and key in frame.value:
            self._report(at, self._repeated(frame, key), key)
            key = None
        frame.expect_value(key, at)

    def _unusual_key(self, event: Event) -> str | None:
        """Check a key that has a tag, an anchor or the form of another kind of value."""
        if event.anchor:
            self._anchors.name(event.anchor, event.value)
        if_plain = NO_KEYS.get(event.value)
        refusal = scalar_tag_refusal(event.tag) if event.tag else None if event.style else if_plain
        if refusal:
            self._report(event.start_mark.index, refusal)
            return None
        return event.value if if_plain else self._keys.setdefault(event.value, event.value)

    def _repeated(self, frame: EntriesFrame, key: str) -> Refusal:
        first = self._lines.source(frame.key_at(key))
        return Refusal(f"this key is here twice, first on line {first.line}", "keep one of the two")

    def _value(self, event: Event) -> Json:
        if event.tag:
            refusal = scalar_tag_refusal(event.tag)
            return self._refuse(event, refusal) if refusal else event.value
        value = plain_value(event.value)
        return self._refuse(event, value) if isinstance(value, Refusal) else value

    def _mapping(self, event: Event) -> None:
        self._start(event, EntriesFrame)

    def _list(self, event: Event) -> None:
        self._start(event, ItemsFrame)

    def _start(self, event: Event, kind: type[EntriesFrame | ItemsFrame]) -> None:
        at, as_key = event.start_mark.index, self._frame.expects_key
        if as_key:
            self._report(at, _COMPLEX_KEY)
        if event.tag and (refusal := collection_tag_refusal(event.tag)):
            self._report(at, refusal)
        if len(self._stack) > MOST_NESTED:
            raise self._unreadable(at, _TOO_DEEP)
        self._frame = kind(at, event.anchor, as_key=as_key, read_before=(self._values, self._letters))
        self._stack.append(self._frame)
        if event.anchor:
            self._anchors.open(event.anchor, self._frame)

    def _end(self, _: Event) -> None:
        frame = self._stack.pop()
        parent = self._frame = self._stack[-1]
        self._values += 1
        if self._values > MOST_VALUES:
            raise self._unreadable(frame.at, _TOO_MANY)
        held = tuple(frame.marks)
        if frame.height >= parent.height:
            parent.height = frame.height + 1
        if frame.anchor:
            anchored = Anchored(frame.value, held, self._amount_of(frame), frame.height)
            self._anchors.close(frame.anchor, frame, anchored)
        if frame.as_key:
            self._drop_key(frame.at)
        elif self._skip and len(self._stack) == _IN_SECTION and self._is_skipped(frame.value):
            assert isinstance(parent, EntriesFrame)  # noqa: S101 - only mappings have named entries
            parent.drop()
            values, letters = self._amount_of(frame)
            self._skipped = self._skipped[0] + values, self._skipped[1] + letters
        else:
            parent.add(frame.value, frame.at, held)

    def _amount_of(self, frame: Frame) -> Amount:
        """Return how much is in a mapping or list that has just ended."""
        values, letters = frame.read_before
        return self._values - values, self._letters - letters

    def _is_skipped(self, value: Json) -> bool:
        """Return whether the value that ended, an entry of a section, is left out of the document."""
        document, section = self._stack[1:]
        if self._skip is None or not (isinstance(document, EntriesFrame) and isinstance(section, EntriesFrame)):
            return False
        return self._skip.skips(document.key, section.key, value)

    def _alias(self, event: Event) -> None:
        if self._frame.expects_key:
            self._report(event.start_mark.index, _ALIAS_AS_KEY)
            self._drop_key(event.start_mark.index)
            return
        anchored = self._anchors.resolve(event.anchor or "", depth=len(self._stack) - 1)
        if isinstance(anchored, Refusal):
            self._frame.add(self._refuse(event, anchored), event.start_mark.index)
            return
        if excess := self._anchors.excess:
            raise self._unreadable(event.start_mark.index, _bomb(event.anchor, excess))
        values, letters = anchored.amount
        self._values += values
        self._letters += letters
        self._frame.height = max(self._frame.height, anchored.height + 1)
        self._frame.add(anchored.value, event.start_mark.index, anchored.held)

    def _drop_key(self, at: int) -> None:
        assert isinstance(self._frame, EntriesFrame)  # noqa: S101 - only mappings have keys
        self._frame.expect_value(None, at)

    def _refuse(self, event: Event, refusal: Refusal) -> Json:
        self._report(event.start_mark.index, refusal)
        return REFUSED

    def _report(self, at: int, refusal: Refusal, *further: str) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            raise self._unreadable(at, _TOO_MANY_PROBLEMS)
        address = self._address((*self._path(), *further))
        self.problems.append(self._lines.problem(at, refusal.message, cure=refusal.cure, address=address))

    def _unreadable(self, at: int, refusal: Refusal) -> UnreadableError:
        address = self._address(self._path()[:_STEPS_SHOWN])
        return UnreadableError(self._lines.problem(at, refusal.message, cure=refusal.cure, address=address))

    def _path(self) -> KeyPath:
        return tuple(step for frame in self._stack[1:] if (step := frame.step) is not None)


_TOO_DEEP = Refusal(f"values are nested more than {MOST_NESTED} levels deep", "make it flatter")
_TOO_MANY = Refusal(
    f"this file has more than {MOST_VALUES:,} values, those of its aliases counted",
    "split it into several files, or make rows of a table of it (contacts_from)",
)
_TOO_MANY_PROBLEMS = Refusal(
    f"this file has more than {MOST_PROBLEMS:,} problems, and is not read further", "fix those above it first"
)
_QUESTION_MARK = Refusal(
    'between brackets, YAML readers take a "?" at the start of a text as the sign of a key, and drop it',
    "put the text in quotes",
)
_ALIAS_AS_KEY = Refusal("a key must be text, not an alias", "write the key out; put it in quotes if it starts with *")
_COMPLEX_KEY = Refusal(
    "a key must be text, not a mapping or list", 'put a value that starts with "{" or "[" in quotes if text is meant'
)


def _bomb(name: str | None, excess: str) -> Refusal:
    return Refusal(
        compose("with the alias *{}, this file's aliases stand for more than {}", label(name or ""), excess),
        "write the values out, or repeat fewer of them",
    )
