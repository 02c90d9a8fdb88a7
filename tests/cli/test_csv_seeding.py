"""Jobs that share the work of the example that seeds from CSV."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Repository

EXAMPLE = Path(__file__).parents[2] / "examples" / "csv-seeding"
HERE = ("--project", "examples/csv-seeding")


@pytest.fixture
def example(repository: Repository) -> Repository:
    shutil.copytree(EXAMPLE, repository.root / HERE[1], ignore=shutil.ignore_patterns(".reconciler"))
    return repository


def test_a_merged_plan_is_the_plan_of_the_whole_in_every_format(example: Repository) -> None:
    for index in range(2):
        example.run(*HERE, "plan", "--shard", f"{index}/2", "--out", f"{index}.json")
    whole = json.loads(example.run(*HERE, "plan", "--format", "json").out)

    merged = example.run("show", "1.json", "0.json", "--format", "json", "--write", "html=plan.html")

    assert merged.err == ""
    told = json.loads(merged.out)
    same = whole.keys() - {"created_at", "cost", "operations_digest", "specs_digest"}
    assert told.keys() == whole.keys()
    assert {key: told[key] for key in same} == {key: whole[key] for key in same}
    assert told["cost"]["requests_to_write"] == whole["cost"]["requests_to_write"]
    Path("merged.json").write_text(merged.out)
    refused = example.run(*HERE, "apply", "--yes", "merged.json")
    assert refused.code == 4
    assert "it was merged from shards, whose own plans can be applied" in refused.err
    for name in ("text", "markdown", "summary", "github", "gitlab", "junit", "sarif"):
        assert example.run("show", "0.json", "1.json", "--format", name).code == 0


def test_a_shard_says_what_it_left_out_and_a_merged_plan_which_shards_are_missing(example: Repository) -> None:
    for index in range(3):
        example.run(*HERE, "plan", "--shard", f"{index}/3", "--out", f"{index}.json")
    parts = [json.loads(Path(f"{index}.json").read_text()) for index in range(3)]

    part = example.run("show", "0.json")
    merged = example.run("show", "0.json", "2.json")

    here, there = parts[0]["shards"]["memories"], parts[1]["shards"]["memories"]
    assert sum(one["shards"]["memories"] for one in parts) == 6
    assert "in other shards neither read nor checked, because of --shard" in part.out
    assert f"Note: {6 - here} " in part.out
    assert "This is shard 0/3 alone." in part.out
    assert "This is of the shards 0/3 and 2/3; 1/3 missing." in merged.out
    assert merged.err == "warning: This is of the shards 0/3 and 2/3; 1/3 missing.\n"
    assert not there or f"Note: {there} " in merged.out


def test_receipts_of_shards_are_merged_too(example: Repository) -> None:
    example.run(*HERE, "plan", "--shard", "0/2", "--out", "plan-0.json")
    assert example.run(*HERE, "apply", "--yes", "--receipt", "0.json", "plan-0.json").code == 0
    assert example.run(*HERE, "apply", "--yes", "--shard", "1/2", "--receipt", "1.json").code == 0

    alone, merged = example.run("show", "0.json"), example.run("show", "1.json", "0.json", "--format", "json")

    receipt = json.loads(merged.out)
    assert "This is shard 0/2 alone." in alone.out
    assert "shards" not in receipt
    assert (
        receipt["totals"]["done"]
        == len(receipt["outcomes"])
        == sum(len(json.loads(Path(f"{index}.json").read_text())["outcomes"]) for index in range(2))
    )


def test_what_does_not_belong_together_is_not_merged(example: Repository) -> None:
    for index in range(2):
        example.run(*HERE, "plan", "--shard", f"{index}/2", "--out", f"{index}.json")
    example.run(*HERE, "plan", "--out", "whole.json")
    example.run(*HERE, "plan", "--shard", "0/3", "--out", "third.json")
    example.run(*HERE, "apply", "--yes", "--shard", "1/2", "--receipt", "receipt.json")
    other = json.loads(Path("1.json").read_text())
    Path("other.json").write_text(json.dumps({**other, "environment": "production"}))
    Path("same.json").write_text(json.dumps(other))
    twice = {**other, "operations": json.loads(Path("0.json").read_text())["operations"]}
    Path("twice.json").write_text(json.dumps(twice))

    def refused(*files: str) -> str:
        called = example.run("show", *files)
        assert (called.code, called.out) == (1, "")
        return called.err

    assert "whole.json is not from a shard" in refused("0.json", "whole.json")
    assert "third.json is of 3 shards, and 0.json of 2" in refused("0.json", "third.json")
    assert "1.json holds shard 1/2, and so does same.json" in refused("same.json", "1.json")
    assert "one is a plan, the other a receipt" in refused("0.json", "receipt.json")
    assert "they are for different environments, sandbox and production" in refused("0.json", "other.json")
    assert "both hold create_contact of contacts." in refused("0.json", "twice.json")


def test_a_shard_that_is_none_and_one_beside_a_plan_are_refused(example: Repository) -> None:
    example.run(*HERE, "plan", "--out", "whole.json")

    outside = example.run(*HERE, "plan", "--shard", "2/2")
    beside = example.run(*HERE, "apply", "--yes", "--shard", "0/2", "whole.json")
    twice = example.run(*HERE, "plan", "--shard", "0/2", "--shard", "1/2")

    assert (outside.code, beside.code, twice.code) == (1, 1, 1)
    assert "--shard was given 2 times; a run is for one shard" in twice.err
    assert "'2/2' is not I/N; N is at most 999,999, and I is from 0 to N-1" in outside.err
    assert "leave out --shard" in beside.err


def test_no_output_shows_a_secret_among_the_constants_of_a_mapping(
    example: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARD", "TOPSECRET-${4242}")
    spec = next((example.root / HERE[1]).glob("specs/**/*.yaml"))
    constants = (
        'facts: {card: {value: {number: ["${env:CARD}"]}}}\n      metadata: {card: {value: {deep: "${env:CARD}"}}}\n'
    )
    data = (
        "contacts_from:\n  - file: ../cards.csv\n    named_by: id\n    contact:\n      external_id: id\n      "
        + constants
    )
    scopes = "      scopes: {vault: {}}\nscopes: {vault: {persona_id: p-vault}}\n"
    example.write(f"{HERE[1]}/{spec.parent.name}/cards.yaml", data + scopes)
    settings = example.root / HERE[1] / "reconciler.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + "secrets: [CARD]\n", encoding="utf-8")
    example.write(f"{HERE[1]}/cards.csv", "id\nana-with-a-card\n")

    shown = [example.run(*HERE, "plan", "--format", name) for name in ("text", "json", "markdown", "html", "summary")]
    shown.append(example.run(*HERE, "apply", "--dry-run"))

    for called in shown:
        assert (called.code, "ana-with-a-card" in called.out) == (0, True), called.err
        assert "TOPSECRET" not in called.out + called.err
