"""`--changed-since REF` reads and plans what the specs declare differently since then, and nothing else."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from tests.cli.conftest import Repository
from tests.cli.test_base import git

PROJECT = """\
version: 1
secrets: [TOKEN]
variables: {plan: trial}
environments:
  sandbox: {api: sandbox, reader: context, specs: [], overlays: [overlays]}
"""
SPECS = """\
fact_keys: {plan: {}, city: {}, tier: {}, note: {}}
scopes:
  support: {persona_id: persona-1}
  sales: {persona_id: persona-2, seed_facts: {tier: low}}
contacts:
  ann: {contact_id: id-ann, labels: {region: us}, facts: {city: Oslo}, scopes: {support: {}, sales: {}}}
  ben: {contact_id: id-ben, facts: {plan: "${plan}"}, scopes: {support: {}}}
  cat: {contact_id: id-cat, name: Cat, facts: {note: "${env:TOKEN}"}, scopes: {sales: {}}}
contacts_from:
  - file: ../data/rows.csv
    contact: {contact_id: id, facts: {city: city}, scopes: {support: {}}}
memories:
  line: {memory_id: mem-1, users: [{phone_number: "+14155550192", metadata: a}]}
"""
OVERLAY = "contacts: {ann: {scopes: {support: {facts: {plan: gold}}}}}\n"
ROWS = "id,city\nid-dan,Rome\nid-eve,Bonn\n"
ANN, BEN, CAT, DAN, EVE = (f"contacts.{name}.scopes." for name in ("ann", "ben", "cat", "id-dan", "id-eve"))


@pytest.fixture
def history(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Give a repository whose specs are committed, with secrets, variables, overlays and a table."""
    monkeypatch.setenv("TOKEN", "one")
    repository.write("reconciler.yaml", PROJECT.replace("specs: [], ", ""))
    repository.write("specs/support.yaml", SPECS)
    repository.write("overlays/ann.yaml", OVERLAY)
    repository.write("data/rows.csv", ROWS)
    repository.write(".gitignore", ".reconciler/\n*.json\n")
    git(repository, "init", "--initial-branch", "main")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "first")
    return repository


def planned(repository: Repository, *arguments: str) -> Any:
    called = repository.run("plan", "--format", "json", "--changed-since", "HEAD", *arguments)
    assert called.code == 0, called.err
    return json.loads(called.out)


def addresses(plan: Any) -> set[str]:
    return {one["address"] for one in plan["operations"]}


def notices(plan: Any) -> dict[str, int]:
    found = Counter[str]()
    for one in plan["notices"]:
        found[one["type"]] += one["count"]
    return found


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("specs/support.yaml", "Oslo", "Bergen", [f"{ANN}support", f"{ANN}sales"]),
        ("specs/support.yaml", "name: Cat", "name: Catherine", ["contacts.cat"]),
        ("specs/support.yaml", "tier: low", "tier: high", [f"{ANN}sales", f"{CAT}sales"]),
        ("specs/support.yaml", "seed_facts: {tier", "facts: {tier", [f"{ANN}sales", f"{CAT}sales"]),
        ("specs/support.yaml", "persona-2", "persona-3", [f"{ANN}sales", f"{CAT}sales"]),
        *(
            ("specs/support.yaml", "metadata: a", text, ['memories.line.users["+14155550192"]'])
            for text in ("metadata: b", "metadata: a, summary: s", "metadata: a, external_memory_key: k")
        ),
        ("specs/support.yaml", "{support: {}, sales: {}}", "{support: {}, sales: {facts: {note: n}}}", [f"{ANN}sales"]),
        ("specs/support.yaml", "id-ben", "id-bob", [f"{BEN}support"]),
        ("specs/support.yaml", "  ben:", "  bob:", []),
        ("specs/support.yaml", "region: us", "region: eu", []),
        ("specs/support.yaml", "plan: {},", "plan: {sensitive: true},", []),
        ("reconciler.yaml", "plan: trial", "plan: full", [f"{BEN}support"]),
        ("overlays/ann.yaml", "gold", "silver", [f"{ANN}support"]),
        ("data/rows.csv", "Rome", "Nice", [f"{DAN}support"]),
        ("data/rows.csv", "id-eve,Bonn\n", "id-eve,Bonn\nid-fay,Lima\n", ["contacts.id-fay.scopes.support"]),
    ],
)
def test_what_is_declared_differently_is_planned_wherever_it_was_changed(
    history: Repository, file: str, old: str, new: str, expected: Sequence[str]
) -> None:
    text = (history.root / file).read_text()
    assert old in text
    history.write(file, text.replace(old, new))
    plan = planned(history)

    assert addresses(plan) == set(expected)
    declared = 8 if "id-fay" in new else 7
    assert notices(plan)["not_read"] == declared - sum(address != "contacts.cat" for address in expected)


