"""One command: run a chosen set of contests and print what came of it."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tests.benchmarks import own
from tests.benchmarks.contest import Contestant, Held, Result, Skipped, hold
from tests.benchmarks.contests import CONTESTS, SETS, SIZES, Stage
from tests.benchmarks.keeping import UnreadableResultsError, keep, kept, merged
from tests.benchmarks.process import RunFailedError
from tests.benchmarks.table import render_report

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
    help="Keep results and tables here, beside those of former runs.",
)
def main(chosen: str, sizes: tuple[int, ...], rounds: int, out: Path | None) -> None:
    """Measure this tool beside its peers and the limit of the wire."""
    try:
        contests = _former(out)
        own.programs()
        for name in SETS[chosen]:
            for size in SIZES.get(name, sizes):
                click.echo(f"{name}, {size:,}", err=True)
                held = _held(name, size, rounds=rounds if size <= _REPEATED else min(rounds, _MOST_BEYOND))
                contests = sorted(merged(contests, held), key=_place)
                _keep(out, contests)
    except (own.NotInstalledError, UnreadableResultsError, RunFailedError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(render_report(contests))


def _former(out: Path | None) -> list[Held]:
    """Return the contests that are kept; raises before anything is measured what would lose it after."""
    if out is None:
        return []
    out.mkdir(parents=True, exist_ok=True)
    return kept(out)


def _place(held: Held) -> tuple[int, int]:
    return tuple(CONTESTS).index(held.contest), held.size


def _held(name: str, size: int, *, rounds: int) -> Held:
    stage = Stage(size)
    with stage.stack:
        entries = list(CONTESTS[name](stage))
        machine = own.described()
        contestants = [entry for entry in entries if isinstance(entry, Contestant)]
        held = list(hold(name, size, contestants, rounds=rounds, warms_up=size <= _REPEATED))
    results = tuple(one for one in held if isinstance(one, Result))
    return Held(name, size, machine, results, tuple(one for one in (*entries, *held) if isinstance(one, Skipped)))


def _keep(folder: Path | None, contests: Sequence[Held]) -> None:
    if folder is not None:
        keep(folder, contests)
        (folder / "results.md").write_text(render_report(contests))


def _end(_signal: int, _frame: object) -> None:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    main()
