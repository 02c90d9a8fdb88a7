"""One command: run a chosen set of contests and print the report."""

import signal
import sys
from pathlib import Path

import click

from tests.benchmarks import venvs
from tests.benchmarks.contest import Contestant, hold
from tests.benchmarks.contests import CONTESTS, SETS, SIZES, Stage
from tests.benchmarks.process import RunFailedError
from tests.benchmarks.results import Held, Result, Skipped, UnreadableResultsError, keep, kept, merged
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
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each; of large ones 2.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Keep results here, with former ones.")
def main(chosen: str, sizes: tuple[int, ...], rounds: int, out: Path | None) -> None:
    """Measure this tool beside its peers and the limit of the wire."""
    try:
        contests = kept(out) if out else []
        venvs.programs()
        for name in SETS[chosen]:
            for size in [SIZES[name]] if name in SIZES else sizes:
                click.echo(f"{name}, {size:,}", err=True)
                held = _held(name, size, rounds=rounds if size <= _REPEATED else min(rounds, _MOST_BEYOND))
                contests = sorted(merged(contests, held), key=lambda one: (list(CONTESTS).index(one.contest), one.size))
                if out:
                    keep(out, contests)
                    (out / "results.md").write_text(render_report(contests))
    except (venvs.NotInstalledError, UnreadableResultsError, RunFailedError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(render_report(contests))


def _held(name: str, size: int, *, rounds: int) -> Held:
    stage = Stage(size)
    with stage.stack:
        entries = list(CONTESTS[name](stage))
        machine = venvs.machine()
        contestants = [entry for entry in entries if isinstance(entry, Contestant)]
        held = list(hold(name, size, contestants, rounds=rounds, warms_up=size <= _REPEATED))
    results = tuple(one for one in held if isinstance(one, Result))
    return Held(name, size, machine, results, tuple(one for one in (*entries, *held) if isinstance(one, Skipped)))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main()
