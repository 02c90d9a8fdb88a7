"""Results kept in a folder, so that a long run can be made in parts: what is measured again takes its former place."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.contest import Result
from benchmarks.process import Usage
from benchmarks.serving import Traffic

_FILE = "results.json"


def merged(folder: Path, results: Sequence[Result]) -> list[Result]:
    """Give what the folder holds, with these results in place of former ones."""
    file = folder / _FILE
    former = [_result(item) for item in json.loads(file.read_text())] if file.exists() else []
    kept = {_key(one): one for one in (*former, *results)}
    return list(kept.values())


def keep(folder: Path, results: Sequence[Result]) -> None:
    """Write all results to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n")


def _key(one: Result) -> tuple[str, int, str]:
    return one.contest, one.size, one.name


def _result(item: Mapping[str, Any]) -> Result:
    usages = tuple(Usage(**usage) for usage in item["usages"])
    traffic = Traffic(**item["traffic"]) if item["traffic"] else None
    return Result(item["contest"], item["size"], item["name"], usages, traffic, item["limit"])
