"""One command: run a chosen set of contests and print what came of it."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from benchmarks.chart import render_chart, series_of
from benchmarks.contest import Contestant, Result, Skipped, hold
from benchmarks.contests import CONCURRENCY, CONTESTS, LATENCY, SETS, SIZES, Stage
from benchmarks.goals import judge
from benchmarks.keeping import keep, merged
from benchmarks.machine import described
from benchmarks.table import render_goals, render_results

_REPEATED = 10_000


def _sizes(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError as error:
        raise click.BadParameter("give numbers with commas between them") from error


@click.command()
@click.option("--set", "chosen", type=click.Choice(tuple(SETS)), default="quick", show_default=True)
@click.option("--sizes", callback=_sizes, default="100,1000,10000", show_default=True, help="Numbers of memories.")
@click.option(
    "--rounds", type=click.IntRange(1), default=3, show_default=True, help=f"Runs up to {_REPEATED:,} memories."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep results, tables and picture here, beside those of former runs.",
)
def main(chosen: str, sizes: tuple[int, ...], rounds: int, out: Path | None) -> None:
    """Measure this tool beside its peers and the limit of the wire."""
    results: list[Result] = []
    skipped: list[tuple[str, int, Skipped]] = []
    for name in SETS[chosen]:
        for size in SIZES.get(name, sizes):
            click.echo(f"{name}, {size:,}", err=True)
            one, left_out = _held(name, size, rounds=rounds if size <= _REPEATED else 1)
            results += one
            skipped += ((name, size, entry) for entry in left_out)
    measured = sorted(merged(out, results) if out else results, key=_place)
    text = _text(measured, skipped)
    click.echo(text)
    if out is not None:
        _keep(out, text, measured)


def _place(one: Result) -> tuple[int, int]:
    return tuple(CONTESTS).index(one.contest), one.size


def _held(name: str, size: int, *, rounds: int) -> tuple[list[Result], list[Skipped]]:
    stage = Stage(size)
    with stage.stack:
        entries = list(CONTESTS[name](stage))
        contestants = [entry for entry in entries if isinstance(entry, Contestant)]
        held = list(hold(name, size, contestants, rounds=rounds))
    left_out = [one for one in (*entries, *held) if isinstance(one, Skipped)]
    return [one for one in held if isinstance(one, Result)], left_out


def _text(results: list[Result], skipped: Iterable[tuple[str, int, Skipped]]) -> str:
    conditions = f"Loopback server, {LATENCY * 1000:g} ms a response, {CONCURRENCY} at once; medians. {described()}"
    return "\n".join([conditions, "", render_results(results, skipped), render_goals(judge(results))])


def _keep(folder: Path, text: str, results: list[Result]) -> None:
    keep(folder, results)
    (folder / "results.md").write_text(text)
    lines = series_of(results)
    if lines:
        (folder / "time.svg").write_text(render_chart(lines))


if __name__ == "__main__":
    sys.exit(main())
