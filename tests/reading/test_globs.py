"""Globs match what pathlib's do, and however many stars one has, it takes one walk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.reading.files import find_files
from reconciler.reading.globs import Glob

NAMES = ("a", "ab", "b", ".h", "x.yaml", "b.yaml", ".h.yaml")
PARTS = st.sampled_from(("**", "*", "a*", "*b", "?", "[ab]", "a", "*.yaml", "b.yaml", "*a*b*", ".h", "nobody"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with files and folders of a few names, three levels deep."""
    root = tmp_path_factory.mktemp("tree")
    for names in ((one, two, three) for one in NAMES[:4] for two in NAMES[:3] for three in NAMES):
        path = root.joinpath(*names)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch() if "." in names[2] else path.mkdir(exist_ok=True)
    return root


def by_pathlib(root: Path, parts: list[str]) -> Iterator[Path]:
    for path in root.glob("/".join(parts)):
        if all(not name.startswith(".") or name in parts for name in path.relative_to(root).parts):
            yield path


@given(st.lists(PARTS, min_size=1, max_size=5).filter(lambda parts: any("*" in part for part in parts)))
def test_a_glob_matches_what_one_of_pathlib_matches(tree: Path, parts: list[str]) -> None:
    found = list(Glob(parts, named=frozenset(parts)).below(tree))

    assert sorted(found) == sorted(set(by_pathlib(tree, parts)))


def test_links_in_a_circle_are_walked_once_for_each_part(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "x.yaml").touch()

    found = find_files(["/".join([*["*"] * 30, "*.yaml"])], root=tmp_path)

    assert len(found.files) == 1
    assert found.problems == ()
