"""The readers take what a search starts from; what searches have found stands beside the reader that was mended."""

import random
from itertools import islice
from pathlib import Path

import pytest

from tests.fuzz.__main__ import main
from tests.fuzz.mutating import mutator_of_answers
from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_search_starts_from_is_no_finding(name: str) -> None:
    seeds = list(islice(SEEDS[name](), 0, None, 4))
    for data in seeds:
        TARGETS[name](data)

    assert len(seeds) > 10


def test_a_changed_answer_is_still_json_and_no_finding() -> None:
    mutate = mutator_of_answers(lambda data, most: data[:most])
    seeds = list(SEEDS["wire"]())
    chance = random.Random(0)  # noqa: S311  no secret
    changed = [mutate(chance.choice(seeds), 4096, number) for number in range(100)]
    for data in changed:
        TARGETS["wire"](data)

    assert len(set(changed) - set(seeds)) > 50


def test_files_are_read_again_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"contacts: [\n")

    assert main(["yaml", str(tmp_path / "a")]) == 0
