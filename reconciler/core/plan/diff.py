"""Compare declared and live facts; only additions and updates count. The only importer of deepdiff."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.desired import Fact, User
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import MOST_LIVE, Json, TooDeep, canonical, covers, is_list, lay_over, same, unsendable
from reconciler.errors import Source

Path: TypeAlias = tuple[str, ...]
"""A place in a memory's facts: the key, then keys of nested mappings; no index, since lists are compared whole."""


class Added(Struct, frozen=True):
    """A value that is not live."""

    path: Path
    after: Json


class Updated(Struct, frozen=True):
    """A value that is live, and differs."""

    path: Path
    before: Json
    after: Json


Change: TypeAlias = Added | Updated


class FactWrite(Struct, frozen=True):
    """
    One fact to send.

    `value` is what is sent: the declared value, merged over the live one in nested mappings.
    """

    key: str
    declared: Json
    value: Json
    changes: tuple[Change, ...]
    source: Source

    @property
    def is_new(self) -> bool:
        """Return whether the fact is not live at all; an addition inside of it is an update."""
        return self.changes == (Added((self.key,), self.value),)

    @property
    def keeps_live_part(self) -> bool:
        """Return whether a live part that is not declared is sent back."""
        return not same(self.value, self.declared)

    @property
    def changed_part(self) -> Json:
        """Return the part to send of a value that the API merges by key: its top-level keys that change."""
        value = self.value
        keys = [change.path[1] for change in self.changes if len(change.path) > 1]
        return {key: value[key] for key in dict.fromkeys(keys)} if keys and isinstance(value, dict) else value


def same_changes(left: Sequence[Change], right: Sequence[Change]) -> bool:
    """Return whether changes are the same; unlike `==`, JSON distinguishes 1 from true."""
    return len(left) == len(right) and all(map(_is_same_change, left, right))


def _is_same_change(left: Change, right: Change) -> bool:
    if isinstance(left, Updated) and isinstance(right, Updated):
        is_same_before = same(left.before, right.before)
    else:
        is_same_before = type(left) is type(right)
    return is_same_before and left.path == right.path and same(left.after, right.after)


def among(write: FactWrite, others: Iterable[FactWrite]) -> bool:
    """Return whether `others` contain a write of the same value over the same one, wherever it is declared."""
    return any(
        write.key == other.key and same(write.value, other.value) and same_changes(write.changes, other.changes)
        for other in others
    )


def unsendable_facts(writes: Iterable[FactWrite], *, by_key: bool = False) -> dict[str, str]:
    """
    Return the facts that cannot be sent without losing a live part that is not declared, with the reasons.

    With `by_key`, the API merges them by key, so only their changed parts are sent.
    """
    reasons = {write.key: _unsendable(write, write.changed_part if by_key else write.value) for write in writes}
    return {key: reason for key, reason in reasons.items() if reason}


def _unsendable(write: FactWrite, sent: Json) -> str:
    if any(map(_merges_into_depth, write.changes)):
        return f"the live value is nested more than {MOST_LIVE} levels deep, so nothing can be merged into it"
    return unsendable(sent)


def _merges_into_depth(change: Change) -> bool:
    return isinstance(change, Updated) and isinstance(change.before, TooDeep) and isinstance(change.after, dict)


def diff_facts(facts: Iterable[Fact], live: Mapping[str, Json]) -> tuple[FactWrite, ...]:
    """
    Return the facts to send so that all that is declared is live, in the order given.

    Equal facts are not passed to deepdiff; the others of a memory take one call of it.
    """
    needed = [fact for fact in facts if _is_needed(fact, live)]
    if not needed:
        return ()
    values = {fact.key: lay_over(live.get(fact.key), fact.value) for fact in needed}
    changes = _changes({key: live[key] for key in values if key in live}, values)
    return tuple(
        FactWrite(fact.key, fact.value, values[fact.key], tuple(changes[fact.key]), fact.source) for fact in needed
    )


def diff_user(user: User, live: LiveUser) -> tuple[FactWrite, ...]:
    """Return those of a user's `metadata` and `summary` that are declared, comparable and different."""
    declared: dict[str, Json] = {"metadata": user.metadata if live.comparable else None, "summary": user.summary}
    facts = [Fact(key, value, "enforce", user.source) for key, value in declared.items() if value is not None]
    return diff_facts(facts, {"metadata": live.metadata, "summary": live.summary})


def is_as_declared(user: User, live: LiveUser) -> bool:
    """Return whether nothing of a user differs, so that `diff_user` returns nothing; takes no call of deepdiff."""
    is_same_metadata = user.metadata is None or not live.comparable or live.metadata == user.metadata
    return is_same_metadata and (user.summary is None or live.summary == user.summary)


def _is_needed(fact: Fact, live: Mapping[str, Json]) -> bool:
    if fact.key not in live:
        return True
    return fact.policy == "enforce" and not covers(live[fact.key], fact.value)


def _changes(live: Mapping[str, Json], values: Mapping[str, Json]) -> dict[str, list[Change]]:
    """Return the changes that lead from the live facts to the values, by fact and in the order of their paths."""
    if not live:  # so deepdiff need not be loaded
        return {key: [Added((key,), value)] for key, value in values.items()}
    changes: dict[str, list[Change]] = {key: [] for key in values}
    for path in sorted(_differing_paths(live, values)):
        changes[path[0]].append(_change_at(path, live, values))
    return changes


def _differing_paths(live: Mapping[str, Json], values: Mapping[str, Json]) -> set[Path]:
    from deepdiff import DeepDiff  # noqa: PLC0415  200 ms to import, needed only where something differs

    groups = DeepDiff(
        _comparable(live),
        _comparable(values),
        view="tree",
        ignore_private_variables=False,  # by default, keys that start with two underscores are left out
        threshold_to_diff_deeper=0,  # by default, mappings with few keys in common are one change
    )
    return {tuple(level.path(output_format="list")) for group in groups.values() for level in group}


class _WholeList(str):
    """A list as its canonical text: one value for deepdiff, which equals no string."""

    __slots__ = ()


def _comparable(value: Json) -> object:
    """Return a value in which deepdiff finds exactly the differences that `same` finds."""
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if is_list(value):
        return _WholeList(canonical(value))
    if isinstance(value, str):
        return str.__str__(value)  # for deepdiff, a text of another type is another value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _change_at(path: Path, live: Json, value: Json) -> Change:
    for step in path[:-1]:
        live, value = _mapping(live)[step], _mapping(value)[step]
    key, before, after = path[-1], _mapping(live), _mapping(value)
    return Updated(path, before[key], after[key]) if key in before else Added(path, after[key])


def _mapping(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, dict)  # noqa: S101  deepdiff's paths lead through mappings on both sides
    return value
