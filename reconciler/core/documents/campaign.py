"""A campaign: all shards of the same specs and all attempts at them, with what is left, and how long that takes."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.documents.plan import FORMAT_VERSION
from reconciler.core.documents.runs import AtWork, PastRun, RunHeader, RunState
from reconciler.core.model.selection import Shard
from reconciler.core.model.settings import Rate, parse_rate
from reconciler.core.model.value import DocumentPart

PartState: TypeAlias = RunState | Literal["reading"]


class CampaignPartEntry(DocumentPart, frozen=True):
    """
    One shard, or all that is declared where there are none.

    `state` is that of its newest `run`; `reading`: an apply is at work that has written no journal yet. `done` counts
    the operations of all attempts, `left` those that the newest one did not do, and `failed` those of them that failed.
    """

    shard: str | None
    state: PartState
    attempts: int
    done: int
    left: int
    failed: int
    run: str | None = None
    host: str | None = None
    last_seen_at: str | None = None
    refused_by: tuple[str, ...] = ()

    @property
    def is_at_work(self) -> bool:
        """Return whether an apply of it goes on."""
        return self.state in {"running", "reading"}


class EstimateEntry(DocumentPart, frozen=True):
    """
    What the rate limit makes of what is left, once all shards are at work again.

    `requests` count under the rate limit; `requests_not_begun` of them are of shards without a run, each taken like the
    mean of the others. `seconds` is 0 where one window of the rate limit holds them all. Refused shards do not count.
    """

    rate_limit: str
    requests: int
    requests_not_begun: int
    seconds: int


class CampaignDocument(DocumentPart, frozen=True):
    """
    All shards of the same specs, and all attempts at them. Times are ISO 8601 in UTC.

    `not_begun` are the shards without a run. Where `estimate` is left out although something is left, `no_estimate`
    is the reason.
    """

    format_version: str
    kind: Literal["campaign"]
    environment: str
    api: str
    specs_digest: str
    started_at: str
    last_seen_at: str
    done: int
    left: int
    failed: int
    parts: tuple[CampaignPartEntry, ...]
    not_begun: tuple[int, ...] = ()
    shards: int | None = None
    chosen: tuple[tuple[str, str], ...] = ()
    estimate: EstimateEntry | None = None
    no_estimate: str = ""
    commit: str | None = None
    dirty: bool | None = None

    @property
    def is_complete(self) -> bool:
        """Return whether every shard has begun and left nothing."""
        return not self.not_begun and all(part.state == "complete" for part in self.parts)


class _Part(Struct, frozen=True):
    """The runs of one shard, the oldest first; `is_reading`: another one is at work."""

    runs: Sequence[PastRun]
    is_reading: bool

    @property
    def left(self) -> int:
        """Return how many operations the newest run did not do."""
        return _left(self.runs[-1]) if self.runs else 0

    @property
    def is_refused(self) -> bool:
        return bool(self.runs) and self.runs[-1].state == "refused" and not self.is_reading

    def requests_left(self) -> float:
        """Return how many requests under the rate limit are left; a run that begins anew reads again."""
        last = self.runs[-1]
        limited, totals = last.header.limited, last.totals
        if limited is None or not self.left or self.is_refused:
            return 0
        again = 0 if last.state == "running" else limited.reads
        return again + limited.writes * self.left / max(1, sum(totals.values()) - totals["already"])

    def requests_in_all(self) -> int | None:
        """Return how many requests under the rate limit the first run foresaw that says so."""
        limited = next((run.header.limited for run in self.runs if run.header.limited), None)
        return limited.reads + limited.writes if limited else None


def describe_campaign(runs: Sequence[PastRun], at_work: Sequence[AtWork]) -> CampaignDocument:
    """
    Return the newest campaign of these runs of the same specs, one at least; `at_work` are all applies that go on.

    Once every shard is complete, the next run with something to do is of a new campaign.
    """
    runs = _newest_round(sorted(runs, key=lambda run: run.header.run.id))
    newest = runs[-1].header
    count = newest.shards.count if newest.shards else None
    parts = _parts(runs, at_work, count)
    entries = tuple(_entry(shard, parts[shard]) for shard in parts)
    not_begun = tuple(index for index in range(count or 0) if f"{index}/{count}" not in parts)
    estimate, no_estimate = _estimate(list(parts.values()), len(not_begun), newest)
    return CampaignDocument(
        format_version=FORMAT_VERSION,
        kind="campaign",
        environment=newest.environment,
        api=newest.api,
        specs_digest=newest.specs_digest,
        started_at=min(run.header.started_at for run in runs),
        last_seen_at=max(run.last_seen_at for run in runs),
        done=sum(entry.done for entry in entries),
        left=sum(entry.left for entry in entries),
        failed=sum(entry.failed for entry in entries),
        parts=entries,
        not_begun=not_begun,
        shards=count,
        chosen=newest.chosen,
        estimate=estimate,
        no_estimate=no_estimate,
        commit=newest.run.commit,
        dirty=newest.run.dirty,
    )


def _newest_round(runs: Sequence[PastRun]) -> Sequence[PastRun]:
    """Return the newest runs with something to do and all since, back to where every shard had been complete."""
    start = shown = 0
    newest: dict[Shard | None, PastRun] = {}
    for at, run in enumerate(runs):
        if _are_complete(newest) and run.header.started_at > max(one.last_seen_at for one in newest.values()):
            start, newest = at, {}
        newest[run.header.shard] = run
        if sum(run.totals.values()) > run.totals["already"]:
            shown = start
    return runs[shown:]


def _are_complete(newest: Mapping[Shard | None, PastRun]) -> bool:
    """Return whether there is a run of every shard, and none left anything."""
    count = next((shard.count for shard in newest if shard), 1)
    return len(newest) == count and all(_state(run) == "complete" for run in newest.values())


def _left(run: PastRun) -> int:
    totals = run.totals
    return sum(totals.values()) - totals["done"] - totals["already"]


def _state(run: PastRun) -> RunState:
    """Return how far a run got; one that was killed is complete once a later run has found all of it."""
    return "complete" if run.state == "killed" and run.resolved and not _left(run) else run.state


def _parts(runs: Sequence[PastRun], at_work: Sequence[AtWork], count: int | None) -> Mapping[str, _Part]:
    """Return the runs by shard, the shards in order; applies at work are of this campaign if they may be."""
    found: dict[Shard | None, list[PastRun]] = {}
    for run in runs:
        found.setdefault(run.header.shard, []).append(run)
    known = {run.header.run.id for run in runs}
    reading = {
        one.shard
        for one in at_work
        if one.run not in known
        and one.environment == runs[-1].header.environment
        and (one.shard.endswith(f"/{count}") if count else not one.shard)
    }
    by_name = {str(shard or ""): same for shard, same in found.items()}
    names = sorted(by_name.keys() | reading, key=lambda name: int(name.partition("/")[0] or 0))
    return {name: _Part(by_name.get(name, ()), name in reading) for name in names}


def _entry(shard: str, part: _Part) -> CampaignPartEntry:
    attempts = len(part.runs) + part.is_reading
    if not part.runs:
        return CampaignPartEntry(shard or None, "reading", attempts, 0, 0, 0)
    last = part.runs[-1]
    return CampaignPartEntry(
        shard=shard or None,
        state="reading" if part.is_reading else _state(last),
        attempts=attempts,
        done=sum(run.totals["done"] for run in part.runs),
        left=part.left,
        failed=last.totals["failed"],
        run=last.header.run.id,
        host=last.header.run.host,
        last_seen_at=last.last_seen_at,
        refused_by=last.refused_by,
    )


def _estimate(parts: Sequence[_Part], not_begun: int, newest: RunHeader) -> tuple[EstimateEntry | None, str]:
    """Return what the rate limit makes of what is left, or why that is not known; neither where nothing is left."""
    without_runs = not_begun + sum(not part.runs for part in parts)
    going = [part for part in parts if part.runs and part.left and not part.is_refused]
    if not (going or without_runs):
        return None, "what is left is refused" if any(part.is_refused for part in parts) else ""
    rate = _rate(newest)
    if isinstance(rate, str):
        return None, rate
    known = [number for part in parts if (number := part.requests_in_all()) is not None]
    unseen = round(without_runs * sum(known) / len(known))
    requests = round(sum(part.requests_left() for part in going)) + unseen
    windows = max(0, -(-requests // rate.requests) - 1)
    return EstimateEntry(str(rate), requests, unseen, windows * rate.seconds), ""


def _rate(newest: RunHeader) -> Rate | str:
    """Return the rate limit of all runs together, or why nobody knows how long the rest takes."""
    if newest.limited is None:
        return "its newest run is of an earlier version"
    if newest.shards and newest.limited.rate and not newest.limited.is_shared:
        return "without a shared `state`, each shard keeps to its part of rate_limit, whether the others run or not"
    try:
        return parse_rate(newest.limited.rate)
    except ValueError:
        return "the environment has no rate_limit in reconciler.yaml"
