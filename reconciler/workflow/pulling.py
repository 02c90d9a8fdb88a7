"""Pull: the facts that drifted, where each is declared, and what forbids to change it there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.documents.comparison import declared_values
from reconciler.core.export.left_out import Flaw, flaw_of
from reconciler.core.model.address import fact_address
from reconciler.core.model.catalogue import Catalogue, broken_rule, sensitive_keys
from reconciler.core.model.desired import ContactMemory, Desired
from reconciler.core.model.references import referenced
from reconciler.core.model.rules import Rule
from reconciler.core.model.selection import Chosen, select
from reconciler.core.model.text import holds_secret
from reconciler.core.model.value import Json, canonical, same
from reconciler.core.plan.drift import Drift, drifts_of, facts_alone
from reconciler.errors import InputError, Source
from reconciler.reading.entries import Part
from reconciler.reading.rewriting import NoEditError
from reconciler.render.words import listed
from reconciler.specs.loading import Recorder
from reconciler.specs.provenance import Given, deciding
from reconciler.specs.texts import accepts
from reconciler.workflow.loading import load_environment, references_of, unmatched
from reconciler.workflow.planning import plan_live
from reconciler.workflow.session import Session
from reconciler.workflow.spec_texts import FactPlace, SpecTexts

Choice: TypeAlias = Literal["take", "seed", "leave"]

_FLAWS: Mapping[Flaw, str] = {
    "null": "the live value is null or holds null, which specs refuse",
    "number": "the live value holds a number that JSON does not keep",
    "text": "the live value holds half a character",
    "key": "the live value holds a key that specs refuse",
    "depth": "the live value is nested too deep",
}
_REPEATED = "an anchor or an alias repeats it elsewhere"
_BY_HAND = "edit this line by hand"
_BY_HAND_OR_SEED = "edit this line by hand, or make it a seed_fact with --seed"
_KEEP_RULE = "change the rule, or put the declared value back with `reconciler apply`"
_HIDE_OR_SEED = "declare it as ${env:NAME}, or make it a seed_fact with --seed"


class Refusal(Struct, frozen=True):
    """Why a place is not changed, and what to do instead."""

    why: str
    cure: str


class DriftedPlace(Struct, frozen=True, eq=False):
    """
    One declared fact that drifted in each memory that gets it from there.

    `no_take` says why the live value is not taken, and `no_seed` why the fact is not made a seed_fact. `at` is its
    entry in a spec file, and `others` are the other environments that read the file.
    """

    source: Source
    drifts: tuple[Drift, ...]
    at: FactPlace | None
    others: tuple[str, ...]
    no_take: Refusal | None
    no_seed: Refusal | None

    def refusal(self, choice: Choice) -> Refusal | None:
        """Return why something cannot be done; None where it can."""
        return {"take": self.no_take, "seed": self.no_seed, "leave": None}[choice]


class Drifted(Struct, frozen=True, eq=False):
    """What drifted, by place; `declared` are the declarations without secrets, and `texts` the files of them."""

    places: tuple[DriftedPlace, ...]
    declared: Desired
    texts: SpecTexts


async def find_drifted(session: Session, addresses: Sequence[str]) -> Drifted:
    """Read the account and find what drifted, of all that is declared or at the addresses; raises `ApiError`."""
    facts, chosen = facts_alone(session.desired), Chosen(tuple(addresses))
    if nothing := select(facts, chosen).unmatched:
        raise unmatched(("", nothing[0][1]), session.desired)
    plan = await plan_live(replace(session, desired=facts, chosen=chosen))
    return _placed(session, tuple(drifts_of(plan)))


def _placed(session: Session, drifts: Sequence[Drift]) -> Drifted:
    """Find where the facts are declared, in the specs as they are now."""
    environment, recorder = session.account.environment, Recorder()
    desired = load_environment(session.project, environment, recorder=recorder).desired
    texts = SpecTexts(session.project, environment)
    if not drifts:
        return Drifted((), desired, texts)
    contacts = [contact.address for contact in desired.contacts]
    decided = deciding(recorder, references_of(environment), contacts).values
    readers: dict[Source, set[str]] = {}
    for address in (fact_address(one.address, fact.key) for one in desired.contact_memories for fact in one.facts):
        readers.setdefault(decided[address].source, set()).add(address)
    values = declared_values(desired)
    if any(drift.address not in values or not _is_declared_so(drift, values[drift.address].value) for drift in drifts):
        raise InputError("the specs changed while the account was read; run it again")
    broken = _broken_rules(desired, drifts, environment.name)
    judge = _Judge(desired.catalogue, broken, texts, readers, session.reporter.leaving)
    places = (judge.place(given, found) for given, found in _by_place(drifts, decided))
    return Drifted(tuple(sorted(places, key=_order)), desired, texts)


def _is_declared_so(drift: Drift, value: Json) -> bool:
    """Return whether a fact is declared now as it was when the account was read; secrets are not read again."""
    return holds_secret(value) or same(drift.declared, value)


def _broken_rules(desired: Desired, drifts: Sequence[Drift], environment: str) -> Mapping[str, Rule]:
    """Return the rules that are broken with the live values alone, by the contact or memory that breaks them."""
    if not desired.rules:
        return {}
    from reconciler.core.rules.judging import judge_declared  # noqa: PLC0415  most specs have none

    taken = {drift.address: drift.taken for drift in drifts}
    live = replace(desired, contact_memories=tuple(_with_values(one, taken) for one in desired.contact_memories))
    before, after = (
        {(place.address, one.rule.name): one.rule for one in verdicts for place in one.broken}
        for verdicts in (judge_declared(desired.rules, each, environment) for each in (desired, live))
    )
    return {
        place: rule for (place, name), rule in after.items() if rule.level == "refuse" and (place, name) not in before
    }


def _with_values(memory: ContactMemory, taken: Mapping[str, Json]) -> ContactMemory:
    """Return a memory with other values of its facts, by their addresses."""
    values = [taken.get(fact_address(memory.address, fact.key), fact.value) for fact in memory.facts]
    facts = zip(memory.facts, values, strict=True)
    return replace(memory, facts=tuple(replace(fact, value=value) for fact, value in facts))


def _by_place(drifts: Sequence[Drift], decided: Mapping[str, Given]) -> Iterator[tuple[Given, list[Drift]]]:
    by_source: dict[Source, list[Drift]] = {}
    for drift in drifts:
        by_source.setdefault(decided[drift.address].source, []).append(drift)
    for alike in by_source.values():
        yield decided[alike[0].address], alike


def _order(place: DriftedPlace) -> tuple[str, int, int]:
    return place.source.file, place.source.line, place.source.column


class _Judge(Struct, frozen=True):
    """
    Decides what may be changed; `readers` are the addresses of the facts that each place gives.

    `broken` are the rules that live values break, by the contact or memory that breaks them.
    `leaving` returns a text without the keys and secrets of the run.
    """

    catalogue: Catalogue
    broken: Mapping[str, Rule]
    texts: SpecTexts
    readers: Mapping[Source, set[str]]
    leaving: Callable[[str], str]

    def place(self, given: Given, drifts: Sequence[Drift]) -> DriftedPlace:
        """Return a place with the reasons to leave it as it is."""
        at, others = self.texts.place(given.source), self.texts.others_reading(given.source.file)
        if at is None:
            table = Refusal("it comes from a table", "edit the table by hand")
            return DriftedPlace(given.source, tuple(drifts), None, others, table, table)
        both = next(self._both(given, drifts, at, others), None)
        take = both or next(self._take(given, drifts, at), None)
        seed = both or self._seed(at)
        return DriftedPlace(given.source, tuple(drifts), at, others, take, seed)

    def _both(self, given: Given, drifts: Sequence[Drift], at: FactPlace, others: Sequence[str]) -> Iterator[Refusal]:
        """Yield why nothing at all may be changed at a place."""
        if given.is_overlay and others:
            verb = "reads" if len(others) == 1 else "read"
            yield Refusal(f"{listed(list(others))} {verb} this overlay, too", _BY_HAND)
        if at.is_shared:
            yield Refusal(_REPEATED, _BY_HAND)
        rest = sorted(self.readers[given.source] - {drift.address for drift in drifts})
        if rest:
            more = f" and {len(rest) - 1:,} more" if len(rest) > 1 else ""
            why = f"this line is for {rest[0]}{more}, too, where no drift was seen"
            yield Refusal(why, "edit it by hand, or declare the fact in the memory that differs")

    def _take(self, given: Given, drifts: Sequence[Drift], at: FactPlace) -> Iterator[Refusal]:
        """Yield why the live value may not be taken at a place that may be changed."""
        first = drifts[0]
        rule = self.catalogue.get(first.key)
        if any(not _are_alike(first, drift) for drift in drifts):
            why = f"this line is for {len(drifts):,} memories, which hold different values"
            yield Refusal(why, "declare the fact in each memory, or make it a seed_fact with --seed")
        if first.key in sensitive_keys(self.catalogue):
            yield Refusal("its key is sensitive, and its live value must not land in a file unseen", _BY_HAND_OR_SEED)
        if flaw := next((found for one in first.changes if (found := flaw_of(one.before, accepts))), None):
            yield Refusal(_FLAWS[flaw], _BY_HAND_OR_SEED)
        yield from self._written(given, first, at)
        if any(self.leaving(text) != text for text in (canonical(one.before) for one in first.changes)):
            yield Refusal("the live value holds a secret or a key, which must be in no file", _HIDE_OR_SEED)
        if rule and (broken := broken_rule(rule, first.taken)):
            yield Refusal(
                f"the live value is against {broken} of its key at {rule.source.file}:{rule.source.line}",
                _KEEP_RULE,
            )
        of_all = (address for one in drifts for address in (one.memory.address, one.memory.contact.address))
        if broken_by := next((address for address in of_all if address in self.broken), None):
            against = self.broken[broken_by]
            why = f"with its live values, {broken_by} breaks the rule {against.name} at {against.source}"
            yield Refusal(why, _KEEP_RULE)

    def _written(self, given: Given, drift: Drift, at: FactPlace) -> Iterator[Refusal]:
        """Yield why the way in which the value is written forbids to replace it."""
        for change in drift.changes:
            found = self.texts.part(at, change.path[1:])
            if found is None or found.entry.value.is_repeated:
                yield Refusal(_REPEATED, _BY_HAND)
                return
            if holds_secret(change.after) or any(map(_refers, found.entry.value.scalars())):
                yield _of_reference(given)
            try:
                self.texts.value_edits(at, change.path[1:], change.before)
            except NoEditError as error:
                yield Refusal(str(error), _BY_HAND)

    def _seed(self, at: FactPlace) -> Refusal | None:
        if at.found.entry.value.is_repeated:
            return Refusal(_REPEATED, _BY_HAND)
        try:
            self.texts.seed_edits([at])
        except NoEditError as error:
            return Refusal(str(error), _BY_HAND)
        return None


def _are_alike(left: Drift, right: Drift) -> bool:
    return len(left.changes) == len(right.changes) and all(
        one.path == other.path and same(one.before, other.before)
        for one, other in zip(left.changes, right.changes, strict=True)
    )


def _refers(part: Part) -> bool:
    return next(referenced(part.value), None) is not None


def _of_reference(given: Given) -> Refusal:
    """Return the refusal of a value that a variable gives, with the place of the variable."""
    if not given.variables:
        return Refusal("it comes from a variable of the environment, which holds a secret", "change what sets it")
    places = listed([f"{one.name} at {one.source.file}:{one.source.line}" for one in given.variables])
    return Refusal("it comes from a variable", f"change {places}, or edit this line by hand")
