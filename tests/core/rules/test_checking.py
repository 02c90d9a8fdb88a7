"""What is wrong with an expression is found before any value comes by, and what is right evaluates."""

import pytest

from reconciler.core.model.catalogue import FactKey
from reconciler.core.model.rules import RuleKind
from reconciler.core.rules.checking import Read, check
from reconciler.core.rules.syntax import LONGEST, RuleError
from reconciler.core.rules.types import variables_of
from tests.builders import HERE

CATALOGUE = {
    "plan": FactKey("plan", HERE, type="string"),
    "age": FactKey("age", HERE, type="integer"),
    "x": FactKey("x", HERE, type="number"),
}


def wrong(expression: str, kind: RuleKind = "memory", *, catalogued: bool = False) -> str:
    """Return what is wrong with an expression, and the cure."""
    with pytest.raises(RuleError) as error:
        check(expression, variables_of(kind, CATALOGUE if catalogued else {}))
    return f"{error.value.message}; {error.value.cure}"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('scop == "a"', 'unknown variable "scop"; did you mean "scope"?'),
        ('true || scop == "a"', 'unknown variable "scop"'),
        ('facts.all(k, kk == "a")', 'unknown variable "kk"'),
        ('facts.all(k, true) && k == "a"', 'unknown variable "k"'),
        ("scope == 3", "a string never equals an int"),
        ("scope == null", "a string never equals null"),
        ("scope", "this is a string, and true or false is expected"),
        ("!scope", "! takes true or false, not a string"),
        ("scope && true", "&& takes true or false"),
        ("size(users) > 1 ? scope : 3", "this is a string or an int"),
        ("scope > 3", "> does not compare a string with an int"),
        ("scope < true", "< does not compare a string with a bool"),
        ("1 + 1.5 > 2.0", "+ does not take an int and a double"),
        ('scope - "a" == scope', "- does not take"),
        ('"a" in scope', "in looks into a list or a map, not into a string"),
        ("3 in labels", "an int is never in a map(string, string)"),
        ("users[0].metdata == scope", 'there is no "metdata" here; did you mean "metadata"?'),
        ("scope.length > 3", 'a string has no "length"'),
        ('users["a"] == scope', "has no"),
        ("labels[3] == scope", "is indexed with a string, not an int"),
        ("scope.all(c, true)", "asks about each item, and a string has none"),
        ("facts.all(k, k)", "all takes true or false, not a string"),
        ("users.all(u, u.metadata.contains(3))", "contains takes strings, not an int"),
        ("users.contains(scope)", "contains takes strings, not a list"),
        ("lower(scope) == scope", 'unknown function "lower"'),
        ("users.map(u, u.metadata) == []", "map and filter are not offered"),
        ("size(scope, scope) > 1", "size takes 1 value, not 2"),
        ("size(3) > 1", "size does not take an int"),
        ("has(scope)", "has asks for a field"),
        ('matches(scope, "a")', "matches is written behind a text"),
        ('scope.matches("(")', "cannot be a pattern: missing )"),
        ('scope.matches("(?=a)")', "cannot be a pattern: RE2 has no (?=; write it without look-around"),
        ("scope.matches(contact)", "matches takes a pattern that is written out"),
        ('scope.matches("(a{99}){99}")', "make it simpler, or check the length without it"),
        (r'scope.matches(r"(\pL{9}){9}")', "make it simpler"),
        ("facts.age % 2.0 == 0.0", "% does not take an any and a double"),
        ("-scope == scope", "- does not take a string"),
        (
            r'scope.matches("\d")',
            r'is no text: a backslash begins what is no escape; write \\ for a backslash, or r"…"',
        ),
        (r'facts["\q"] == 1', "is no text"),
        ('scope == "\ud800"', "is no text"),
        ("all(users, u, true)", "all is written behind a list or a map; write x.all(one, …)"),
        ("99999999999999999999 > 1", "this cannot be read as CEL"),
        ("(true || true && 1 == 1 + 1 * " * 60, "lie in one another"),
        ('scope = "a"', "cannot be read; compare with =="),
        ('scope == "a" // only there && has(facts.plan)', "this comment takes all that follows"),
        ('scope == "a" // only there\n', "this comment takes all that follows, as YAML folds lines into one; write it"),
        ('scope == "a', "cannot be read; close the text with the quote that opens it"),
        ("scope == ", "a value is expected, not the end of the expression"),
        ('scope == "a" "b"', "an operator such as && or == is expected"),
        ("(scope", '")" is expected, not the end'),
        ('{"a": 1} == facts', "cannot be read"),
        ("users.all(u, users.all(v, users.all(w, true)))", "more than 2 of all"),
        ("(" * 50 + "true" + ")" * 50, "lie in one another"),
        ("!" * 60 + "true", "lie in one another"),
        ("!-facts.x", 'a value is expected, not "-"'),
        ("facts.in == scope", '"in" is no name; as a key of a map, write x["in"]'),
        ("facts.all(true, true)", '"true" is no name'),
        ("1" + " + 1" * 60 + " > 0", "lie in one another"),
        (f'scope == "{"a" * LONGEST}"', "an expression may have 2,000 characters"),
        ("if == scope", ""),
    ],
)
def test_what_is_wrong_is_said(expression: str, message: str) -> None:
    assert message in wrong(expression)


