from pathlib import Path

import pytest

from tests.cli.conftest import PROJECT, Repository

UNSORTED = """\
contacts:
  sarah:
    facts: {zip: 02139}  # kept
    email: a@b
"""
SORTED = """\
contacts:
  sarah:
    email: a@b
    facts: {zip: "02139"} # kept
"""
UNKEEPABLE = "scopes:\n  s: {persona_id: 007,  # bond\n    facts: {}}\n"


@pytest.fixture
def unsorted(repository: Repository) -> Repository:
    repository.write("specs/support.yaml", UNSORTED)
    return repository


def test_files_are_brought_into_canonical_form(unsorted: Repository) -> None:
    called = unsorted.run("fmt")

    assert called.code == 0
    assert called.out == "specs/support.yaml\n"
    assert called.err == "1 file was brought into canonical form.\n"
    assert (unsorted.root / "specs/support.yaml").read_text() == SORTED
    assert (unsorted.root / "reconciler.yaml").read_text() == PROJECT
    assert unsorted.run("fmt", "--check").code == 0


def test_check_writes_nothing_and_exits_with_1(unsorted: Repository) -> None:
    called = unsorted.run("fmt", "--check")

    assert (called.code, called.out) == (1, "specs/support.yaml\n")
    assert called.err == "1 file is not in canonical form: run `reconciler fmt`.\n"
    assert (unsorted.root / "specs/support.yaml").read_text() == UNSORTED


def test_a_diff_shows_what_would_change(unsorted: Repository) -> None:
    called = unsorted.run("fmt", "--diff")

    assert called.code == 0
    assert called.out.splitlines()[:2] == ["--- specs/support.yaml", "+++ specs/support.yaml"]
    assert '+    facts: {zip: "02139"} # kept\n' in called.out
    assert (unsorted.root / "specs/support.yaml").read_text() == UNSORTED
    assert unsorted.run("fmt", "--check", "--diff").code == 1


def test_paths_choose_files_and_folders(unsorted: Repository) -> None:
    unsorted.write("other/a.yaml", UNSORTED)

    assert unsorted.run("fmt", "other").out == "other/a.yaml\n"
    assert unsorted.run("fmt", "specs/support.yaml").out == "specs/support.yaml\n"
    assert unsorted.run("fmt", "nowhere").code == 1


def test_the_specs_of_all_environments_are_formatted(unsorted: Repository) -> None:
    unsorted.write("reconciler.yaml", "version: 1\nenvironments:\n  a: {specs: [one]}\n  b: {specs: [two]}\n")
    unsorted.write("one/a.yaml", UNSORTED)
    unsorted.write("two/a.yaml", UNSORTED)

    assert unsorted.run("fmt").out.split() == ["one/a.yaml", "specs/support.yaml", "two/a.yaml"]


def test_next_to_a_broken_file_none_is_written(unsorted: Repository) -> None:
    unsorted.write("specs/broken.yaml", "scopes: {a: [}\n")

    called = unsorted.run("fmt")

    assert (called.code, called.out) == (1, "")
    assert called.err.startswith("error: specs/broken.yaml:1:14: a value is missing here; write it")
    assert (unsorted.root / "specs/support.yaml").read_text() == UNSORTED


@pytest.mark.parametrize("more", [(), ("--check",), ("--diff",)])
@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ((), "1 file is left as it is: specs/support.yaml.\nAll other files are in canonical form.\n"),
        (("specs/support.yaml",), "1 file is left as it is: specs/support.yaml.\n"),
    ],
)
def test_a_file_that_cannot_be_kept_whole_is_left_as_it_is_with_place_and_reason(
    unsorted: Repository, more: tuple[str, ...], paths: tuple[str, ...], said: str
) -> None:
    unsorted.write("specs/support.yaml", UNKEEPABLE)

    called = unsorted.run("fmt", *paths, *more)

    assert (called.code, called.out) == (0, "")
    assert called.err == (
        "warning: specs/support.yaml:2: left as it is: this comment has no place in canonical form: # bond\n" + said
    )
    assert (unsorted.root / "specs/support.yaml").read_text() == UNKEEPABLE


def test_files_that_change_are_counted_apart_from_those_that_are_left(unsorted: Repository) -> None:
    unsorted.write("specs/other.yaml", UNKEEPABLE)

    checked, written = unsorted.run("fmt", "--check"), unsorted.run("fmt")

    assert (checked.code, written.code) == (1, 0)
    assert checked.err.endswith(
        "1 file is left as it is: specs/other.yaml.\n1 file is not in canonical form: run `reconciler fmt`.\n"
    )
    assert written.err.endswith("1 file is left as it is: specs/other.yaml.\n1 file was brought into canonical form.\n")


def test_of_many_files_that_are_left_the_first_are_named(unsorted: Repository) -> None:
    for number in range(5):
        unsorted.write(f"specs/{number}.yaml", UNKEEPABLE)

    called = unsorted.run("fmt", "--check")

    assert "5 files are left as they are: specs/0.yaml, specs/1.yaml, specs/2.yaml and 2 more.\n" in called.err


def test_the_rights_of_a_file_and_links_to_it_stay(unsorted: Repository) -> None:
    file, link = unsorted.root / "specs/support.yaml", unsorted.root / "link.yaml"
    file.chmod(0o640)
    link.symlink_to(file)

    assert unsorted.run("fmt", "link.yaml").code == 0
    assert file.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert file.read_text() == SORTED


def test_the_files_of_this_repository_are_in_canonical_form(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])

    assert repository.run("fmt", "--check", "reconciler.yaml", "specs", "examples").code == 0
