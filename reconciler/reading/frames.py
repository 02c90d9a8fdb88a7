"""Frames: the mappings and lists that are open while a document is read, each with the marks of what it holds."""

from typing import ClassVar, TypeAlias

from reconciler.core.model.value import Json
from reconciler.reading.places import OFFSET_BITS, Mark, key_offset


class ItemsFrame:
    """A list that is being read; `at` is where it starts, `as_key` says that it stands where a key should."""

    __slots__ = ("anchor", "as_key", "at", "height", "marks", "value", "values_before")
    expects_key: ClassVar[bool] = False

    def __init__(self, at: int, anchor: str | None, *, as_key: bool, values_before: int) -> None:
        self.at = at
        self.anchor = anchor
        self.as_key = as_key
        self.values_before = values_before
        self.height = 1
        self.value: list[Json] = []
        self.marks: list[Mark] = []

    def add(self, value: Json, at: int, held: tuple[Mark, ...] | None = None) -> None:
        """Take the next item; `held` are the marks of what it holds, if it is a mapping or list."""
        own = at << OFFSET_BITS | at
        self.value.append(value)
        self.marks.append(own if held is None else (own, *held))

    @property
    def step(self) -> int:
        """Give the step of a path that leads to what is read next."""
        return len(self.value)


class EntriesFrame:
    """A mapping that is being read: it expects a key, then that key's value, and so on."""

    __slots__ = ("_key_at", "anchor", "as_key", "at", "expects_key", "height", "key", "marks", "value", "values_before")

    def __init__(self, at: int, anchor: str | None, *, as_key: bool, values_before: int) -> None:
        self.at = at
        self.anchor = anchor
        self.as_key = as_key
        self.values_before = values_before
        self.height = 1
        self.expects_key = True
        self.key: str | None = None
        self._key_at = 0
        self.value: dict[str, Json] = {}
        self.marks: list[Mark] = []

    def expect_value(self, key: str | None, at: int) -> None:
        """Take the next key; without one, the value that follows is dropped: its key was refused."""
        self.expects_key = False
        self.key = key
        self._key_at = at

    def add(self, value: Json, at: int, held: tuple[Mark, ...] | None = None) -> None:
        """Take the value of the last key."""
        self.expects_key = True
        if self.key is not None:
            own = self._key_at << OFFSET_BITS | at
            self.value[self.key] = value
            self.marks.append(own if held is None else (own, *held))

    def key_at(self, key: str) -> int:
        """Give the offset of a key that is here already."""
        return key_offset(self.marks[list(self.value).index(key)])

    @property
    def step(self) -> str | None:
        """Give the step of a path that leads to the value that is read next; none while there is no key for it."""
        return None if self.expects_key else self.key


Frame: TypeAlias = ItemsFrame | EntriesFrame
