import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from filelock import FileLock

from reconciler import __version__
from reconciler.cli.main import group
from reconciler.sandbox import faults
from reconciler.sandbox.faults import Rule, envelope_error
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.storage.journal import JournalFolder
from tests.cli.conftest import PROJECT, SPEC, Repository, journal_of
from tests.cli.test_runs import tear
from tests.cli.watched import FakeTime, Watch, live_facts, many

KEY = "sk-live-key"
PATIENCE = 120
MINUTE = 60.0


@pytest.fixture
def watch_of(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Watch]:
    del repository
    monkeypatch.setenv("TEST_KEY", KEY)

    def make(ends: float, **options: Any) -> Watch:
        return Watch(capsys, FakeTime(ends), **options)

    return make


def sample(text: str, name: str) -> float:
    """Give a sample of the environment `live` by its name and its other labels."""
    line = next(line for line in text.splitlines() if line.startswith(name))
    return float(line.rpartition(" ")[2])


def test_a_minute_with_a_mistake_and_an_outage_in_between_is_told_by_log_and_metrics(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    watch = watch_of(MINUTE, since=13.0, until=34.0)
    seen: dict[str, Any] = {}

    def note(name: str) -> Callable[[], None]:
        return lambda: seen.update({name: (watch.writes, watch.get("/metrics")[1], watch.get("/readyz")[0])})

    def write(spec: str) -> Callable[[], None]:
        return lambda: repository.write("specs/support.yaml", spec)

    watch.time.events = [
        (7.0, write(SPEC.replace("facts:", "fcts:"))),
        (11.0, note("mistaken")),
        (12.0, write(SPEC.replace("premium", "trial"))),
        (35.0, note("down")),
        (59.0, note("end")),
    ]

    assert watch.run(interval=5) == 0
    assert watch.story == ["ok", "invalid", "unavailable", "ok"]
    assert "error: specs/support.yaml:" in watch.told
    assert 'did you mean "facts"?' in watch.told
    assert "unavailable, 1 error; 6 requests in 1" in watch.told
    assert "; next in 10 s" in watch.told
    assert live_facts(watch.store) == [{"name": "Sarah", "plan": "trial"}]

    writes, text, ready = seen["mistaken"]
    assert (writes, sample(text, "reconciler_specs_valid"), ready) == (4, 0, 503)
    writes, text, ready = seen["down"]
    assert (writes, sample(text, "reconciler_specs_valid"), ready) == (4, 1, 503)
    writes, text, ready = seen["end"]
    assert (writes, sample(text, "reconciler_specs_valid"), ready) == (5, 1, 200)
    assert sample(text, 'reconciler_operations_total{environment="live",outcome="done"}') == 5
    assert sample(text, "reconciler_drift") == 0
    for result in set(watch.results):
        name = f'reconciler_runs_total{{environment="live",result="{result}"}}'
        assert sample(text, name) == watch.results.count(result)


def test_while_the_account_is_down_pauses_grow_and_an_answer_resets_them(watch_of: Callable[..., Watch]) -> None:
    watch = watch_of(1200.0, since=0.0, until=500.0)
    alive: list[int] = []
    watch.time.events = [(900.0, lambda: alive.append(watch.get("/healthz")[0]))]
    watch.run(interval=30, applies=False)
    pauses = [
        line.rpartition("next in ")[2].partition(" (")[0] for line in watch.told.splitlines() if "next in" in line
    ]

    assert watch.story == ["unavailable", "ok"]
    assert pauses[:5] == ["1 min", "2 min", "4 min", "8 min", "30 s"]
    assert alive == [200]  # a pause that was announced is no silence


def test_what_was_applied_is_pending_no_more(watch_of: Callable[..., Watch]) -> None:
    watch = watch_of(MINUTE)
    text: list[str] = []
    watch.time.events = [(30.0, lambda: text.append(watch.get("/metrics")[1]))]
    watch.run(interval=100)

    assert sample(text[0], "reconciler_drift") == 0
    assert sample(text[0], 'reconciler_pending_changes{environment="live",kind="facts_to_add"}') == 0


def test_what_is_applied_is_on_record(
    repository: Repository, watch_of: Callable[..., Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    watch_of(MINUTE).run(interval=100)

    record = journal_of(repository).header.run
    assert (record.actor, record.version) == ("octocat", __version__)
    assert record.plan_digest


def test_without_apply_nothing_is_written_and_drift_stays(watch_of: Callable[..., Watch]) -> None:
    watch = watch_of(MINUTE)
    text: list[str] = []
    watch.time.events = [(59.0, lambda: text.append(watch.get("/metrics")[1]))]
    watch.run(interval=30, applies=False)

    assert watch.writes == 0
    assert sample(text[0], "reconciler_drift") == 1
    assert sample(text[0], 'reconciler_pending_changes{environment="live",kind="facts_to_add"}') == 2


def test_no_value_no_secret_and_no_phone_number_is_told(watch_of: Callable[..., Watch]) -> None:
    store = Store()
    watch = watch_of(MINUTE, store=store)
    text: list[str] = []
    watch.time.events = [(59.0, lambda: text.append(watch.get("/metrics")[1] + watch.get("/healthz")[1]))]
    watch.run(interval=30)

    for private in (KEY, "Sarah", "premium", "4155550192", "crm-sarah", "contacts."):
        assert private not in watch.told + text[0]


def test_as_json_every_line_of_the_log_is_an_object(repository: Repository, watch_of: Callable[..., Watch]) -> None:
    watch = watch_of(MINUTE)
    watch.time.events = [(20.0, lambda: repository.write("specs/support.yaml", "scopes: 1\n"))]
    watch.run(interval=30, output_format="json")
    entries = [json.loads(line) for line in watch.told.splitlines()]

    assert [entry["event"] for entry in entries] == ["note", "note", "run", "run", "note"]
    assert [entry["result"] for entry in entries[2:4]] == ["ok", "invalid"]
    assert entries[2]["outcomes"]["done"] == 4
    assert entries[3]["errors"][0].startswith("specs/support.yaml:1:9 ")


def test_the_same_errors_are_not_repeated_line_by_line(repository: Repository, watch_of: Callable[..., Watch]) -> None:
    repository.write("specs/support.yaml", "scopes: 1\n")
    watch = watch_of(MINUTE)
    watch.run(interval=20)

    assert watch.results == ["invalid", "invalid", "invalid"]
    assert watch.told.count("error: specs/support.yaml:1:9") == 1
    assert watch.told.count("(errors as before)") == 2


def test_a_project_that_cannot_be_read_is_told_under_the_name_that_was_asked_for(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    repository.write("reconciler.yaml", "version: 2\n")
    watch = watch_of(10.0)
    watch.run(interval=20)

    assert " live: invalid, " in watch.told
    assert "error: reconciler.yaml:" in watch.told


def test_a_key_that_is_missing_is_told_and_waited_for(
    watch_of: Callable[..., Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = watch_of(MINUTE)
    monkeypatch.delenv("TEST_KEY")
    watch.time.events = [(15.0, lambda: monkeypatch.setenv("TEST_KEY", KEY))]
    watch.run(interval=20)

    assert watch.story == ["invalid", "ok"]
    assert "set the environment variable TEST_KEY" in watch.told


def test_a_key_that_is_refused_is_backed_off_from(watch_of: Callable[..., Watch]) -> None:
    watch = watch_of(MINUTE, settings=Settings(key="another"))
    watch.run(interval=10)

    assert watch.results == ["rejected", "rejected", "rejected"][: len(watch.results)]
    assert "next in 20 s" in watch.told
    assert "next in 40 s" in watch.told


def test_a_value_of_the_account_in_a_mistaken_spec_is_not_in_the_log(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    repository.write("specs/support.yaml", f"live_values: true\n{SPEC.replace('+14155550192', 'held-number')}")
    watch = watch_of(5.0)
    watch.run(interval=10)

    assert "a phone number is expected, not a text" in watch.told
    assert "held-number" not in watch.told


def test_while_another_apply_is_at_work_runs_are_refused(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    watch = watch_of(100.0)
    locks: list[FileLock] = []

    def take() -> None:
        (path,) = (repository.root / ".reconciler/leases").glob("*[!n].lock")
        locks.append(FileLock(path))
        locks[0].acquire()

    def release() -> None:
        locks[0].release()

    watch.time.events = [(5.0, take), (35.0, release)]
    watch.run(interval=10)

    assert watch.story == ["ok", "refused", "ok"]
    assert "another apply is at work on this account; nothing was written" in watch.told


def test_what_a_killed_run_left_open_is_resolved_by_the_next_run(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    folder = JournalFolder(repository.root / ".reconciler/journal")
    watch = watch_of(MINUTE)
    watch.time.events = [(5.0, lambda: tear(folder.paths()[0], lines=4))]
    watch.run(interval=10)

    assert watch.told.count("ended without a receipt: of 2 operations begun, 1 has a known outcome") == 1
    assert [(run.state, run.resolved) for run in folder.runs()] == [("killed", True)]


def test_what_a_guard_forbids_is_refused_and_its_drift_is_told(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    project = (repository.root / "reconciler.yaml").read_text()
    repository.write(
        "reconciler.yaml", project.replace("api_key_env: TEST_KEY", "api_key_env: TEST_KEY, guards: {max_changes: 1}")
    )
    watch = watch_of(MINUTE)
    watch.run(interval=100)

    assert watch.results == ["refused"]
    assert "max_changes" in watch.told


def test_an_apply_that_cannot_do_all_is_incomplete_and_its_drift_stays(watch_of: Callable[..., Watch]) -> None:
    watch = watch_of(MINUTE)
    watch.run(interval=100, max_requests=4)

    assert watch.results == ["incomplete"]
    assert "skipped" in watch.told


def test_the_reason_of_a_failure_is_told_once_while_it_stays(watch_of: Callable[..., Watch]) -> None:
    refused = Rule(fault=envelope_error(400, "BAD_REQUEST", "no"), method="PATCH")
    watch = watch_of(MINUTE, rules=(refused,))
    watch.run(interval=10)

    assert len(watch.results) > 2
    assert watch.story == ["incomplete"]
    assert watch.told.count(" contacts.sarah.scopes.support (failed): the API answered 400, BAD_REQUEST\n") == 1


def test_what_the_account_changes_is_not_written_again_until_specs_or_account_change(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    repository.write("specs/support.yaml", SPEC.replace("plan: premium", 'plan: " premium "'))
    watch = watch_of(10 * MINUTE, settings=Settings(texts="trimmed"))
    seen: dict[str, int] = {}

    def learn() -> None:
        seen["before"] = watch.writes
        (memory,) = watch.store.memories.everything()
        watch.store.learn_facts(str(memory["id"]), {"plan": "gold"})

    def declare() -> None:
        seen["learned"] = watch.writes
        repository.write("specs/support.yaml", SPEC)

    watch.time.events = [(3 * MINUTE, learn), (6 * MINUTE, declare)]
    watch.run(interval=10)

    assert seen == {"before": 4, "learned": 5}
    assert watch.writes == 5
    assert watch.story == ["incomplete", "ok"]
    assert watch.told.count("the account changes what it is sent (plan)") == 2  # once for each value


def test_what_the_account_changes_later_is_not_written_again_either_and_nothing_before_it(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    spec = SPEC.replace("plan: premium", 'plan: " premium "')
    repository.write("specs/support.yaml", spec)
    more = spec.replace("Sarah", '" Sarah"').replace("from the spec", '" from the spec"')
    watch = watch_of(MINUTE, settings=Settings(texts="trimmed"))
    writes: list[int] = []
    watch.time.events = [
        (25.0, lambda: writes.append(watch.writes)),
        (26.0, lambda: repository.write("specs/support.yaml", more)),
    ]
    watch.run(interval=10)

    assert watch.writes == writes[0] + 2
    assert watch.told.count("the account changes what it is sent") == 3


def test_what_is_written_beside_what_the_account_changes_makes_no_run_complete(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    spec = SPEC.replace("plan: premium", 'plan: " premium "')
    repository.write("specs/support.yaml", spec)
    watch = watch_of(MINUTE, settings=Settings(texts="trimmed"))
    drift: list[float] = []
    watch.time.events = [
        (25.0, lambda: repository.write("specs/support.yaml", spec.replace("Sarah", "Sally"))),
        (35.0, lambda: drift.append(sample(watch.get("/metrics")[1], "reconciler_drift"))),
    ]
    watch.run(interval=10)

    assert live_facts(watch.store) == [{"name": "Sally", "plan": "premium"}]
    assert watch.story == ["incomplete"]
    assert drift == [1]


def test_a_plan_that_the_budget_does_not_cover_is_incomplete(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    repository.write("specs/support.yaml", many(5, identified="contact_id"))
    watch = watch_of(MINUTE, settings=Settings(seeds_only=True))
    watch.run(interval=100, max_requests=2)

    assert watch.results == ["incomplete"]
    assert watch.writes == 0


def test_an_account_that_is_down_is_backed_off_from_before_the_budget_is_blamed(watch_of: Callable[..., Watch]) -> None:
    watch = watch_of(MINUTE, until=1000.0)
    watch.run(interval=10, max_requests=2)

    assert watch.story == ["unavailable"]
    assert watch.told.count("the 2 of --max-requests are used up (the API answered 502") == 1
    assert "next in 20 s" in watch.told
    assert "next in 40 s" in watch.told


def test_what_is_uncertain_is_sent_once_and_not_by_every_run(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    spec = SPEC.replace("external_id: crm-sarah", "contact_id: id-1")
    repository.write("specs/support.yaml", spec)
    watch = watch_of(100.0, settings=Settings(seeds_only=True))
    attempts: list[int] = []
    watch.time.events = [(at, lambda: attempts.append(adds(watch))) for at in (5.0, 45.0)]
    other = spec.replace("premium", "trial").replace("from the spec", "of another text")
    watch.time.events.append((50.0, lambda: repository.write("specs/support.yaml", other)))
    watch.run(interval=10)

    assert attempts == [1, 1]
    assert adds(watch) == 2
    assert live_facts(watch.store) == [{"name": "Sarah", "plan": "trial"}]


def test_what_is_uncertain_and_failed_is_sent_by_the_next_run(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    repository.write("specs/support.yaml", SPEC.replace("external_id: crm-sarah", "contact_id: id-1"))
    refusal = faults.envelope_error(400, "BAD_REQUEST", "not now")
    rule = Rule(fault=refusal, path="*/add-user", occurrences=frozenset({1}))
    watch = watch_of(MINUTE, settings=Settings(seeds_only=True), rules=(rule,))
    metrics: list[str] = []
    watch.time.events = [(5.0, lambda: metrics.append(watch.get("/metrics")[1]))]
    watch.run(interval=10)

    assert watch.story == ["incomplete", "ok"]
    assert sample(metrics[0], "reconciler_drift") == 0  # all that is certain is done
    assert adds(watch) == 2


def test_what_is_uncertain_alone_is_no_drift(repository: Repository, watch_of: Callable[..., Watch]) -> None:
    repository.write("specs/support.yaml", SPEC.replace("external_id: crm-sarah", "contact_id: id-1"))
    watch = watch_of(MINUTE, settings=Settings(seeds_only=True))
    watch.run(interval=MINUTE)
    metrics: list[str] = []
    again = Watch(watch.capture, FakeTime(MINUTE), settings=watch.settings, store=watch.store)
    again.time.events = [(5.0, lambda: metrics.append(again.get("/metrics")[1]))]
    again.run(interval=MINUTE, applies=False)

    assert sample(metrics[0], "reconciler_uncertain_operations") == 1
    assert sample(metrics[0], "reconciler_drift") == 0


def adds(watch: Watch) -> int:
    return sum(entry.path.endswith("/add-user") for entry in watch.app.state.log)


def test_runs_share_the_window_of_the_rate_limit(repository: Repository, watch_of: Callable[..., Watch]) -> None:
    repository.write("reconciler.yaml", PROJECT.replace("TEST_KEY}", "TEST_KEY, rate_limit: 2/1m}"))
    repository.write("specs/support.yaml", many(2, identified="contact_id"))
    watch = watch_of(130.0, settings=Settings(seeds_only=True, rate_limit=(2, 60.0)))
    watch.run(interval=10, applies=False)
    statuses = [entry.status for entry in watch.app.state.log if entry.path.startswith("/v1/memory")]

    assert set(statuses) == {200}
    assert "50 s of it waiting for the limit" in watch.told
    assert "waiting 50 s: the rate limit of 2/1m" in watch.told


def test_a_long_wait_for_the_rate_limit_is_no_silence(repository: Repository, watch_of: Callable[..., Watch]) -> None:
    repository.write("reconciler.yaml", PROJECT.replace("TEST_KEY}", "TEST_KEY, rate_limit: 2/30m}"))
    repository.write("specs/support.yaml", many(3, identified="contact_id"))
    watch = watch_of(2000.0, settings=Settings(seeds_only=True, rate_limit=(2, 1800.0)))
    found: list[int] = []
    watch.time.events = [(1700.0, lambda: found.append(watch.get("/healthz")[0]))]
    watch.run(interval=10, applies=False)

    assert "waiting 30 min: the rate limit of 2/30m" in watch.told
    assert found == [200]


def test_a_run_that_sends_nothing_does_not_empty_the_window_of_the_rate_limit(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    repository.write("reconciler.yaml", PROJECT.replace("TEST_KEY}", "TEST_KEY, rate_limit: 2/1m}"))
    spec = many(2, identified="contact_id")
    repository.write("specs/support.yaml", spec)
    watch = watch_of(80.0, settings=Settings(seeds_only=True, rate_limit=(2, 60.0)))
    watch.time.events = [
        (5.0, lambda: repository.write("specs/support.yaml", spec.replace("facts:", "fcts:"))),
        (15.0, lambda: repository.write("specs/support.yaml", spec)),
    ]
    watch.run(interval=10, applies=False)

    assert watch.story[:3] == ["ok", "invalid", "ok"]
    assert {entry.status for entry in watch.app.state.log if entry.path.startswith("/v1/memory")} == {200}


def test_a_link_to_a_clone_may_move_between_runs_and_the_state_stays(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    link = repository.root / "current"
    for name, plan in (("first", "premium"), ("second", "trial")):
        repository.write(f"{name}/reconciler.yaml", PROJECT)
        repository.write(f"{name}/specs/support.yaml", SPEC.replace("premium", plan))
    link.symlink_to(repository.root / "first")

    def move() -> None:
        fresh = repository.root / "fresh"
        fresh.symlink_to(repository.root / "second")
        fresh.replace(link)

    watch = watch_of(30.0)
    watch.time.events = [(5.0, move)]
    watch.run(interval=20, project=str(link), state=str(repository.root / "state"))

    assert live_facts(watch.store) == [{"name": "Sarah", "plan": "trial"}]
    assert len([*JournalFolder(repository.root / "state/journal").runs()]) == 2
    assert not list(repository.root.rglob(".reconciler"))


@pytest.mark.parametrize(
    "option",
    [
        ("--interval", "5"),
        ("--interval", "0"),
        ("--interval", "soon"),
        ("--jitter", "1d"),
        ("--listen", "9377"),
        ("--listen", "127.0.0.1:70000"),
    ],
)
def test_options_that_cannot_be_meant_are_bad_usage(repository: Repository, option: tuple[str, str]) -> None:
    called = repository.run("watch", *option)

    assert called.code == 1
    assert "Error: Invalid value for" in called.err


def test_help_does_not_import_what_watches() -> None:
    code = (
        "import sys; from reconciler.cli.main import main; main(['watch', '--help']); "
        "print('prometheus_client' in sys.modules)"
    )
    out = subprocess.run(  # noqa: S603  this program
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert out.endswith("False\n")


def test_an_ipv6_address_is_taken_in_brackets() -> None:
    watch = group.get_command(click.Context(group), "watch")
    assert watch is not None
    with watch.make_context("watch", ["--listen", "[::1]:9378", "--jitter", "0"]) as context:
        assert (context.params["listen"], context.params["jitter"]) == (("::1", 9378), 0.0)


def test_ids_that_cannot_be_kept_are_told_once_and_end_nothing(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    (repository.root / ".reconciler/ids.json").mkdir(parents=True)
    watch = watch_of(MINUTE)
    watch.run(interval=20)

    assert watch.story == ["ok"]
    assert watch.told.count("memory ids are not remembered") == 1


def test_a_state_that_cannot_be_kept_is_told_and_nothing_is_written(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    repository.write(".reconciler", "a file in the way")
    watch = watch_of(10.0)
    watch.run(interval=20)

    assert watch.results == ["unsaved"]
    assert watch.writes == 0


def test_a_stop_ends_the_waits_of_a_plan_and_is_no_failure_of_the_account(watch_of: Callable[..., Watch]) -> None:
    watch = watch_of(5.0, until=1000.0)

    assert watch.run(interval=20) == 0
    assert watch.results == ["stopped"]
    assert "error" not in watch.told


def test_users_are_read_once_a_day_and_by_each_run_with_refresh(watch_of: Callable[..., Watch]) -> None:
    day, hour = 86_400.0, 3_600.0
    watch = watch_of(2 * day - hour)
    seen: list[str] = []

    def change_elsewhere() -> None:
        (user,) = watch.store.users.everything()
        watch.store.users.update(str(user["id"]), metadata="of somebody else", summary=None)

    def look() -> None:
        (user,) = watch.store.users.everything()
        seen.append(str(user["metadata"]))

    watch.time.events = [(hour / 2, change_elsewhere), (day - hour, look), (day + 2 * hour, look)]
    watch.run(interval=hour)

    assert seen == ["of somebody else", "from the spec"]
    assert user_reads(watch) == 1  # the memory is new in the first run

    anew = watch_of(5 * hour)
    anew.run(interval=hour, refresh=True)
    assert user_reads(anew) == len(anew.results) - 1


def user_reads(watch: Watch) -> int:
    return sum(entry.method == "GET" and entry.path.startswith("/v1/memory/mem-") for entry in watch.app.state.log)
