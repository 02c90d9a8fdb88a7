"""Check the expressions of rules once all specs are read: what they may read depends on the catalogue."""

from collections.abc import Iterable, Iterator

from reconciler.core.model.catalogue import Catalogue
from reconciler.core.model.references import OPENING
from reconciler.core.rules.checking import check
from reconciler.core.rules.judging import MANY, MOST_STEPS, steps_of_many
from reconciler.core.rules.syntax import RuleError
from reconciler.core.rules.types import variables_of
from reconciler.errors import Problem
from reconciler.specs.declarations import DeclaredRule
from reconciler.specs.problems import Problems, spec_address

MOST_RULES = 200


def check_rules(rules: Iterable[DeclaredRule], catalogue: Catalogue, problems: Problems) -> tuple[Problem, ...]:
    """Note what is wrong with expressions; return a warning for each rule that would take long over many memories."""
    some = tuple(rules)
    if beyond := some[MOST_RULES:]:
        message = f"there are {len(some):,} rules, and {MOST_RULES} can be judged"
        problems.add(beyond[0].rule.source, ("rules", beyond[0].rule.name), message=message, cure="make one of several")
    return tuple(warning for rule in some[:MOST_RULES] for warning in _check(rule, catalogue, problems))


def _check(declared: DeclaredRule, catalogue: Catalogue, problems: Problems) -> Iterator[Problem]:
    rule, is_good = declared.rule, True
    variables = variables_of(rule.kind, catalogue)
    for key, expression in (("where", rule.where), ("require", rule.require)):
        try:
            if expression:
                check(expression, variables)
        except RuleError as error:
            is_good = False
            message, cure = _NOT_FILLED_IN if OPENING in expression else (error.message, error.cure)
            problems.add(declared.places[key], ("rules", rule.name, key), message=message, cure=cure)
    if is_good and (steps := steps_of_many(rule, catalogue)) > MOST_STEPS:
        message = f"this rule would take {steps:,} steps for {MANY:,} memories, and {MOST_STEPS:,} are allowed in a run"
        yield rule.source.problem(spec_address(("rules", rule.name)), message, _CHEAPER)


_NOT_FILLED_IN = ("nothing is filled in here", "write the value out, or declare the rule in each environment's specs")
_CHEAPER = "ask less of each item, or use contains, startsWith or endsWith in place of a pattern"
