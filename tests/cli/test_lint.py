"""`lint` tells what is allowed and unwise, offline, and fails only where it is asked to."""

import json
from datetime import UTC, datetime

import pytest

from tests.cli.conftest import Repository

KEYS = """\
fact_keys:
  name: {}
  plan: {review_by: "2027-03-31", deprecated: use tier}
  tier: {}
"""


def rules(repository: Repository, *arguments: str) -> list[tuple[str, str, int]]:
    called = repository.run("lint", "--format", "json", *arguments)
    return [(one["rule"], one["address"], one["line"]) for one in json.loads(called.out)["advice"]]


def on(monkeypatch: pytest.MonkeyPatch, year: int, month: int, day: int) -> None:
    monkeypatch.setattr("reconciler.clock.utc_now", lambda: datetime(year, month, day, 12, tzinfo=UTC))


def quoted_number(repository: Repository) -> None:
    path = repository.root / "specs/support.yaml"
    path.write_text(path.read_text().replace("+14155550192", '"+14155550192"'))


def test_a_text_that_others_misread_is_told_at_its_place(repository: Repository) -> None:
    called = repository.run("lint")

    assert (called.code, called.err) == (0, "")
    assert called.out == (
        'specs/support.yaml:10:28 contacts.sarah.scopes.support.users[0].phone_number: "+14155550192" is text here, '
        "without quotes, and a number for other readers of YAML; put it in quotes; `reconciler fmt` does (look_alike)\n"
        "1 thing to look at in the specs of sandbox.\n"
    )


@pytest.mark.parametrize("text", ["no", "02139", "12:30", "1e5", "+14155550192", "2027-03-31", "1_000"])
def test_look_alikes_are_told_in_keys_and_values_unless_they_have_quotes(repository: Repository, text: str) -> None:
    quoted_number(repository)
    facts = f"{{{text}: x, a: [{text}], q: '{text}', r: \"{text}\"}}"
    spec = f"contacts: {{b: {{email: b@b, facts: {facts}, scopes: {{support: {{}}}}}}}}\n"
    repository.write("specs/b.yaml", spec)

    assert [rule for rule, _, _ in rules(repository)] == ["look_alike", "look_alike"]


def test_there_may_be_nothing_to_say(repository: Repository) -> None:
    quoted_number(repository)
    called = repository.run("lint", "--strict")

    assert (called.code, called.out) == (0, "Nothing to look at in the specs of sandbox.\n")


def test_strict_fails_where_there_is_anything(repository: Repository) -> None:
    assert (repository.run("lint").code, repository.run("lint", "--strict").code) == (0, 1)


def test_an_unused_scope_is_told(repository: Repository) -> None:
    quoted_number(repository)
    repository.write("specs/b.yaml", "scopes: {night: {persona_id: p-2}}\n")

    assert rules(repository) == [("unused_scope", "scopes.night", 1)]


def test_without_a_catalogue_the_rarer_of_two_near_keys_is_doubted(repository: Repository) -> None:
    quoted_number(repository)
    repository.write(
        "specs/b.yaml",
        "contacts:\n"
        "  b: {email: b@b, scopes: {support: {facts: {Plan: x}}}}\n"
        "  c: {email: c@c, scopes: {support: {facts: {plan: x}}}}\n",
    )

    assert rules(repository) == [("near_duplicate", "contacts.b.scopes.support.facts.Plan", 2)]