def test_a_text_that_a_variable_never_is_is_found_in_comparisons_and_lists() -> None:
    assert 'never "updated"; did you mean "update"?' in wrong('action == "updated"', "change")
    assert 'never "seed"' in wrong('"seed" != layer', "change")
    assert 'never "write_fact"' in wrong('operation in ["write_facts", "write_fact"]', "change")


def test_the_catalogue_gives_facts_their_types_and_names() -> None:
    assert 'there is no "plann" here; did you mean "plan"?' in wrong('facts.plann == "a"', catalogued=True)
    assert 'there is no "plann" here' in wrong('"plann" in facts', catalogued=True)
    assert 'there is no "plann" here' in wrong("has(facts.plann)", catalogued=True)
    assert "> does not compare a string with an int" in wrong("facts.plan > 3", catalogued=True)
    assert check("facts.age > 3 && facts.age % 2 < 5.5", variables_of("memory", CATALOGUE)).cost.nested == 0
    assert "+ takes two of one type, and a number is an int or a double" in wrong("facts.x + 1 > 2", catalogued=True)
    assert check("double(facts.x) + 1.0 > 2.0 && -facts.x < 1", variables_of("memory", CATALOGUE)).reads
    assert 'there is no "plann" here' in wrong('scopes["support"].facts.plann == "a"', "contact", catalogued=True)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("before in [null, 'trial'] && !(after in ['premium'])", "change"),
        ("totals.facts_to_add - 1 < 3 && -totals.changes < 0", "change"),
        ('path == ["address", "city"] || path[0] != key', "change"),
        ('users.exists_one(u, u.metadata.matches("^[a-z]+$") && size(u.summary) > 0)', "memory"),
        ("scopes.all(s, scopes[s].facts.all(k, k != 'x'))", "contact"),
        ("int(facts.age) > 3 ? true : facts.old", "memory"),
        ('contact.matches("[0-9]") // a comment\n && true', "memory"),
        ("before.address.city == after['address'].city", "change"),
        ('"a" + contact == "ab" && [1] + [2] == [1, 2]', "memory"),
        ("size(scope) == 0x1F || double(facts.x) > .5e1 || contact.size() > 1", "memory"),
    ],
)
def test_what_is_right_is_accepted(expression: str, kind: RuleKind) -> None:
    assert check(expression, variables_of(kind, {})).cost.nodes > 1


def test_it_is_known_which_keys_an_expression_reads_and_whether_it_needs_their_values() -> None:
    found = check(
        '"tz" in facts && has(facts.b) && facts["a"] == labels.c && size(users) > 0', variables_of("memory", {})
    )

    assert found.reads == {
        Read("facts", "tz", needs_value=False),
        Read("facts", "b", needs_value=False),
        Read("facts", "a"),
        Read("labels", "c"),
        Read("users"),
    }


def cost(expression: str, *, largest: int = 1, longest: int = 0) -> int:
    return check(expression, variables_of("memory", {})).cost.steps(largest=largest, longest=longest)


def test_questions_about_pairs_and_patterns_of_many_steps_cost_more() -> None:
    assert cost("facts.all(a, true)", largest=100) < cost("facts.all(a, facts.all(b, true))", largest=100) / 50
    assert cost('scope.matches("abc")') < cost('scope.matches("[ab]*a[ab]{400}c")') / 20
    assert cost('scope.matches("abc")') < cost('scope.matches("abc")', longest=20_000) / 20


def test_lists_that_are_written_out_or_added_are_counted_as_those_that_are_read() -> None:
    written = f"[{', '.join('1' * 300)}]"

    assert cost(f"{written}.all(x, {written}.all(y, x == y))") > 300**2
    added, read = "(facts.a + facts.a + facts.a).all(x, true)", "[facts.a, facts.a, facts.a].all(x, true)"
    assert cost(added, largest=100) > 2 * cost(read, largest=100)
