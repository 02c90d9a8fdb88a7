import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Repository

NAMES = ["specs", "project", "plan", "receipt", "runs", "campaign", "notification"]


def closed(part: Any) -> Any:
    """Give a schema that refuses every key which it does not describe."""
    if isinstance(part, dict):
        below = {key: closed(value) for key, value in part.items()}
        return below | {"additionalProperties": False} if "properties" in part else below
    return [closed(one) for one in part] if isinstance(part, list) else part


def refusals(schema: str, file: Path) -> Iterator[str]:
    found = Draft202012Validator(closed(json.loads(schema))).iter_errors(json.loads(file.read_text()))
    return (error.message for error in found)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_printed_as_json(repository: Repository, name: str) -> None:
    called = repository.run("schema", name)

    assert (called.code, called.err) == (0, "")
    assert json.loads(called.out)["$id"] == f"urn:reconciler:schema:{name}"


def test_without_a_name_it_is_that_of_the_specs(repository: Repository) -> None:
    assert repository.run("schema") == repository.run("schema", "specs")


def test_an_unknown_name_is_bad_usage(repository: Repository) -> None:
    called = repository.run("schema", "contacts")

    assert called.code == 1
    assert "'specs', 'project', 'plan', 'receipt'" in called.err


def test_plans_receipts_and_runs_hold_what_their_schemas_describe_and_nothing_else(repository: Repository) -> None:
    first = repository.run("plan", "--out", "first.json")
    applied = repository.run("apply", "--yes", "--receipt", "receipt.json")
    spec = (repository.root / "specs/support.yaml").read_text()
    changed = spec.replace("plan: premium", "plan: {tier: [1, true]}").replace("from the spec", "changed")
    repository.write("specs/support.yaml", changed)
    second = repository.run("plan", "--out", "second.json")
    repository.write("runs.json", repository.run("runs", "--format", "json").out)
    plan_schema, receipt_schema, runs_schema = (
        repository.run("schema", name).out for name in ("plan", "receipt", "runs")
    )

    assert (first.code, applied.code, second.code) == (0, 0, 0)
    assert list(refusals(plan_schema, repository.root / "first.json")) == []
    assert list(refusals(plan_schema, repository.root / "second.json")) == []
    assert list(refusals(receipt_schema, repository.root / "receipt.json")) == []
    assert list(refusals(runs_schema, repository.root / "runs.json")) == []
    assert list(refusals(receipt_schema, repository.root / "first.json"))
