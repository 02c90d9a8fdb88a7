"""What refuses a plan: the guards of its environment and the rules of its specs, as a run raises them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reconciler.core.model.desired import Desired
from reconciler.core.model.nearest import did_you_mean
from reconciler.core.model.rules import Rule, RuleLevel, RuleVerdict
from reconciler.core.model.settings import GUARD_NAMES, Guards, Measures
from reconciler.core.model.text import visible
from reconciler.errors import InputError, Problem, RefusedError, SpecError
from reconciler.project import Environment
from reconciler.render.words import counted
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Reporter, warn

if TYPE_CHECKING:  # `validate` makes no plan
    from reconciler.core.plan.operations import Plan


def guards_of(environment: Environment, options: RunOptions, note: Callable[[str], None]) -> Guards:
    """Return the guards of an environment as this run changes them, and note each that is changed."""
    given = {name: getattr(options, name) for name in GUARD_NAMES}
    changed = {name: value for name, value in given.items() if value is not None}
    for name, value in changed.items():
        usual = getattr(environment.guards, name)
        if usual is not None and usual != value:
            verb = f"is {'raised' if value > usual else 'lowered'} from {usual:.15g} to {value:.15g}"
            note(f"guard: {name} of {environment.name} {verb} for this run ({_flag(name)})")
    return replace(environment.guards, **changed)


def allowed_rules(rules: Sequence[Rule], options: RunOptions) -> frozenset[str]:
    """Return the rules that are raised for this run; raises `InputError` for one that the specs do not declare."""
    names = {rule.name for rule in rules}
    for name in options.allowed:
        if name not in names:
            cure = did_you_mean(name, names) or "the specs of this environment declare no rules"
            raise InputError(f"--allow {visible(name)} names no rule that is declared; {cure}")
    return frozenset(options.allowed)


def checked(  # noqa: PLR0913  one parameter a part of what refuses a plan
    plan: "Plan",
    desired: Desired,
    chosen: Callable[[], Desired],
    *,
    guards: Guards,
    allowed: Collection[str],
    reviewed: Measures | None = None,
) -> "Plan":
    """
    Return the plan with the guards and the rules that refuse it, and with notices of the rules that warn.

    `chosen` returns what the run is for of all that is declared; `reviewed` are the measures of a saved plan.
    """
    from reconciler.core.plan.measures import guarded, measured

    plan = guarded(plan, guards, reviewed)
    if not desired.rules:
        return plan
    from reconciler.core.rules.judging import judge_changes, judge_declared, with_verdicts

    verdicts = (
        *judge_declared(desired.rules, desired, plan.origin.environment, chosen=chosen()),
        *judge_changes(desired.rules, plan, desired.catalogue, measured(plan, reviewed)),
    )
    return with_verdicts(plan, [replace(one, is_allowed=one.rule.name in allowed) for one in verdicts])


def check_declared(desired: Desired, environment: str, reporter: Reporter) -> None:
    """Judge the rules for contacts and memories before any plan; raises `SpecError`, and notes what only warns."""
    if not desired.rules:
        return
    from reconciler.core.rules.judging import judge_declared

    problems: dict[RuleLevel, list[Problem]] = {"refuse": [], "warn": []}
    for verdict in judge_declared(desired.rules, desired, environment):
        if verdict.unjudged:
            what = counted(len(verdict.unjudged), "place")
            reporter.note(f"note: the rule {verdict.rule.name} is not judged in {what}: it reads a secret")
        problems[verdict.rule.level] += _problems(verdict)
    warn(problems["warn"], reporter, rest=" of rules that warn")
    if problems["refuse"]:
        raise SpecError(tuple(problems["refuse"]))


def _problems(verdict: RuleVerdict) -> Iterator[Problem]:
    rule = verdict.rule
    for place in verdict.broken:
        assert place.source is not None  # noqa: S101  a contact or a memory is declared somewhere
        detail = f" ({place.detail})" if place.detail else ""
        message = f"this breaks the rule {rule.name}: {rule.message}{detail}"
        yield place.source.problem(place.address, message, f"the rule is at {rule.source}")


def refuse(plan: "Plan", *, command: str = "") -> None:
    """
    Raise `RefusedError`, which names every guard and every rule that refuses the plan, if any does.

    The first line has the flags that raise them all, since a notification may carry no other. `command`
    is the one that has these flags; empty, it is the command that was called.
    """
    rules = [verdict for verdict in plan.refusing if not verdict.is_allowed]
    if not rules and not plan.exceeded:
        return
    from reconciler.core.documents.describe import rule_entry
    from reconciler.render.notices import guard_sentence, rule_sentence

    refusals = [guard_sentence(guard) for guard in plan.exceeded]
    refusals += [rule_sentence(rule_entry(one)) for one in rules]
    flags = [f"{_flag(guard.name)} {guard.value:.15g}" for guard in plan.exceeded]
    flags += [f"--allow {one.rule.name}" for one in rules]
    what = f"{'raise' if plan.exceeded else 'allow'} {'them all' if len(flags) > 1 else 'it'}"
    called = f"`reconciler {command} {' '.join(flags)}`" if command else " ".join(flags)
    refusals[0] += f"; look at the plan, and where it is right, {what} for one run with {called}"
    raise RefusedError("\n".join(f"refused: {one}" for one in refusals))


def _flag(guard: str) -> str:
    return f"--{guard.replace('_', '-')}"
