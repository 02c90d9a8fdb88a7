"""Rules judge what is planned and change nothing of it, whatever is declared and live, and whatever they say."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import PlanDocument
from reconciler.core.model.desired import Desired
from reconciler.core.model.observed import Absent, Present
from reconciler.core.model.rules import Rule, RuleKind, RuleLevel
from reconciler.core.model.settings import NO_GUARDS
from reconciler.core.plan.operations import Plan
from reconciler.core.rules.engine import Variables, evaluated, library
from reconciler.core.rules.syntax import RuleError, parse
from reconciler.workflow.refusing import checked
from tests.builders import HERE, MASKER, desired, memory, plan_all
from tests.effort import examples
from tests.properties.worlds import KEYS, LIVE_VALUES, NAMES, VALUES

CHANGES = ["false", "before == after", 'key.startsWith("p")', "size(totals.new_keys) < 1", "after.x == 1", "certain"]
OTHERS = ["true", "size(labels) > 0", 'environment == "x"']
DECLARED: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    '"plan" in facts': lambda facts: "plan" in facts,
    'has(facts.plan) && facts.plan == "a"': lambda facts: facts.get("plan") == "a",
    "size(facts) < 2": lambda facts: len(facts) < 2,
    'facts.all(k, k != "no")': lambda facts: "no" not in facts,
    'facts["no"] == true': lambda facts: facts.get("no") is True,
}
"""Expressions about the facts of a memory, and what they say."""


@st.composite
def rules(draw: st.DrawFn, level: st.SearchStrategy[RuleLevel]) -> tuple[Rule, ...]:
    kinds: dict[RuleKind, Sequence[str]] = {"contact": OTHERS, "memory": [*DECLARED, *OTHERS], "change": CHANGES}
    drawn: list[Rule] = []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from([*kinds]))
        where, require = (draw(st.sampled_from(kinds[kind])) for _ in range(2))
        drawn.append(Rule(f"r{number}", kind, where, require, "because", draw(level), HERE))
    return tuple(drawn)


@st.composite
def planned(draw: st.DrawFn) -> tuple[Desired, Plan]:
    facts: st.SearchStrategy[Mapping[str, Any]] = st.dictionaries(KEYS, VALUES, max_size=4) | st.dictionaries(
        KEYS, st.sampled_from(["a", True, 1]), max_size=4
    )
    seen = [
        (
            memory(draw(facts), contact=name),
            draw(
                st.just(Absent()) | st.dictionaries(KEYS, LIVE_VALUES, max_size=4).map(lambda live: Present("m", live))
            ),
        )
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    ]
    return desired(*(wanted for wanted, _ in seen)), plan_all(seen)


def judged(wanted: Desired, made: Plan, some: Sequence[Rule], allowed: Sequence[str] = ()) -> Plan:
    ruled = replace(wanted, rules=tuple(some))
    return checked(made, ruled, lambda: wanted, guards=NO_GUARDS, allowed=allowed)


def without_notices(document: PlanDocument) -> PlanDocument:
    return replace(document, notices=())


@examples(80)
@given(given_plan=planned(), some=rules(st.sampled_from(["refuse", "warn"])))
def test_rules_change_nothing_but_what_refuses_and_the_notices(
    given_plan: tuple[Desired, Plan], some: tuple[Rule, ...]
) -> None:
    wanted, made = given_plan
    before, after = describe_plan(made, MASKER), describe_plan(judged(wanted, made, some), MASKER)

    assert replace(without_notices(after), rules=()) == without_notices(before)
    assert [one for one in after.notices if not one.rule] == [*before.notices]
    assert {rule.name for rule in after.rules} <= {rule.name for rule in some if rule.level == "refuse"}


@examples(80)
@given(given_plan=planned(), some=rules(st.just("warn")))
def test_with_rules_that_warn_documents_are_equal_but_for_notices(
    given_plan: tuple[Desired, Plan], some: tuple[Rule, ...]
) -> None:
    wanted, made = given_plan
    before, after = describe_plan(made, MASKER), describe_plan(judged(wanted, made, some), MASKER)

    assert without_notices(after) == without_notices(before)


@examples(80)
@given(given_plan=planned(), some=rules(st.just("refuse")))
def test_what_is_allowed_refuses_nothing_and_is_still_named(
    given_plan: tuple[Desired, Plan], some: tuple[Rule, ...]
) -> None:
    wanted, made = given_plan
    names = [rule.name for rule in some]
    strict, allowed = judged(wanted, made, some), judged(wanted, made, some, allowed=names)

    assert [one.rule.name for one in allowed.refusing] == [one.rule.name for one in strict.refusing]
    assert all(one.is_allowed for one in allowed.refusing)
    assert not any(one.is_allowed for one in strict.refusing)


@examples(80)
@given(
    facts=st.dictionaries(KEYS, VALUES | st.sampled_from(["a", True]), max_size=4),
    expression=st.sampled_from([*DECLARED]),
)
def test_a_memory_breaks_a_rule_exactly_where_what_it_says_does_not_hold(
    facts: Mapping[str, Any], expression: str
) -> None:
    wanted = desired(memory(facts))
    made = plan_all([(wanted.contact_memories[0], Absent())])
    found = judged(wanted, made, [Rule("r", "memory", "", expression, "because", "refuse", HERE)])

    assert bool(found.refusing) is not DECLARED[expression](facts)


NUMBERS = st.sampled_from(["0", "1", "2", "3", "1.5", ".5", "1e3", "0x1f"])
ATOMS = NUMBERS | st.sampled_from(["true", "false", "null", '"a"', "'b'", r'r"\d"', r'"\n"', "[]", "[1, 2]"])
SIGNS = st.sampled_from(
    ["==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "/", "%", " in ", "// x\n ==", "&&\n"]
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda part: st.one_of(
        st.builds("{}{}{}".format, part, SIGNS, part),
        st.builds("{}{}{}".format, part, SIGNS, part),
        st.builds("({})".format, part),
        st.builds("{} ? {} : {}".format, part, part, part),
        st.builds("{}{}".format, st.sampled_from(["!", "- "]), ATOMS | part.map("({})".format)),
        st.builds("[{}, 2].{}(x, {})".format, part, st.sampled_from(["all", "exists", "exists_one"]), part),
        st.builds("size([{}, {}])".format, part, part),
    ),
    max_leaves=8,
)


def valued(evaluate: Callable[[], object]) -> str:
    """Return what an expression gives, that it has no value, or that it is no expression."""
    try:
        return repr(evaluate())
    except (ValueError, RuleError):
        return "no CEL"
    except (TypeError, RuntimeError, ArithmeticError):
        return "no value"


@examples(1000)
@given(EXPRESSIONS)
def test_an_expression_is_read_as_cel_reads_it(expression: str) -> None:
    found = valued(lambda: Variables().value(library().compile(expression)))
    event(found if found.startswith("no ") else "a value")

    assert valued(lambda: evaluated(parse(expression))) == found
