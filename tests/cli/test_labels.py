"""`--label` and `--exclude`: what they choose is planned, recorded and told, and a saved plan takes none."""

import json

import pytest

from tests.cli.conftest import Repository

SPEC = """\
scopes: {support: {persona_id: persona-1}}
contacts:
  ann: {external_id: crm-1, labels: {region: us, tier: gold}, facts: {plan: a}, scopes: {support: {}}}
  ben: {external_id: crm-2, labels: {region: eu}, facts: {plan: b}, scopes: {support: {}}}
  cat: {external_id: crm-3, facts: {plan: c}, scopes: {support: {}}}
"""


@pytest.fixture
def labelled(repository: Repository) -> Repository:
    repository.write("specs/support.yaml", SPEC)
    return repository


def test_what_was_chosen_is_recorded_in_the_saved_plan_and_told(labelled: Repository) -> None:
    called = labelled.run("plan", "--label", "region", "--exclude", "ann", "--out", "plan.json")
    saved = json.loads((labelled.root / "plan.json").read_text())

    assert {one["address"].split(".")[1] for one in saved["operations"]} == {"ben"}
    assert saved["chosen"] == {"labels": ["region"], "excludes": ["ann"]}
    assert [(one["type"], one["count"]) for one in saved["notices"]] == [("not_read", 2)]
    assert "Note: 2 memories not chosen, so not read (not_read).\n" in called.out
    assert "Only a part was chosen: --label region and --exclude ann.\n" in called.out
    applied = labelled.run("apply", "plan.json", "--yes")
    assert applied.code == 0
    assert "Only a part was chosen: --label region and --exclude ann.\n" in applied.out
    refused = labelled.run("apply", "plan.json", "--yes", "--label", "tier", "--exclude", "ann")
    assert "PLAN decides what is applied; leave out --label and --exclude" in refused.err


def test_an_apply_writes_what_was_chosen_and_no_label(labelled: Repository) -> None:
    assert labelled.run("apply", "--yes", "--label", "tier=gold").code == 0
    held = labelled.run("sandbox", "show").out

    assert "crm-1" in held
    assert not {"crm-2", "crm-3", "gold", "region"} & set(held.replace('"', " ").split())


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("snapshot",)])
def test_a_label_that_nobody_has_ends_each_command(labelled: Repository, command: tuple[str, ...]) -> None:
    called = labelled.run(*command, "--label", "tier=glod")

    assert called.code == 1
    assert called.err == 'error: --label tier=glod names a label that no contact has; did you mean "tier=gold"?\n'
    assert "is not KEY=VALUE, KEY!=VALUE or KEY" in labelled.run(*command, "--label", "=gold").err


def test_a_snapshot_tells_what_it_leaves_out(labelled: Repository) -> None:
    assert labelled.run("snapshot", "--label", "tier").err.startswith("note: 2 memories not chosen, so not read")


def test_plans_of_shards_that_chose_differently_are_not_merged(labelled: Repository) -> None:
    labelled.run("plan", "--shard", "0/2", "--label", "region", "--out", "0.json")
    labelled.run("plan", "--shard", "1/2", "--out", "1.json")
    refused = labelled.run("show", "0.json", "1.json")

    assert "cannot be merged: one is of --label region, the other of all that is declared" in refused.err
