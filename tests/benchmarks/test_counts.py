"""What keeps the tool fast, counted and not timed."""

import gc
import os
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import deepdiff
import pytest

from reconciler.cli.main import main
from reconciler.core.model.desired import Fact
from reconciler.core.plan.diff import diff_facts
from reconciler.core.rules import reading
from reconciler.core.rules.engine import Variables
from reconciler.errors import Source
from reconciler.reading.row_files import read_rows
from tests.benchmarks.server import Traffic
from tests.benchmarks.serving import serving
from tests.benchmarks.world import World, write_project, write_rules

HERE = Source("a.yaml", 1, 1)
SIZE = 450
CONCURRENCY = 8


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_KEY", "benchmark")


def traffic(world: World, folder: Path, *command: str, reader: str = "auto") -> Traffic:
    """Run a command on a world and give what the server saw."""
    with serving(world, latency=0.0) as served:
        project = write_project(world, folder / "repository", url=served.url, reader=reader, concurrency=CONCURRENCY)
        assert main(["--project", str(project), *command]) == 0
        return served.traffic()


def test_a_plan_takes_a_request_for_two_hundred_contacts(tmp_path: Path) -> None:
    assert traffic(World(SIZE), tmp_path, "plan").by_call == {"GET contacts": 3}


def test_a_plan_without_contacts_routes_takes_a_request_a_memory(tmp_path: Path) -> None:
    seen = traffic(World(SIZE), tmp_path, "plan", reader="context")

    assert seen.by_call == {"GET context": SIZE}
    assert seen.connections <= CONCURRENCY


def test_an_apply_with_nothing_to_do_writes_nothing(tmp_path: Path) -> None:
    assert traffic(World(SIZE), tmp_path, "apply", "--yes").by_call == {"GET contacts": 3}


def test_a_new_memory_with_facts_takes_two_writes_no_connection_more_and_a_sync_shared_with_all_that_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    seen = traffic(World(SIZE, new=True), tmp_path, "apply", "--yes")

    assert seen.by_call == {"GET contacts": 3, "POST memory": SIZE, "PATCH facts": SIZE}
    assert seen.connections <= CONCURRENCY
    assert 0 < len(synced) < 2 * SIZE / 3, "of two operations a memory, eight at once: half as many as without waiting"


def test_ten_rules_send_no_request_and_turn_to_each_memory_and_change_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[object] = []

    class Counted(Variables):
        def hold(self, values: Mapping[str, object]) -> frozenset[str]:
            turns.append(values)
            return super().hold(values)

    monkeypatch.setattr(reading, "Variables", Counted)
    world = World(SIZE, changed=1.0)
    with serving(world, latency=0.0) as served:
        project = write_project(world, tmp_path / "repository", url=served.url)
        write_rules(project / "specs" / "rules.yaml")
        assert main(["--project", str(project), "plan"]) == 0
        assert served.traffic().by_call == {"GET contacts": 3}

    assert len(turns) == 3 * SIZE + 1  # contacts, memories, changes, and the totals


def test_deepdiff_is_called_once_for_a_memory_that_differs_and_sees_only_what_differs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[object] = []
    inner = deepdiff.DeepDiff

    def counted(*arguments: Any, **settings: Any) -> object:
        calls.append(arguments[0])
        return inner(*arguments, **settings)

    monkeypatch.setattr(deepdiff, "DeepDiff", counted)
    facts = [Fact("plan", {"tier": "gold", "seats": 4}, "enforce", HERE), Fact("city", "Leeds", "enforce", HERE)]

    equal: dict[str, Any] = {"plan": {"tier": "gold", "seats": 4.0}, "city": "Leeds"}
    held: list[dict[str, Any]] = [equal, {}, {"other": 1}]
    for live in held:
        diff_facts(facts, live)
    assert calls == []

    diff_facts(facts, {**equal, "city": "Tampere"})
    diff_facts(facts, {"plan": {"tier": "silver", "seats": 4}, "city": "Tampere"})
    assert calls == [{"city": "Tampere"}, {"plan": {"tier": "silver", "seats": 4}, "city": "Tampere"}]


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("guests.csv", "guest,crm_id,note\n", 'g-{at},c-{at},"a, ""b"" of some length"\n'),
        ("guests.jsonl", "", '{{"guest": "g-{at}", "crm_id": "c-{at}", "note": ["a", {{"b": 1}}]}}\n'),
    ],
)
def test_rows_stream_with_no_more_objects_alive_than_a_few(tmp_path: Path, name: str, header: str, row: str) -> None:
    with (tmp_path / name).open("w") as file:
        file.write(header)
        file.writelines(row.format(at=at) for at in range(8_000))
    gc.collect()
    tracemalloc.start()
    before, alive, peaks = len(gc.get_objects()), [], []
    tracemalloc.reset_peak()
    for at, _ in enumerate(read_rows(tmp_path / name, name=name), start=1):
        if at % 2_000 == 0:
            peaks.append(tracemalloc.get_traced_memory()[1])
            alive.append(len(gc.get_objects()))
            tracemalloc.reset_peak()  # of the list of all objects
    tracemalloc.stop()

    assert len(alive) == 4
    assert max(alive) - before < 100
    assert max(peaks) < 200_000 < (tmp_path / name).stat().st_size
