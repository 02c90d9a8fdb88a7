"""Anchors: the named values of a document, and limits on how often aliases repeat them."""

from typing import ClassVar, TypeAlias

from msgspec import Struct

from reconciler.core.model.masking import compose, label
from reconciler.core.model.nearest import Nearest
from reconciler.core.model.value import Json
from reconciler.reading.places import OFFSET_BITS, Mark, key_offset
from reconciler.reading.scalars import Refusal

Amount: TypeAlias = tuple[int, int]
"""How much there is: the number of values, and of letters in them and their keys."""


class ItemsFrame:
    """A list that is being read; `at` is its start, `as_key` is whether it stands in the place of a key."""

    __slots__ = ("anchor", "as_key", "at", "height", "marks", "read_before", "value")
    expects_key: ClassVar[bool] = False

    def __init__(self, at: int, anchor: str | None, *, as_key: bool, read_before: Amount) -> None:
        self.at = at
        self.anchor = anchor
        self.as_key = as_key
        self.read_before = read_before
        self.height = 1
        self.value: list[Json] = []
        self.marks: list[Mark] = []

    def add(self, value: Json, at: int, held: tuple[Mark, ...] | None = None) -> None:
        """Add the next item; `held` are the marks of its entries, if it is a mapping or list."""
        own = at << OFFSET_BITS | at
        self.value.append(value)
        self.marks.append((own, *held) if held else own)

    @property
    def step(self) -> int:
        """Return the step of a path to the value that is read next."""
        return len(self.value)


class EntriesFrame:
    """A mapping that is being read: it expects a key, then that key's value, and so on."""

    __slots__ = (
        "_key_at",
        "_keys_at",
        "anchor",
        "as_key",
        "at",
        "expects_key",
        "height",
        "key",
        "marks",
        "read_before",
        "value",
    )

    def __init__(self, at: int, anchor: str | None, *, as_key: bool, read_before: Amount) -> None:
        self.at = at
        self.anchor = anchor
        self.as_key = as_key
        self.read_before = read_before
        self.height = 1
        self.expects_key = True
        self.key: str | None = None
        self._key_at = 0
        self._keys_at: dict[str, int] | None = None  # from the first key on that is repeated
        self.value: dict[str, Json] = {}
        self.marks: list[Mark] = []

    def expect_value(self, key: str | None, at: int) -> None:
        """Set the next key; None if it was refused, and then its value is dropped."""
        self.expects_key = False
        self.key = key
        self._key_at = at

    def add(self, value: Json, at: int, held: tuple[Mark, ...] | None = None) -> None:
        """Set the value of the last key."""
        self.expects_key = True
        if self.key is not None:
            own = self._key_at << OFFSET_BITS | at
            if self._keys_at is not None:
                self._keys_at[self.key] = self._key_at
            self.value[self.key] = value
            self.marks.append((own, *held) if held else own)

    def drop(self) -> None:
        """Go on without a value of the last key."""
        self.expects_key = True

    def key_at(self, key: str) -> int:
        """Return the offset of a key that is here already."""
        if self._keys_at is None:
            self._keys_at = dict(zip(self.value, map(key_offset, self.marks), strict=True))
        return self._keys_at[key]

    @property
    def step(self) -> str | None:
        """Return the step of a path to the value that is read next; None while there is no key for it."""
        return None if self.expects_key else self.key


Frame: TypeAlias = ItemsFrame | EntriesFrame


_MOST_INDEXED_ANEW = 100
"""With more names than these, they are not indexed anew for each name that is unknown."""

MOST_PROBLEMS = 20_000
"""The most problems that are named, of one file or of all; the others are counted, or not looked for."""

MOST_EXPANDED = 1_000_000
"""The number of values that the aliases of one file may stand for: enough for 100,000 contacts that share facts."""

MOST_LETTERS = 64 << 20
"""The number of letters that the aliases of one file may stand for, and that its references may add."""

MOST_VALUES = 2_000_000
"""The number of values in one file, aliases followed: enough for 100,000 contacts."""

MOST_NESTED = 64
"""How deep mappings and lists may lie in one another, aliases followed."""


def amount_of(value: Json) -> Amount:
    """Return how much is in a value."""
    below = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    inner = [amount_of(one) for one in below]
    own = len(value) if isinstance(value, str) else sum(map(len, value)) if isinstance(value, dict) else 1
    return 1 + sum(values for values, _ in inner), own + sum(letters for _, letters in inner)


def excess(amount: Amount) -> str:
    """Return which limit of repetition an amount exceeds, as messages name it; empty where it does not."""
    values, letters = amount
    if values > MOST_EXPANDED:
        return f"{MOST_EXPANDED:,} values"
    return f"{MOST_LETTERS >> 20} MiB of text" if letters > MOST_LETTERS else ""


class Anchored(Struct, frozen=True):
    """A value with a name, how much is in it, aliases followed, and how deep its values lie."""

    value: Json
    held: tuple[Mark, ...] | None
    amount: Amount
    height: int


class Anchors:
    """The names that are known so far in a document."""

    def __init__(self) -> None:
        self._known: dict[str, Anchored | Frame] = {}
        self._values = 0
        self._letters = 0
        self._index = Nearest(())
        self._indexed = 0

    def clear(self) -> None:
        """Forget the names: the next document starts without any."""
        self._known.clear()
        self._index, self._indexed = Nearest(()), 0

    def open(self, name: str, frame: Frame) -> None:
        """Remember that a mapping or list with a name has started."""
        self._known[name] = frame

    def close(self, name: str, frame: Frame, anchored: Anchored) -> None:
        """Record the value of a name, unless something inside it took the name since."""
        if self._known[name] is frame:
            self._known[name] = anchored

    def name(self, name: str, value: Json) -> None:
        """Remember a scalar with a name."""
        self._known[name] = Anchored(value, None, (1, len(value) if isinstance(value, str) else 1), 0)

    def resolve(self, name: str, *, depth: int) -> Anchored | Refusal:
        """Return the value of a name, for use at a depth."""
        known = self._known.get(name)
        if known is None:
            nearest = self._nearest(name)
            return Refusal(
                compose("nothing above is anchored as &{}", label(name)), nearest or compose(_QUOTE, label(name))
            )
        if not isinstance(known, Anchored):
            message = compose("the alias *{} is inside the value that it names", label(name))
            return Refusal(message, "a value cannot hold itself; write it out")
        if depth + known.height > MOST_NESTED:
            message = compose(
                "with the alias *{}, values are nested more than {} levels deep", label(name), MOST_NESTED
            )
            return Refusal(message, "make it flatter")
        self._values += known.amount[0]
        self._letters += known.amount[1]
        return known

    def _nearest(self, name: str) -> str:
        """Return the nearest name; of a great many, those count that there were when half as many were known."""
        grown = len(self._known) - self._indexed
        if grown and (grown < 0 or self._indexed < _MOST_INDEXED_ANEW or grown > self._indexed):
            self._index, self._indexed = Nearest(self._known), len(self._known)
        return self._index.did_you_mean(name)

    @property
    def excess(self) -> str:
        """Return which limit the aliases exceed, as messages name it; empty where they do not."""
        return excess((self._values, self._letters))


_QUOTE = 'put it in quotes if text is meant: "*{}"'
