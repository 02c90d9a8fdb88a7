"""Which files are read: folders, files and globs, whatever stands in the way."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.model.masking import worded
from reconciler.reading import find_files, read_file


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    def _write(*names: str) -> None:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("a: 1\n")

    return _write


def found(root: Path, *entries: str) -> list[str]:
    files = find_files(entries, root=root)
    assert files.problems == ()
    return [file.name for file in files.files]


def problems(root: Path, *entries: str) -> list[str]:
    return [str(worded(problem, reveal=False)) for problem in find_files(entries, root=root).problems]


def test_a_folder_stands_for_all_its_spec_files_sorted(tmp_path: Path, write: Callable[..., None]) -> None:
    write("specs/b.yaml", "specs/a.yml", "specs/deep/er/c.YAML")
    write("specs/notes.txt", "specs/.hidden.yaml", "specs/.git/x.yaml")

    assert found(tmp_path, "specs") == ["specs/a.yml", "specs/b.yaml", "specs/deep/er/c.YAML"]
    assert found(tmp_path, ".") == found(tmp_path, "./specs/") == found(tmp_path, "specs")


def test_a_file_is_read_whatever_its_ending_when_it_is_named(tmp_path: Path, write: Callable[..., None]) -> None:
    write("specs/.special")

    assert found(tmp_path, "specs/.special") == ["specs/.special"]
    assert found(tmp_path / "specs", "../specs/.special") == [".special"]


def test_files_beside_the_project_are_named_from_the_top_of_the_repository(
    tmp_path: Path, write: Callable[..., None]
) -> None:
    write("shared/a.yaml", "team/b.yaml", ".git/config")

    assert found(tmp_path / "team", "../shared", ".") == ["shared/a.yaml", "team/b.yaml"]
    assert found(tmp_path / "team", str(tmp_path / "shared")) == ["shared/a.yaml"]
    assert found(tmp_path / "team", "../*/*.yaml") == ["shared/a.yaml", "team/b.yaml"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("specs/*.yaml", ["specs/a.yaml"]),
        ("**/*.yaml", ["specs/a.yaml", "specs/deep/b.yaml"]),
        ("specs/**", ["specs/a.yaml", "specs/deep/b.yaml"]),
        ("*", ["specs/a.yaml", "specs/deep/b.yaml"]),
        ("specs/*", ["specs/a.yaml", "specs/deep/b.yaml"]),
        ("specs/.hidden/*.yaml", ["specs/.hidden/c.yaml"]),
        ("specs/[ab].y?ml", ["specs/a.yaml"]),
    ],
)
def test_a_glob_stands_for_the_spec_files_and_folders_it_matches(
    tmp_path: Path, write: Callable[..., None], pattern: str, names: list[str]
) -> None:
    write("specs/a.yaml", "specs/deep/b.yaml", "specs/.hidden/c.yaml", "specs/notes.md")

    assert found(tmp_path, pattern) == found(tmp_path, str(tmp_path / pattern)) == names


def test_a_name_that_looks_like_a_glob_is_taken_as_a_name_first(tmp_path: Path, write: Callable[..., None]) -> None:
    write("spec[s]/a.yaml")

    assert found(tmp_path, "spec[s]") == ["spec[s]/a.yaml"]


def test_a_file_that_is_reached_twice_is_read_once_under_its_first_name(
    tmp_path: Path, write: Callable[..., None]
) -> None:
    write("specs/b.yaml")
    (tmp_path / "specs/a.yaml").symlink_to("b.yaml")
    (tmp_path / "specs/deep").symlink_to(tmp_path / "specs")

    assert found(tmp_path, "specs/b.yaml", "specs", "specs/*.yaml", "specs/deep") == ["specs/a.yaml"]


def test_links_that_lead_in_circles_end(tmp_path: Path, write: Callable[..., None]) -> None:
    write("specs/a.yaml")
    for name in ("x", "y", "z"):
        (tmp_path / "specs" / name).symlink_to("..")

    assert len(found(tmp_path, "specs")) == len(found(tmp_path, "**/*.yaml")) == 1


def test_entries_that_lead_nowhere_are_problems(tmp_path: Path, write: Callable[..., None]) -> None:
    write("empty/notes.txt")

    assert problems(tmp_path, "empty/", "nowhere", "*.yaml", "a**b/c", "x\0y") == [
        "empty: no spec files in this folder; add one, such as empty/contacts.yaml",
        "nowhere: no such file or folder; check the name, or create it",
        "*.yaml: no spec file matches; check the pattern; spec files end in .yaml or .yml",
        "a**b/c: ** is next to other letters; write ** alone between slashes: specs/**/*.yaml",
        "x\N{REPLACEMENT CHARACTER}y: no such file or folder; check the name, or create it",
    ]
    assert problems(tmp_path) == [".: no specs are named; name a folder of specs, such as specs"]


def test_an_entry_that_the_system_refuses_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "x" * 300)

    assert "cannot be read: file name too long" in problem


def test_a_folder_that_cannot_be_listed_is_a_problem(
    tmp_path: Path, write: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("specs/a.yaml", "specs/secret/b.yaml")
    listed = os.scandir

    def refuse(folder: Path) -> object:
        if folder.name == "secret":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refuse)

    assert problems(tmp_path, "specs") == [
        "specs/secret: this folder cannot be read: permission denied; fix it, or name other folders"
    ]


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "dangling.yaml").symlink_to("nothing")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")

    files = find_files(["."], root=tmp_path)
    readings = [read_file(file.path, name=file.name) for file in files.files]

    assert [
        str(worded(problem, reveal=False)).split(";")[0] for reading in readings for problem in reading.problems
    ] == [
        "dangling.yaml: cannot be read: it is a broken link",
        "folder.yaml: cannot be read: it is a folder",
        "loop.yaml: cannot be read: too many levels of symbolic links",
        "pipe.yaml: cannot be read: it is not a regular file",
    ]
    assert not any(reading.is_complete for reading in readings)


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    missing = read_file(tmp_path / "reconciler.yaml", name="reconciler.yaml")
    impossible = read_file(tmp_path / "x\0y", name="x")

    assert [str(worded(one, reveal=False)) for one in missing.problems] == [
        "reconciler.yaml: cannot be read: no such file; check the name, or create it"
    ]
    assert "no file can have this name" in str(impossible.problems[0])


def test_a_file_is_read(tmp_path: Path, write: Callable[..., None]) -> None:
    write("a.yaml")

    assert read_file(tmp_path / "a.yaml", name="a.yaml").documents[0].value == {"a": 1}


def test_a_table_is_no_spec(tmp_path: Path, write: Callable[..., None]) -> None:
    write("a.csv", "b.JSONL")

    assert problems(tmp_path, "a.csv", "b.JSONL", "c.csv") == [
        "a.csv: this is a table, and no spec; name it under contacts_from, in a spec",
        "b.JSONL: this is a table, and no spec; name it under contacts_from, in a spec",
        "c.csv: no such file or folder; check the name, or create it",
    ]
