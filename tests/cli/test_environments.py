"""Environments with overlays, variables and secrets, through the command line."""

import json

import pytest

from reconciler.sandbox.store import Store
from tests.cli.conftest import Repository

PROJECT = """\
version: 1
default_environment: staging
variables: {plan_name: trial, seats: 1}
environments:
  staging: {api: sandbox}
  production:
    api: sandbox
    specs: [environments/production/specs]
    overlays: [environments/production/overlays]
    variables: {plan_name: premium}
secrets: [PLAN, SARAH_ACCOUNT, T]
"""
SPEC = """\
scopes:
  support: {persona_id: persona-1}
contacts:
  sarah:
    external_id: crm-sarah
    scopes:
      support:
        facts:
          plan: ${plan_name}
          seats: ${seats}
          account: ${env:SARAH_ACCOUNT}
"""
OVERLAY = """\
contacts:
  sarah:
    scopes:
      support:
        facts: {seats: 40}
        users: [{phone_number: +14155550192, metadata: "${env:SARAH_ACCOUNT} holder"}]
"""
ONLY_PRODUCTION = "contacts:\n  bob: {external_id: crm-bob, scopes: {support: {}}}\n"
ACCOUNT = "acc-990017"


@pytest.fixture
def environments(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.delenv("SARAH_ACCOUNT", raising=False)
    repository.write("reconciler.yaml", PROJECT)
    repository.write("specs/support.yaml", SPEC)
    repository.write("environments/production/overlays/sarah.yaml", OVERLAY)
    repository.write("environments/production/specs/bob.yaml", ONLY_PRODUCTION)
    return repository


def test_validate_needs_no_environment_variable(environments: Repository) -> None:
    called = environments.run("validate", "--all-environments")

    assert (called.code, called.err) == (0, "")
    assert called.out == (
        "The specs of production are valid: 3 files, 1 scope, 2 contacts, 2 memories, 3 facts, 1 user.\n"
        "The specs of staging are valid: 1 file, 1 scope, 1 contact, 1 memory, 3 facts, 0 users.\n"
    )


def test_a_plan_names_every_variable_that_is_not_set(environments: Repository) -> None:
    called = environments.run("-e", "production", "plan")

    assert (called.code, called.out) == (1, "")
    assert "overlays/sarah.yaml:6:56" in called.err
    assert "specs/support.yaml:11:20" in called.err
    assert called.err.count("the environment variable SARAH_ACCOUNT is not set; set it for plan and apply") == 2


def test_each_environment_gets_its_own_values_and_no_secret_is_shown(
    environments: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SARAH_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    shown = [environments.run("plan", "--format", name) for name in ("text", "json", "markdown", "github", "sarif")]
    shown += [
        environments.run("apply", "--yes", "--receipt", "receipt.json"),
        environments.run("-e", "production", "plan"),
        environments.run("-e", "production", "apply", "--dry-run"),
        environments.run("-e", "production", "apply", "--yes"),
    ]
    held = environments.run("sandbox", "show", "--format", "json").out
    store = Store(environments.root / ".reconciler" / "sandbox.sqlite3")

    assert [called.code for called in shown] == [0] * len(shown)
    assert f"::add-mask::{ACCOUNT}" in shown[0].err
    assert not any(ACCOUNT in called.out + called.err.replace(f"::add-mask::{ACCOUNT}", "") for called in shown)
    assert ACCOUNT not in (environments.root / "receipt.json").read_text()
    assert ACCOUNT not in held
    assert ACCOUNT in json.dumps(store.dump())
    assert "seats: " in shown[-3].out
    assert "→ 40" in shown[-3].out
    store.close()
    assert environments.run("-e", "production", "plan", "--detailed-exitcode").code == 0
    assert environments.run("-e", "staging", "plan", "--detailed-exitcode").code == 2


def test_problems_of_all_environments_are_told_once_and_with_the_environment_they_are_of(
    environments: Repository,
) -> None:
    environments.write("specs/support.yaml", SPEC.replace("${seats}", "${seatz}").replace("facts:", "fact:"))
    environments.write("environments/production/overlays/sarah.yaml", OVERLAY.replace("sarah", "sara"))
    environments.write("environments/production/specs/bob.yaml", ONLY_PRODUCTION.replace("support", "suport"))

    called = environments.run("validate", "--all-environments")

    lines = called.err.splitlines()
    assert called.code == 1
    assert len(lines) == 4
    assert all(("(in production)" in line) is ("production/" in line) for line in lines)


def test_one_environment_and_all_contradict_each_other(environments: Repository) -> None:
    called = environments.run("-e", "staging", "validate", "--all-environments")

    assert called.code == 1
    assert "--all-environments takes all of them" in called.err
