"""An undo file holds what an account held: it brings it back, and shows it to nobody else."""

import json

import pytest

from reconciler.cli import screen
from tests.cli.conftest import Repository

SPEC = """\
fact_keys:
  plan: {enum: [trial, premium]}
  pin: {}
  code: {sensitive: true}
scopes: {support: {persona_id: persona-1}}
contacts:
  sarah:
    external_id: ${env:CRM_ID}
    name: Sarah Former
    scopes:
      support:
        facts: {plan: trial, pin: "${env:LEAK}", code: hush-1}
        users: [{phone_number: +14155550192, metadata: formerly met}]
"""
FORMER = ("Sarah Former", "trial", "4711", "hush-1", "formerly met", "crm-secret")


@pytest.fixture
def undone(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Give a repository in which every value was updated, with the undo file of that."""
    monkeypatch.setenv("CRM_ID", "crm-secret")
    monkeypatch.setenv("LEAK", "4711")
    repository.write("specs/support.yaml", SPEC)
    assert repository.run("apply", "--yes").code == 0
    monkeypatch.setenv("LEAK", "0815")
    later = SPEC.replace("plan: trial", "plan: premium").replace("hush-1", "hush-2").replace("formerly", "lately")
    repository.write("specs/support.yaml", later.replace("Sarah Former", "Sarah Later"))
    assert repository.run("apply", "--yes", "--undo", "undo.yaml").code == 0
    monkeypatch.delenv("LEAK")
    return repository


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan",),
        *(("plan", "--format", name) for name in ("json", "markdown", "summary", "github", "html", "sarif", "junit")),
        ("apply", "--dry-run"),
        ("apply", "--yes"),
        ("apply", "--yes", "--format", "json"),
        ("validate",),
    ],
)
def test_no_output_for_others_holds_a_former_value(undone: Repository, arguments: tuple[str, ...]) -> None:
    called = undone.run(*arguments, "--specs", "undo.yaml")

    assert called.code == 0, called.err
    assert [value for value in FORMER if value in called.out + called.err] == []


def test_the_undo_file_holds_the_former_values_and_brings_them_back(undone: Repository) -> None:
    text = (undone.root / "undo.yaml").read_text()
    assert [value for value in FORMER[:-1] if value not in text] == []

    assert undone.run("apply", "--yes", "--specs", "undo.yaml").code == 0
    held = undone.run("sandbox", "show").out
    assert [value for value in FORMER if value not in held] == []


def test_on_the_operators_terminal_an_undo_shows_what_it_brings_back(
    undone: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "is_operators_terminal", lambda _stream: True)
    called = undone.run("plan", "--specs", "undo.yaml")

    assert 'plan: "premium" → "trial"' in called.out
    assert 'code: "hush-2" → "hush-1"' in called.out


def test_a_saved_plan_of_an_undo_applies(undone: Repository) -> None:
    assert undone.run("plan", "--specs", "undo.yaml", "--out", "plan.json").code == 0
    saved = (undone.root / "plan.json").read_text()

    assert [value for value in FORMER if value in saved] == []
    assert undone.run("apply", "plan.json", "--yes", "--specs", "undo.yaml").code == 0
    assert "No changes" in undone.run("plan", "--specs", "undo.yaml").out


def test_what_was_live_is_brought_back_although_the_catalogue_would_refuse_it(undone: Repository) -> None:
    undone.write("specs/support.yaml", SPEC.replace("[trial, premium]", "[gold]").replace("  pin: {}\n", ""))

    assert undone.run("apply", "--yes", "--specs", "undo.yaml").code == 0


def test_the_catalogue_holds_for_other_specs_too(undone: Repository) -> None:
    undone.write("specs/contacts.yaml", "contacts: {jo: {external_id: j, scopes: {support: {facts: {code: hush-3}}}}}")
    undone.write("more.yaml", "scopes: {x: {persona_id: p, facts: {plan: gold}, seed_facts: {pim: 1}}}")
    undone.write("scope.yaml", "scopes: {support: {persona_id: persona-1}}")
    called = undone.run("plan", "--specs", "more.yaml")
    shown = undone.run("plan", "--specs", "specs/contacts.yaml", "--specs", "scope.yaml", "--format", "json")
    operations = json.loads(shown.out)["operations"]

    assert called.code == 1
    assert 'one of "trial", "premium" is expected, not the text "gold"' in called.err
    assert 'this key is not among the fact_keys; did you mean "pin"?' in called.err
    assert [one["facts"][0]["after"]["origin"] for one in operations if one["type"] == "write_facts"] == ["sensitive"]
    assert "hush-3" not in shown.out


def test_specs_that_hold_the_catalogue_themselves_declare_it_once(undone: Repository) -> None:
    assert undone.run("validate", "--specs", "specs/support.yaml").code == 0
    assert undone.run("validate", "--specs", "specs").code == 0


def test_a_catalogue_that_cannot_be_read_refuses_other_specs(undone: Repository) -> None:
    undone.write("specs/broken.yaml", "fact_keys: {a: {sensitive: true}\n")
    called = undone.run("plan", "--specs", "undo.yaml")

    assert called.code == 1
    assert "specs/broken.yaml" in called.err


def test_mistakes_elsewhere_in_the_environments_specs_do_not_matter_to_others(undone: Repository) -> None:
    undone.write("specs/broken.yaml", "contacts: {x: {fact: 1}}\nfact_keys: {tier: {typ: string}}\n")
    called = undone.run("validate", "--specs", "undo.yaml")

    assert called.code == 1
    assert called.err.count("error: ") == 1
    assert "fact_keys.tier.typ: unknown key" in called.err


def test_a_marker_of_the_wrong_kind_is_told_wherever_it_stands(repository: Repository) -> None:
    repository.write("specs/b.yaml", "live_values: {a: 1}\n---\nlive_values: {a: 1}\n")
    called = repository.run("validate")

    assert called.code == 1
    assert called.err.count("live_values: true or false is expected") == 2
