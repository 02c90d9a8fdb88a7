"""Anchors: the values of a document that have a name, and how much may come of naming them again and again."""

from msgspec import Struct

from reconciler.core.model.masking import label, says
from reconciler.core.model.nearest import did_you_mean
from reconciler.core.model.value import Json
from reconciler.reading.frames import Frame
from reconciler.reading.places import Mark
from reconciler.reading.scalars import Refusal

MOST_EXPANDED = 1_000_000
"""How many values the aliases of one file may stand for: enough for 100,000 contacts that share their facts."""

MOST_NESTED = 64
"""How deep mappings and lists may lie in one another, aliases followed."""


class Anchored(Struct, frozen=True):
    """A value with a name; `size` counts the values in it, aliases followed, and `height` how deep they lie."""

    value: Json
    held: tuple[Mark, ...] | None
    size: int
    height: int


class Anchors:
    """The names that are known so far in a document."""

    def __init__(self) -> None:
        self._known: dict[str, Anchored | Frame] = {}
        self._expanded = 0

    def clear(self) -> None:
        """Forget the names: the next document starts without any."""
        self._known.clear()

    def open(self, name: str, frame: Frame) -> None:
        """Remember that a mapping or list with a name has started."""
        self._known[name] = frame

    def close(self, name: str, frame: Frame, anchored: Anchored) -> None:
        """Remember what a name stands for, unless something inside it took the name since."""
        if self._known[name] is frame:
            self._known[name] = anchored

    def name(self, name: str, value: Json) -> None:
        """Remember a scalar with a name."""
        self._known[name] = Anchored(value, None, 1, 0)

    def resolve(self, name: str, *, depth: int) -> Anchored | Refusal:
        """Give what a name stands for, for use at a depth."""
        known = self._known.get(name)
        if known is None:
            nearest = did_you_mean(name, self._known)
            return Refusal(says("nothing above is anchored as &{}", label(name)), nearest or says(_QUOTE, label(name)))
        if not isinstance(known, Anchored):
            message = says("the alias *{} stands inside what it names", label(name))
            return Refusal(message, "a value cannot hold itself; write it out")
        if depth + known.height > MOST_NESTED:
            message = says("with the alias *{}, values lie more than {} levels deep", label(name), MOST_NESTED)
            return Refusal(message, "make it flatter")
        self._expanded += known.size
        return known

    @property
    def exhausted(self) -> bool:
        """Say whether the aliases stand for more values than they may."""
        return self._expanded > MOST_EXPANDED


_QUOTE = 'put it in quotes if text is meant: "*{}"'
