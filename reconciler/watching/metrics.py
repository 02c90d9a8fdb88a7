"""Metrics for Prometheus: counts and times by environment, and neither addresses nor values."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from reconciler.watching.report import Report

_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400)


class Metrics:
    """The metrics of one watch, in a registry of their own."""

    def __init__(self, *, version: str) -> None:
        self.registry = CollectorRegistry()
        self._environment = ""
        self._labelled: list[Counter | Gauge | Histogram] = []
        of_environment, of_kind = ("environment",), ("environment", "kind")
        self._runs = self._counter("runs", "Runs that ended, by result.", ("environment", "result"))
        self._last_run = self._gauge("last_run_timestamp_seconds", "When the last run ended.", of_environment)
        self._last_success = self._gauge(
            "last_success_timestamp_seconds",
            "When the last run with the result ok ended; 0 if none has.",
            of_environment,
        )
        self._pending = self._gauge(
            "pending_changes", "Changes that the last plan found and that are not applied, by kind.", of_kind
        )
        self._drift = self._gauge(
            "drift", "1 while changes are pending, else 0; what is uncertain does not count.", of_environment
        )
        self._uncertain = self._gauge(
            "uncertain_operations", "Operations of the last plan that may not be needed.", of_environment
        )
        self._unmanaged = self._gauge("unmanaged_facts", "Live facts that no spec names.", of_environment)
        self._valid = self._gauge(
            "specs_valid", "1 if the last run could use specs, reconciler.yaml and environment, else 0.", of_environment
        )
        self._operations = self._counter("operations", "Operations applied, by outcome.", ("environment", "outcome"))
        self._requests = self._counter("requests_sent", "Requests sent to the API.", of_environment)
        self._throttled = self._counter(
            "throttled_seconds", "Seconds spent waiting for a rate limit, known or announced by a 429.", of_environment
        )
        self._duration = self._histogram("run_duration_seconds", "How long runs took, their waits included.")
        Info("reconciler_build", "Which reconciler this is.", registry=self.registry).info({"version": version})

    def note(self, report: Report) -> None:
        """Record a run that ended; metrics under an earlier name of the environment are removed."""
        name = report.environment
        self._name(name)
        ended = datetime.fromisoformat(report.started_at).timestamp() + report.seconds
        self._runs.labels(name, report.result).inc()
        self._requests.labels(name).inc(report.requests)
        self._throttled.labels(name).inc(report.seconds_throttled)
        self._duration.labels(name).observe(report.seconds)
        self._last_run.labels(name).set(ended)
        if report.result == "ok":
            self._last_success.labels(name).set(ended)
        self._valid.labels(name).set(report.result != "invalid")
        self._note_reading(report)

    def _name(self, environment: str) -> None:
        if environment == self._environment:
            return
        for metric in self._labelled:
            metric.clear()
        self._environment = environment
        self._last_success.labels(environment)  # 0, so that an alert on its age hears of a watch that never succeeds

    def _note_reading(self, report: Report) -> None:
        name, account = report.environment, report.account
        if account is None:
            return
        self._drift.labels(name).set(account.has_drift)
        self._uncertain.labels(name).set(account.summary.uncertain)
        self._unmanaged.labels(name).set(account.summary.facts_unmanaged)
        for kind, number in account.pending.items():
            self._pending.labels(name, kind).set(number)
        for outcome, number in (account.outcomes or {}).items():
            self._operations.labels(name, outcome).inc(number)

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        counter = Counter(f"reconciler_{name}", text, labels, registry=self.registry)
        self._labelled.append(counter)
        return counter

    def _gauge(self, name: str, text: str, labels: tuple[str, ...]) -> Gauge:
        gauge = Gauge(f"reconciler_{name}", text, labels, registry=self.registry)
        self._labelled.append(gauge)
        return gauge

    def _histogram(self, name: str, text: str) -> Histogram:
        histogram = Histogram(f"reconciler_{name}", text, ("environment",), buckets=_SECONDS, registry=self.registry)
        self._labelled.append(histogram)
        return histogram