def test_nothing_is_read_where_nothing_changed(history: Repository) -> None:
    plan = planned(history)

    assert (plan["operations"], plan["cost"]["requests_read"]) == ([], 0)
    assert notices(plan) == {"not_read": 7}
    assert plan["chosen"] == {"changed_since": "HEAD"}


def test_of_1000_contacts_of_which_3_changed_3_are_read(history: Repository) -> None:
    people = [f"  c{at}: {{contact_id: id-{at}, facts: {{city: Oslo}}, scopes: {{s: {{}}}}}}\n" for at in range(1000)]
    history.write("specs/support.yaml", "scopes: {s: {persona_id: p}}\ncontacts:\n" + "".join(people))
    history.write("overlays/ann.yaml", "{}\n")
    git(history, "commit", "-am", "many")
    for at in (3, 500, 999):
        people[at] = people[at].replace("Oslo", "Bergen")
    history.write("specs/support.yaml", "scopes: {s: {persona_id: p}}\ncontacts:\n" + "".join(people))
    plan = planned(history)

    assert addresses(plan) == {f"contacts.c{at}.scopes.s" for at in (3, 500, 999)}
    assert plan["cost"]["requests_read"] == 3


def test_other_options_narrow_it(history: Repository) -> None:
    history.write("specs/support.yaml", SPECS.replace("Oslo", "Bergen").replace("tier: low", "tier: high"))

    assert addresses(planned(history, "--target", "*.scopes.sales")) == {f"{ANN}sales", f"{CAT}sales"}
    assert addresses(planned(history, "--label", "region")) == {f"{ANN}support", f"{ANN}sales"}
    assert addresses(planned(history, "--exclude", "ann")) == {f"{CAT}sales"}
    parts = [planned(history, "--shard", f"{index}/2") for index in range(2)]
    assert [len(addresses(part)) for part in parts] != [0, 0]
    assert set.union(*map(addresses, parts)) == addresses(planned(history))


def test_what_is_declared_no_longer_is_a_notice_and_the_rest_is_neither_unmanaged_nor_retained(
    history: Repository,
) -> None:
    assert history.run("apply", "--yes", "--target", "ann", "--target", "ben").code == 0
    ben = next(line for line in SPECS.splitlines() if "  ben:" in line) + "\n"
    history.write("specs/support.yaml", SPECS.replace(ben, "").replace("facts: {city: Oslo}", "facts: {}"))

    assert notices(planned(history)) == {"not_read": 4, "undeclared": 2, "unmanaged": 2}
    assert notices(planned(history, "--base", "HEAD")) == {"not_read": 4, "retained": 3, "unmanaged": 2}
    assert notices(planned(history, "--base", "HEAD", "--exclude", "ann"))["not_read"] == 6


def test_causes_are_those_of_the_whole_plan(history: Repository) -> None:
    assert history.run("apply", "--yes", "--target", "ann", "--target", "ben").code == 0
    history.write("specs/support.yaml", SPECS.replace("Oslo", "Bergen").replace("labels: {region: us}, ", ""))
    (fact,) = planned(history, "--base", "HEAD", "--target", f"{ANN}support")["operations"][0]["facts"]

    assert (fact["key"], fact["cause"]) == ("city", "specs")


def test_a_saved_plan_is_applied_as_the_part_that_it_is(history: Repository) -> None:
    history.write("specs/support.yaml", SPECS.replace("Oslo", "Bergen"))
    planned(history, "--out", "plan.json")
    applied = history.run("apply", "plan.json", "--yes", "--write", "json=receipt.json")

    assert applied.code == 0, applied.err
    assert "Only a part was chosen: --changed-since HEAD.\n" in applied.out
    outcomes = json.loads((history.root / "receipt.json").read_text())["outcomes"]
    assert {one["address"] for one in outcomes} == {f"{ANN}support", f"{ANN}sales"}
    refused = history.run("apply", "plan.json", "--yes", "--changed-since", "HEAD")
    assert "PLAN decides what is applied; leave out --changed-since" in refused.err


