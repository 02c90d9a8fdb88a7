"""Bad specs: each is refused at its place, in words that say what would be right, all in one run."""

import os
from pathlib import Path

import pytest

from reconciler.errors import SpecError
from reconciler.specs import load_specs
from tests.specs import bad_catalogue, bad_declarations, bad_overlays, bad_references, bad_rows, bad_rules, bad_yaml
from tests.specs.cases import problems

CASES = {
    **bad_yaml.CASES,
    **bad_declarations.CASES,
    **bad_catalogue.CASES,
    **bad_rules.CASES,
    **bad_references.CASES,
    **bad_overlays.CASES,
    **bad_rows.CASES,
}


@pytest.mark.parametrize("name", CASES)
def test_bad_specs_are_refused_at_their_place(tmp_path: Path, name: str) -> None:
    files, expected = CASES[name]

    found = problems(tmp_path, files)

    assert len(found) == len(expected), found
    for line, (place, said) in zip(found, expected, strict=True):
        assert line.startswith(_told(place) if place else said), line
        assert said in line
        assert "\n" not in line


def _told(place: str) -> str:
    return place if place.startswith(("overlays/", "reconciler.yaml")) else f"specs/{place}"


def test_an_unreadable_file_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "specs/folder.yaml").mkdir(parents=True)
    (tmp_path / "specs/link.yaml").symlink_to("nowhere")
    os.mkfifo(tmp_path / "specs/pipe.yaml")

    known = "contacts, contacts_from, fact_keys, live_values, memories, rules, scopes"
    assert problems(tmp_path, {"a.yaml": b"x: 1\n"}) == [
        f"specs/a.yaml:1:1 x: unknown key; known here: {known}",
        "specs/folder.yaml: cannot be read: it is a folder; take the ending off its name, or put a file in its place",
        "specs/link.yaml: cannot be read: it is a broken link; remove the link, or point it to a file",
        "specs/pipe.yaml: cannot be read: it is not a regular file; put a file in its place",
    ]


def test_an_entry_that_leads_nowhere_hides_no_problem_and_adds_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"x: 1\ncontacts: {a: {contact_id: c, scopes: {elsewhere: {}}}}\n")

    with pytest.raises(SpecError) as caught:
        load_specs(["a.yaml", "nowhere"], root=tmp_path)

    assert [(problem.file, problem.line) for problem in caught.value.problems] == [("a.yaml", 1), ("nowhere", 0)]


@pytest.mark.parametrize(("key", "cure"), [("for", "move it under rules.NAME"), ("kind", "known here: contacts, ")])
def test_a_key_belongs_where_it_is_written_under_that_name(tmp_path: Path, key: str, cure: str) -> None:
    (found,) = problems(tmp_path, {"a.yaml": f"{key}: memory\n".encode()})

    assert found.startswith(f"specs/a.yaml:1:1 {key}: unknown key; {cure}")
