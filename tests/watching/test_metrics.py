import re

from msgspec.structs import replace
from prometheus_client import generate_latest

from reconciler.watching.metrics import Metrics
from tests.watching.reports import account, report


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"reconciler_{name}", {"environment": "production"} | labels)


def test_before_the_first_run_nothing_is_claimed() -> None:
    metrics = Metrics(version="1")

    assert value(metrics, "drift") is None
    assert value(metrics, "specs_valid") is None
    assert value(metrics, "last_success_timestamp_seconds") is None


def test_a_plan_sets_drift_and_pending_changes_by_kind() -> None:
    metrics = Metrics(version="1")
    metrics.note(report(account=account(facts_to_add=2, facts_unmanaged=7, uncertain=1)))

    assert value(metrics, "drift") == 1
    assert value(metrics, "pending_changes", kind="facts_to_add") == 2
    assert value(metrics, "pending_changes", kind="users_to_add") == 0
    assert (value(metrics, "unmanaged_facts"), value(metrics, "uncertain_operations")) == (7, 1)


def test_what_was_applied_is_not_pending_any_more() -> None:
    metrics = Metrics(version="1")
    done = replace(account(facts_to_add=2), has_drift=False, outcomes={"done": 1, "failed": 0})
    metrics.note(report(account=done))

    assert (value(metrics, "drift"), value(metrics, "pending_changes", kind="facts_to_add")) == (0, 0)
    assert value(metrics, "operations_total", outcome="done") == 1


def test_a_run_without_an_answer_leaves_what_was_known_and_the_time_of_the_last_success() -> None:
    metrics = Metrics(version="1")
    metrics.note(report(account=account(facts_to_add=2)))
    success = value(metrics, "last_success_timestamp_seconds")
    metrics.note(replace(report("unavailable"), started_at="2027-03-31T15:00:00.000Z"))

    assert value(metrics, "runs_total", result="unavailable") == 1
    assert value(metrics, "drift") == 1
    assert value(metrics, "specs_valid") == 1
    assert value(metrics, "last_success_timestamp_seconds") == success
    assert value(metrics, "last_run_timestamp_seconds") == (success or 0) + 3600


def test_specs_that_were_mended_are_valid_though_the_account_is_down() -> None:
    metrics = Metrics(version="1")
    metrics.note(report("invalid", errors=("x",)))
    metrics.note(report("unavailable"))

    assert value(metrics, "specs_valid") == 1


def test_a_watch_that_has_never_succeeded_says_0_which_is_long_ago() -> None:
    metrics = Metrics(version="1")
    metrics.note(report("rejected"))

    assert value(metrics, "last_success_timestamp_seconds") == 0


def test_what_was_told_before_the_environment_was_known_goes_once_it_is() -> None:
    metrics = Metrics(version="1")
    metrics.note(replace(report("invalid", errors=("x",)), environment="unknown"))
    assert value(metrics, "specs_valid", environment="unknown") == 0

    metrics.note(report(account=account()))
    text = generate_latest(metrics.registry).decode()

    assert 'environment="production"' in text
    assert "unknown" not in text


def test_invalid_specs_are_a_metric() -> None:
    metrics = Metrics(version="1")
    metrics.note(report("invalid", errors=("x",)))

    assert value(metrics, "specs_valid") == 0


def test_every_metric_says_what_it_is() -> None:
    metrics = Metrics(version="1")
    metrics.note(report(account=account(facts_to_add=2)))
    lines = generate_latest(metrics.registry).decode().splitlines()
    told = {line.split()[2] for line in lines if line.startswith("# HELP") and len(line.split()) > 3}

    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} == told
    assert all(name.startswith("reconciler_") for name in told)


def test_the_buckets_of_seconds_are_what_dashboards_rely_on() -> None:
    metrics = Metrics(version="1")
    metrics.note(report())
    text = generate_latest(metrics.registry).decode()

    buckets = re.findall(r'_seconds_bucket\{[^}]*le="([^"]+)"', text)
    assert [*map(float, buckets)] == [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, float("inf")]
