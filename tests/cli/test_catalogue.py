"""Facts that the catalogue calls sensitive are shown to nobody else, whichever command speaks of them."""

import json

import pytest

from tests.cli.conftest import Repository

SPEC = """\
fact_keys:
  plan: {enum: [trial, premium]}
  pin: {sensitive: true}
  code: {sensitive: true, pattern: "[0-9]{4}"}
scopes: {support: {persona_id: persona-1}}
contacts:
  sarah:
    external_id: crm-sarah
    scopes: {support: {facts: {plan: premium, pin: hush-1, code: "${code}"}}}
"""
PROJECT = """\
version: 1
default_environment: sandbox
environments:
  sandbox: {api: sandbox, variables: {code: "7315"}}
  other: {api: sandbox, variables: {code: "7316"}}
secrets: [PLAN]
"""
HIDDEN = ("hush-1", "7315", "7316")


@pytest.fixture
def catalogued(repository: Repository) -> Repository:
    repository.write("reconciler.yaml", PROJECT)
    repository.write("specs/support.yaml", SPEC)
    return repository


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--reveal", "*"),
        *(("plan", "--format", name) for name in ("json", "markdown", "github", "html", "sarif", "junit")),
        ("apply", "--dry-run"),
        ("apply", "--yes"),
        ("why", "contacts.sarah"),
        ("why", "contacts.sarah", "--format", "json"),
        ("compare", "sandbox", "other", "--format", "json"),
        ("compare", "sandbox", "other", "--live"),
    ],
)
def test_no_output_for_others_holds_a_sensitive_value(catalogued: Repository, arguments: tuple[str, ...]) -> None:
    called = catalogued.run(*arguments)

    assert called.code == 0
    assert [value for value in HIDDEN if value in called.out + called.err] == []


def test_what_is_sensitive_is_said_to_be_so(catalogued: Repository) -> None:
    plan = json.loads(catalogued.run("plan", "--format", "json").out)
    written = next(one for one in plan["operations"] if one["type"] == "write_facts")

    assert {one["key"]: one["after"] for one in written["facts"]}["plan"] == "premium"
    assert {one["key"]: one["after"] for one in written["facts"]}["pin"]["origin"] == "sensitive"


def test_a_sensitive_fact_that_changed_live_is_planned_without_its_values(catalogued: Repository) -> None:
    catalogued.run("apply", "--yes")
    catalogued.write("specs/support.yaml", SPEC.replace("hush-1", "hush-2"))
    called = catalogued.run("plan")

    assert called.out.count("(sensitive text, 1-8 characters)") == 2
    assert "hush" not in called.out


def test_a_saved_plan_with_sensitive_facts_applies(catalogued: Repository) -> None:
    assert catalogued.run("plan", "--out", "plan.json").code == 0
    assert catalogued.run("apply", "plan.json", "--yes").code == 0
    assert "No changes" in catalogued.run("plan").out


def test_a_secret_that_breaks_a_rule_is_refused_at_plan_time_and_not_quoted(
    catalogued: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogued.write("specs/support.yaml", SPEC.replace("plan: premium", 'plan: "${env:PLAN}"'))
    monkeypatch.setenv("PLAN", "hush-hush")
    validated, planned = catalogued.run("validate"), catalogued.run("plan")

    assert (validated.code, planned.code) == (0, 1)
    assert 'facts.plan: one of "trial", "premium" is expected, not a secret; the rule is at' in planned.err
    assert "hush-hush" not in planned.out + planned.err


def test_a_pattern_that_others_try_for_hours_costs_a_message(
    repository: Repository,
) -> None:
    hostile = "a" * 5000
    contacts = f"contacts: {{ann: {{email: a@b, scopes: {{s: {{facts: {{k: {hostile}}}}}}}}}}}\n"
    spec = f"scopes: {{s: {{persona_id: p}}}}\n{contacts}"
    repository.write("specs/support.yaml", spec)
    applied = repository.run("apply", "--yes")
    repository.write("specs/catalogue.yaml", 'fact_keys: {k: {pattern: "(a+)+b"}}\n')
    checked = [repository.run(command) for command in ("validate", "plan", "lint")]
    repository.write("specs/support.yaml", "scopes: {s: {persona_id: p}}\n")
    exported = repository.run("export", "--out", "new")

    assert applied.code == 0
    assert [called.code for called in checked] == [1, 1, 1]
    assert all("does not match (a+)+b; the rule is at specs/catalogue.yaml:1:13" in called.err for called in checked)
    assert exported.code == 0
    assert "left out: 1 value that breaks a rule of the fact_keys" in exported.err
