"""One command: run a chosen set of contests and print what came of it."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks import own
from benchmarks.chart import render_chart, series_of
from benchmarks.contest import Contestant, Held, Result, Skipped, hold
from benchmarks.contests import CONCURRENCY, CONTESTS, LATENCY, SETS, SIZES, Stage
from benchmarks.keeping import UnreadableResultsError, keep, kept, merged
from benchmarks.machine import described
from benchmarks.process import RunFailedError
from benchmarks.readme import NoMarkersError, rewritten
from benchmarks.table import render_goals, render_machines, render_missed, render_results
from benchmarks.verdicts import judge

_REPEATED, _MOST_BEYOND = 10_000, 2


def _sizes(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    sizes = tuple(int(size) if size.strip().isdecimal() else 0 for size in text.split(","))
    if min(sizes) < 1:
        raise click.BadParameter("give numbers of 1 and more with commas between them")
    return sizes


@click.command()
@click.option("--set", "chosen", type=click.Choice(tuple(SETS)), default="quick", show_default=True)
@click.option("--sizes", callback=_sizes, default="100,1000,10000", show_default=True, help="Numbers of memories.")
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help=f"Runs of each; beyond {_REPEATED:,} memories {_MOST_BEYOND} at most.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep results, tables and picture here, beside those of former runs.",
)
@click.option(
    "--readme",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Rewrite what this README tells of it.",
)
def main(chosen: str, sizes: tuple[int, ...], rounds: int, out: Path | None, readme: Path | None) -> None:
    """Measure this tool beside its peers and the limit of the wire."""
    try:
        contests = _former(out, readme)
        own.programs()
        for name in SETS[chosen]:
            for size in SIZES.get(name, sizes):
                click.echo(f"{name}, {size:,}", err=True)
                held = _held(name, size, rounds=rounds if size <= _REPEATED else min(rounds, _MOST_BEYOND))
                contests = sorted(merged(contests, held), key=_place)
                _keep(out, readme, contests)
    except (own.NotInstalledError, UnreadableResultsError, NoMarkersError, RunFailedError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(_text(contests))


def _former(out: Path | None, readme: Path | None) -> list[Held]:
    """Give the contests that are kept; raises before anything is measured what would lose it after."""
    if out is None:
        former = []
    else:
        out.mkdir(parents=True, exist_ok=True)
        former = kept(out)
    if readme is not None:
        rewritten(readme.read_text(encoding="utf-8"), former)
    return former


def _place(held: Held) -> tuple[int, int]:
    return tuple(CONTESTS).index(held.contest), held.size


def _held(name: str, size: int, *, rounds: int) -> Held:
    stage = Stage(size)
    with stage.stack:
        entries = list(CONTESTS[name](stage))
        machine = described()
        contestants = [entry for entry in entries if isinstance(entry, Contestant)]
        held = list(hold(name, size, contestants, rounds=rounds, warms_up=size <= _REPEATED))
    results = tuple(one for one in held if isinstance(one, Result))
    return Held(name, size, machine, results, tuple(one for one in (*entries, *held) if isinstance(one, Skipped)))


def _text(contests: Sequence[Held]) -> str:
    verdicts = judge(contests)
    conditions = f"Loopback server, {LATENCY * 1000:g} ms a response, {CONCURRENCY} at once; medians."
    parts = (render_results(contests), render_goals(verdicts), render_missed(verdicts))
    return "\n".join([conditions, render_machines(contests), "", *filter(None, parts)])


def _keep(folder: Path | None, readme: Path | None, contests: Sequence[Held]) -> None:
    if folder is not None:
        keep(folder, contests)
        (folder / "results.md").write_text(_text(contests))
        lines = series_of([one for held in contests for one in held.results])
        if lines:
            (folder / "time.svg").write_text(render_chart(lines))
    if readme is not None:
        readme.write_text(rewritten(readme.read_text(encoding="utf-8"), contests), encoding="utf-8")


def _end(_signal: int, _frame: object) -> None:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    main()