def test_diff_and_snapshot_take_it_too(history: Repository) -> None:
    history.write("specs/support.yaml", SPECS.replace("Oslo", "Bergen"))
    git(history, "commit", "-am", "second")
    history.write("specs/support.yaml", SPECS.replace("Oslo", "Bergen").replace("name: Cat", "name: Kate"))
    whole = json.loads(history.run("diff", "HEAD~1", "--format", "json").out)
    part = json.loads(history.run("diff", "HEAD~1", "--changed-since", "HEAD", "--format", "json").out)

    assert addresses(whole) == {f"{ANN}support", f"{ANN}sales", "contacts.cat"}
    assert addresses(part) == {"contacts.cat"}
    assert history.run("snapshot", "--changed-since", "HEAD").err.startswith("note: 7 memories not chosen")


def test_a_secret_that_was_declared_then_and_is_not_set_now_has_changed(
    history: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert planned(history)["operations"] == []
    monkeypatch.delenv("TOKEN")
    history.write("specs/support.yaml", SPECS.replace("${env:TOKEN}", "none"))

    assert addresses(planned(history)) == {f"{CAT}sales"}


def test_all_is_new_where_the_revision_has_no_project(history: Repository) -> None:
    git(history, "rm", "--cached", "reconciler.yaml")
    git(history, "commit", "-m", "without")
    called = history.run("plan", "--changed-since", "HEAD")

    assert called.err == "warning: reconciler.yaml is not there at HEAD, so all that is declared is new\n"
    assert "not chosen" not in called.out


def test_a_revision_that_cannot_be_compared_with_is_refused_before_anything_is_read(history: Repository) -> None:
    nowhere = history.run("plan", "--changed-since", "nowhere")
    assert nowhere.err.startswith("error: --changed-since nowhere: git knows no such revision here; fetch it first")
    history.write("specs/support.yaml", SPECS.replace("city: Oslo", "town: Oslo"))
    git(history, "commit", "-am", "broken")
    history.write("specs/support.yaml", SPECS)
    broken = history.run("apply", "--yes", "--changed-since", "HEAD")

    assert (broken.code, broken.out) == (1, "")
    assert broken.err.startswith("error: --changed-since HEAD: the specs there cannot be used: specs/support.yaml:6:")
    assert broken.err.endswith("; name a revision whose specs are valid, or leave the option out\n")


@pytest.mark.parametrize("option", ["--base", "--changed-since"])
def test_the_specs_of_an_option_are_compared_with_no_revision(history: Repository, option: str) -> None:
    beside = history.run("plan", option, "HEAD", "--specs", "specs")

    assert beside.code == 1
    assert beside.err == f"error: {option} HEAD is for the specs of the environment; leave out --specs\n"


@pytest.mark.parametrize("command", [("diff",), ("plan", "--changed-since", "HEAD"), ("plan", "--base", "HEAD")])
def test_what_is_wrong_with_a_revision_hides_what_a_file_of_both_calls_sensitive(
    history: Repository, command: tuple[str, ...]
) -> None:
    value, people = "12-for-nobody", "contacts: {joe: {contact_id: id-joe, facts: {%s}, scopes: {support: {}}}}\n"
    history.write("specs/keys.yaml", "fact_keys: {ssn: {sensitive: true, pattern: '[0-9]+'}}\n")
    history.write("specs/people.yaml", people % f"ssn: {value}")
    git(history, "add", ".")
    git(history, "commit", "-m", "invalid")
    history.write("specs/people.yaml", people % "plan: free")
    called = history.run(*command)

    assert "specs/people.yaml:1:46 contacts.joe.facts.ssn: a text does not match [0-9]+" in called.err
    assert value not in called.out + called.err


def test_without_git_there_is_no_revision(repository: Repository) -> None:
    called = repository.run("plan", "--changed-since", "HEAD")

    assert called.code == 1
    assert "not a git repository" in called.err


def test_a_plan_that_waits_long_hints_at_it(history: Repository) -> None:
    history.write("reconciler.yaml", PROJECT.replace("specs: [], ", "rate_limit: 5/1s, "))
    whole = history.run("plan").err
    assert "hint" not in whole, "there is no earlier revision"
    git(history, "commit", "-am", "second")

    hint = "hint: `reconciler -e sandbox plan --changed-since HEAD~1` reads only what the specs declare differently"
    assert hint in history.run("-e", "sandbox", "plan").err
    assert "hint" not in history.run("plan", "--changed-since", "HEAD~1").err


@pytest.mark.parametrize("places", ["HEAD..HEAD", "HEAD...HEAD", "A..B", "HEAD.."])
def test_a_range_is_no_revision(history: Repository, places: str) -> None:
    for call in (("plan", "--changed-since", places), ("diff", places)):
        called = history.run(*call)

        assert called.code == 1
        assert called.err.endswith(f"{places}: one revision is expected, and this is a range\n")
