"""Contests kept in a folder, so that a long run can be made in parts: one that is held again takes its former place."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.contest import Held, Result, Skipped
from tests.benchmarks.process import Usage
from tests.benchmarks.serving import Traffic

_FILE = "results.json"


class UnreadableResultsError(Exception):
    """What a folder holds are not results."""


def kept(folder: Path) -> list[Held]:
    """Give what the folder holds; raises `UnreadableResultsError`."""
    file = folder / _FILE
    if not file.exists():
        return []
    try:
        return [_held(item) for item in json.loads(file.read_text())]
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableResultsError(f"{file} cannot be read, or is of another form; remove it") from error


def merged(former: Iterable[Held], one: Held) -> list[Held]:
    """Give all contests with this one in its former place: whole, since its ratios are those of one run."""
    return list({(held.contest, held.size): held for held in (*former, one)}.values())


def keep(folder: Path, contests: Sequence[Held]) -> None:
    """Write all contests to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_text(json.dumps([asdict(one) for one in contests], indent=1) + "\n")


def _held(item: Mapping[str, Any]) -> Held:
    results = tuple(_result(one) for one in item["results"])
    skipped = tuple(Skipped(**one) for one in item["skipped"])
    return Held(item["contest"], item["size"], item["machine"], results, skipped)


def _result(item: Mapping[str, Any]) -> Result:
    usages = tuple(Usage(**usage) for usage in item["usages"])
    traffic = Traffic(**item["traffic"]) if item["traffic"] else None
    return Result(**{**item, "usages": usages, "traffic": traffic})
