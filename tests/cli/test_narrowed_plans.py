"""A mistyped key is permanent, so plans of a part of what is declared doubt it in view of the whole."""

import json

import pytest

from tests.cli.conftest import Repository

SPEC = """\
scopes:
  support: {persona_id: persona-1}
contacts:
  a: {external_id: crm-a, scopes: {support: {facts: {favorite_color: red}}}}
  b: {external_id: crm-b, scopes: {support: {facts: {favourite_color: blue}}}}
  c: {external_id: crm-c, scopes: {support: {facts: {favorite_color: blue}}}}
"""
DOUBT = "contacts.b.scopes.support: favourite_color beside favorite_color"


@pytest.fixture
def seeded(repository: Repository) -> Repository:
    """Give a repository in whose account all but the mistyped key is live."""
    repository.write("specs/support.yaml", SPEC)
    assert repository.run("apply", "--yes", "--target", "contacts.a", "--target", "contacts.c").code == 0
    return repository


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_a_target_doubts_a_key_beside_one_that_it_leaves_out(seeded: Repository, command: tuple[str, ...]) -> None:
    called = seeded.run(*command, "--target", "contacts.b")

    assert DOUBT in called.out


def test_plans_of_shards_and_what_they_are_merged_into_doubt_what_the_whole_doubts(seeded: Repository) -> None:
    for index in range(4):
        assert seeded.run("plan", "--shard", f"{index}/4", "--out", f"{index}.json").code == 0
    whole = json.loads(seeded.run("plan", "--format", "json").out)

    merged = json.loads(seeded.run("show", *(f"{index}.json" for index in range(4)), "--format", "json").out)

    assert [one["type"] for one in whole["notices"]] == ["near_duplicate"]
    assert merged["notices"] == whole["notices"]
    assert DOUBT in seeded.run("plan").out
    assert sum(DOUBT in seeded.run("show", f"{index}.json").out for index in range(4)) == 1


def test_a_reviewed_plan_is_shown_with_its_doubts_before_it_is_applied(seeded: Repository) -> None:
    seeded.run("plan", "--target", "contacts.b", "--out", "plan.json")

    assert DOUBT in seeded.run("show", "plan.json").out
    assert DOUBT in seeded.run("apply", "plan.json", "--yes").out