@pytest.mark.parametrize(("day", "is_due"), [(31, False), (32, True)])
def test_a_review_is_due_from_the_day_after_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, day: int, *, is_due: bool
) -> None:
    quoted_number(repository)
    repository.write("specs/keys.yaml", KEYS)
    on(monkeypatch, 2027, 3 + day // 32, 1 if day > 31 else day)

    found = rules(repository)
    assert (("review_due", "fact_keys.plan", 3) in found) is is_due
    assert ("deprecated_key", "contacts.sarah.scopes.support.facts.plan", 8) in found
    assert ("unused_fact_key", "fact_keys.tier", 4) in found


def test_what_rows_declare_counts_as_a_use_at_its_mapping(repository: Repository) -> None:
    quoted_number(repository)
    repository.write("specs/keys.yaml", KEYS)
    repository.write("specs/guests.csv", "id,tier\nana,gold\nbo,silver\n")
    repository.write(
        "specs/guests.yaml",
        "scopes: {night: {persona_id: p-2}}\n"
        "contacts_from:\n"
        "- file: guests.csv\n"
        "  named_by: id\n"
        "  contact: {external_id: id, facts: {tier: tier}, scopes: {night: {seed_facts: {plan: tier}}}}\n",
    )

    plan = "contacts_from[0].contact.scopes.night.seed_facts.plan"
    assert ("deprecated_key", plan, 5) in rules(repository)
    assert {"unused_scope", "unused_fact_key"}.isdisjoint(rule for rule, _, _ in rules(repository))


def test_overlays_count_as_uses(repository: Repository) -> None:
    quoted_number(repository)
    repository.write("specs/keys.yaml", KEYS)
    repository.write("over.yaml", "contacts: {sarah: {facts: {tier: gold}}}\n")
    project = "version: 1\nenvironments: {sandbox: {api: sandbox, overlays: [over.yaml]}}\n"
    repository.write("reconciler.yaml", project)

    assert "unused_fact_key" not in [rule for rule, _, _ in rules(repository)]


def test_a_sensitive_text_is_not_quoted(repository: Repository) -> None:
    repository.write("specs/keys.yaml", "fact_keys: {name: {}, plan: {sensitive: true}}\n")
    path = repository.root / "specs/support.yaml"
    path.write_text(path.read_text().replace("premium", "02139"))

    called = repository.run("lint")
    assert "facts.plan: this sensitive value is text here" in called.out
    assert "02139" not in called.out


def test_wrong_specs_are_told_as_by_validate(repository: Repository) -> None:
    repository.write("specs/b.yaml", "contcts: {}\n")
    called = repository.run("lint")

    assert (called.code, called.out) == (1, "")
    assert 'specs/b.yaml:1:1 contcts: unknown key; did you mean "contacts"?' in called.err


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_deprecated_key_is_a_warning(repository: Repository, command: str) -> None:
    repository.write("specs/keys.yaml", KEYS)
    called = repository.run(command)

    warning = (
        "warning: specs/support.yaml:8:30 contacts.sarah.scopes.support.facts.plan: this key is deprecated; use tier\n"
    )
    assert (called.code, called.err) == (0, warning)


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_of_many_warnings_the_first_are_shown(repository: Repository, command: str) -> None:
    keys = "".join(f"  k{n}: {{deprecated: use tier}}\n" for n in range(50))
    facts = ", ".join(f"k{n}: x" for n in range(50))
    repository.write("specs/keys.yaml", f"{KEYS}{keys}")
    repository.write("specs/b.yaml", f"contacts: {{b: {{email: b@b, facts: {{{facts}}}}}}}\n")
    repository.write("specs/c.json", '{"contacts": {}}')

    called = repository.run(command)

    lines = called.err.splitlines()
    assert len(lines) == 21
    assert "contacts.b: " in lines[0]
    assert any("its ending is .json" in line for line in lines)
    assert lines[20] == "warning: and 33 more; `reconciler lint --format json` names them"


def test_look_alikes_below_sensitive_keys_are_not_quoted_wherever_they_stand(repository: Repository) -> None:
    quoted_number(repository)
    repository.write(
        "specs/b.yaml",
        "fact_keys: {pin: {sensitive: true}, plan: {}, name: {}, seats: {}}\n"
        "contacts: {b: {email: b@b, facts: {pin: {0017: [0018]}}}}\n"
        "contacts_from:\n- file: ../rows.csv\n  named_by: id\n  contact:\n    email: id\n"
        "    facts: {pin: {value: 0042}}\n"
        "    scopes: {support: {seed_facts: {pin: {value: {0043: 0044}}, plan: {value: 0099}}}}\n",
    )
    repository.write("rows.csv", "id\n")

    called = repository.run("lint")

    assert called.err == ""
    assert "b.yaml:8:26 contacts_from[0].contact.facts.pin: this sensitive value is text here" in called.out
    assert not [number for number in ("0017", "0018", "0042", "0043", "0044") if number in called.out]
    assert '"0099" is text here' in called.out


def test_facts_that_no_memory_gets_are_told_by_lint_and_in_one_line_by_others(repository: Repository) -> None:
    quoted_number(repository)
    repository.write(
        "specs/b.yaml",
        "contacts:\n  l: {email: a@b.co, facts: {lang: de}}\n  m: {email: c@d.co, seed_facts: {lang: en}}\n"
        "  o: {email: e@f.co}\n",
    )

    assert rules(repository) == [("idle_facts", "contacts.l", 2), ("idle_facts", "contacts.m", 3)]
    for command in ("validate", "plan"):
        called = repository.run(command)
        assert called.code == 0
        assert called.err == (
            "warning: specs/b.yaml:2:3 contacts.l: this contact has facts and is in no scope, so no memory gets them "
            "(and so has one other contact); name its scopes under scopes\n"
        )


VARIABLES = """\
version: 1
default_environment: sandbox
variables: {shared: 1, elsewhere: 2, nowhere: 3}
environments:
  sandbox: {api: sandbox, variables: {own: 4, used: 5}}
  other: {api: sandbox, specs: [other], variables: {shared: 6, used: 5}}
"""


def test_variables_that_nothing_refers_to_are_told(repository: Repository) -> None:
    repository.write("reconciler.yaml", VARIABLES)
    repository.write("specs/support.yaml", "scopes: {s: {persona_id: p, facts: {a: 'x ${used}', b: ['${shared}']}}}")
    repository.write("other/more.yaml", "contacts: {c: {email: a@b.co, scopes: {s: {facts: {c: '${elsewhere}'}}}}}")
    found = [address for rule, address, _ in rules(repository, "-e", "sandbox") if rule == "unused_variable"]
    in_other = [address for rule, address, _ in rules(repository, "-e", "other") if rule == "unused_variable"]

    assert found == ["variables.nowhere", "variables.own"]
    assert in_other == ["variables.nowhere"]


def test_all_environments_are_looked_at_at_once_and_what_is_alike_is_shown_once(repository: Repository) -> None:
    repository.write("reconciler.yaml", VARIABLES)
    repository.write(
        "specs/support.yaml", "scopes: {s: {persona_id: p}}\ncontacts: {l: {email: l@b.co, facts: {a: 1}}}"
    )
    repository.write("other/more.yaml", "scopes: {t: {persona_id: q}}\ncontacts: {m: {email: m@b.co, facts: {a: 1}}}")
    found = [address for rule, address, _ in rules(repository, "--all-environments") if rule == "idle_facts"]

    assert found == ["contacts.m", "contacts.l"]
    assert repository.run("lint", "--all-environments", "-e", "other").code == 1


@pytest.mark.parametrize(
    ("key", "twin"),
    [
        ("pr\u00e9nom", "pre\u0301nom"),  # composed, and not
        ("plan", "pl\u0430n"),  # with a letter of another alphabet
        ("tier", "tier\u200b"),  # with what does not show
        ("no", "n\u043e"),  # however short
        ("id", "\uff49\uff44"),  # of another width
        ("fi", "\ufb01"),  # as one letter
    ],
)
def test_keys_that_look_the_same_are_told_at_any_length(repository: Repository, key: str, twin: str) -> None:
    facts = "".join(f'          "{one}": x\n' for one in (key, twin))
    repository.write(
        "specs/support.yaml",
        "scopes: {s: {persona_id: p1}}\ncontacts:\n  x:\n    contact_id: c1\n    scopes:\n      s:\n        facts:\n"
        + facts,
    )

    assert [rule for rule, _, _ in rules(repository)] == ["near_duplicate"]
    assert "looks the same as" in repository.run("lint").out
