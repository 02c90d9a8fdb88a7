"""
Judge rules: which contacts, memories and changes break them, and where they cannot be judged.

Rules only judge: they change nothing of what is planned. How long this takes is counted, not timed, and bounded.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec.structs import replace

from reconciler.core.model.catalogue import Catalogue
from reconciler.core.model.desired import Desired
from reconciler.core.model.rules import Rule, RuleKind, RulePlace, RuleVerdict
from reconciler.core.model.settings import Measures
from reconciler.core.plan.notices import in_order
from reconciler.core.plan.operations import Notice, Plan
from reconciler.core.rules.checking import Read, check
from reconciler.core.rules.engine import MISSING_KEY
from reconciler.core.rules.reading import Reading, Size
from reconciler.core.rules.subjects import Subject, changes_of, contacts_of, memories_of, totals_of
from reconciler.core.rules.types import FOR_ALL, variables_of
from reconciler.errors import Problem, SpecError

MOST_STEPS = 300_000_000
"""The most steps of a rule in one run: about half a minute."""

MOST_OF_ALL = 1_000_000_000
"""The most steps of all rules together, for what is declared and for what changes."""

MANY = 100_000
MOST_NOTICES = 20
"""The most places in which a rule warns that are named; the others are counted."""

_USUAL = Size(20, 20, 0, is_known=True)
_STEPS_OF_ITEM = 100
"""Each item of a value is converted once, which takes as long as so many steps; so does each 200 characters of text."""


def judge_declared(
    rules: Sequence[Rule], desired: Desired, environment: str, *, chosen: Desired | None = None
) -> tuple[RuleVerdict, ...]:
    """
    Judge the rules for contacts and memories over what is declared, or over what is chosen of it.

    What is chosen is judged whole: that a run is for a part of a memory breaks no rule. Raises `SpecError` for a rule
    that takes too long.
    """
    part = chosen or desired
    contacts = {contact.address for contact in part.contacts}
    memories = {memory.address for memory in part.contact_memories}
    budget = _Budget()
    of_contacts, of_memories = (_judges(rules, kind, desired.catalogue) for kind in ("contact", "memory"))
    return (
        *_judged(of_contacts, budget, lambda: contacts_of(desired, contacts, environment)),
        *_judged(of_memories, budget, lambda: memories_of(desired, memories, environment)),
    )


def judge_changes(
    rules: Sequence[Rule], plan: Plan, catalogue: Catalogue, measures: Measures
) -> tuple[RuleVerdict, ...]:
    """
    Judge the rules for changes over each addition and update of a plan, and over its totals.

    A rule that reads totals, and nothing of a change, is judged once, where the plan does anything at all. Raises
    `SpecError` for a rule that takes too long.
    """
    if not plan.operations:
        return ()
    environment = plan.origin.environment
    totals = totals_of(plan, environment, measures)
    judges, budget = _judges(rules, "change", catalogue), _Budget()
    once, each = ([judge for judge in judges if judge.is_for_all is for_all] for for_all in (True, False))
    found = [
        *_judged(each, budget, lambda: _with_totals(changes_of(plan, environment), totals)),
        *_judged(once, budget, lambda: iter((totals,))),
    ]
    return tuple(sorted(found, key=lambda verdict: verdict.rule.name))


def with_verdicts(plan: Plan, verdicts: Sequence[RuleVerdict]) -> Plan:
    """Return the plan with the rules that refuse it, and with notices of those that warn or are not judged."""
    refusing = (one for one in verdicts if one.broken and one.rule.level == "refuse")
    return replace(
        plan,
        refusing=tuple(sorted(refusing, key=lambda one: one.rule.name)),
        notices=in_order((*plan.notices, *(notice for one in verdicts for notice in _notices(one)))),
    )


def _notices(verdict: RuleVerdict) -> Iterator[Notice]:
    rule = verdict.rule
    if rule.level == "warn":
        first, rest = verdict.broken[:MOST_NOTICES], verdict.broken[MOST_NOTICES:]
        for one in first:
            message = f"{rule.message} ({one.detail})" if one.detail else rule.message
            yield Notice("rule", one.address, 1, one.source, rule=rule.name, message=message)
        yield from [Notice("rule", "", len(rest), rule=rule.name, message=rule.message)] if rest else []
    if verdict.unjudged:
        yield Notice("rule_not_judged", "", len(verdict.unjudged), rule=rule.name, message=rule.message)


def _with_totals(subjects: Iterable[Subject], totals: Subject) -> Iterator[Subject]:
    return (replace(one, values={**one.values, "totals": totals.values["totals"]}) for one in subjects)


def steps_of_many(rule: Rule, catalogue: Catalogue) -> int:
    """Return the steps of a rule over 100,000 memories with 20 facts each."""
    return MANY * _Judge(rule, catalogue).steps(_USUAL)


class _Budget:
    """The steps of all rules so far."""

    def __init__(self) -> None:
        self.steps = 0


def _judges(rules: Iterable[Rule], kind: RuleKind, catalogue: Catalogue) -> list["_Judge"]:
    return [_Judge(rule, catalogue) for rule in rules if rule.kind == kind]


def _judged(
    judges: Sequence["_Judge"], budget: _Budget, subjects: Callable[[], Iterator[Subject]]
) -> Iterator[RuleVerdict]:
    """Judge rules of one kind; each subject is converted once for all of them."""
    if not judges:
        return
    reading = Reading(read for judge in judges for read in judge.reads)
    for subject in subjects():
        reading.turn_to(subject)
        for judge in judges:
            judge.spend(reading.size, budget)
            judge.judge(subject, reading)
    yield from (judge.verdict for judge in judges)


class _Judge:
    """A rule with its programs, and what was found so far; its expressions were checked when specs were loaded."""

    def __init__(self, rule: Rule, catalogue: Catalogue) -> None:
        variables = variables_of(rule.kind, catalogue)
        texts = [text for text in (rule.where, rule.require) if text]
        self._checked = [check(text, variables) for text in texts]
        self._is_nested = any(one.cost.nested for one in self._checked)
        self._rule = rule
        self._unjudged: list[RulePlace] = []
        self._broken: list[RulePlace] = []
        self._steps = 0

    @property
    def reads(self) -> frozenset[Read]:
        return frozenset[Read]().union(*(one.reads for one in self._checked))

    @property
    def is_for_all(self) -> bool:
        """Return whether the rule is about the totals of a plan, and not about each change."""
        read = {read.variable for read in self.reads}
        return "totals" in read and read <= FOR_ALL

    @property
    def verdict(self) -> RuleVerdict:
        return RuleVerdict(self._rule, tuple(self._broken), tuple(self._unjudged))

    def steps(self, size: Size) -> int:
        """Return the most steps of one judgement of values of some size."""
        own = sum(one.cost.steps(largest=size.largest, longest=size.longest) for one in self._checked)
        return size.items * _STEPS_OF_ITEM + own * (1 + (size.items // 10 if self._is_nested else 0))

    def spend(self, size: Size, budget: _Budget) -> None:
        """Count the steps of one judgement; raises `SpecError` where they become too many."""
        steps = self.steps(size)
        self._steps += steps
        budget.steps += steps
        if self._steps > MOST_STEPS:
            raise SpecError((self._too_long(f"this rule takes more than {MOST_STEPS:,} steps"),))
        if budget.steps > MOST_OF_ALL:
            raise SpecError((self._too_long(f"with this rule, all rules take more than {MOST_OF_ALL:,} steps"),))

    def _too_long(self, message: str) -> Problem:
        return self._rule.source.problem(f"rules.{self._rule.name}", message, "ask less of each item, or use fewer")

    def judge(self, subject: Subject, reading: Reading) -> None:
        """
        Judge a subject: `where` first, and where that says no, nothing else.

        A subject without a key that `where` reads is not one that the rule is about.
        """
        for one in self._checked:
            answer = reading.answer(one.program, one.reads)
            if answer is True:
                continue
            if one is self._checked[-1] or answer not in {False, MISSING_KEY}:
                place = RulePlace(subject.address, subject.source, answer if isinstance(answer, str) else "")
                (self._unjudged if answer is None else self._broken).append(place)
            return
