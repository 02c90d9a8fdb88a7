"""All mistakes of a large repository are told in one run, each at its place."""

from pathlib import Path

import pytest

from reconciler.errors import SpecError
from reconciler.reading import document, read_bytes
from reconciler.specs import load_specs, spec_files

CONTACTS = 2_000
MISTAKEN = range(7, CONTACTS, CONTACTS // 50)
MISTAKES = [
    ("    fact: {plan: trial}\n", 4, "unknown key"),
    ("    facts: {plan: null}\n", 4, "a fact cannot be null"),
    ("    email: nobody\n", 4, "an email address is expected"),
    ("    scopes: {suport: {}}\n", 4, "is not declared"),
    ('    facts: {plan: "${plan}"}\n', 4, "is not defined"),
]


def test_each_of_50_mistakes_in_2_000_files_is_named_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "scopes.yaml").write_text("scopes: {support: {persona_id: p-1}}\n")
    expected = {}
    for at in range(CONTACTS):
        folder = tmp_path / f"{at // 100:02}"
        folder.mkdir(exist_ok=True)
        text, line, said = (
            MISTAKES[MISTAKEN.index(at) % len(MISTAKES)] if at in MISTAKEN else ("    facts: {plan: trial}\n", 0, "")
        )
        known_by = "" if "email" in text else f"\n    external_id: crm-{at}"
        (folder / f"{at}.yaml").write_text(f"contacts:\n  guest-{at}:{known_by or chr(10) + '    # by email'}\n{text}")
        if at in MISTAKEN:
            expected[f"{folder.name}/{at}.yaml", line] = said

    with pytest.raises(SpecError) as caught:
        load_specs(["."], root=tmp_path)

    found = {(problem.file, problem.line): problem.message for problem in caught.value.problems}
    assert len(expected) == len(MISTAKEN) == 50
    assert found.keys() == expected.keys()
    assert all(said in found[place] for place, said in expected.items())


def test_files_of_another_revision_are_known_as_long_as_there_is_room_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (read_bytes(text, file="a.yaml") for text in (b"a: 1\n", b"b: [2]\n", b"c: 3\n"))
    monkeypatch.setattr(spec_files, "LARGEST_FILE", len(first.data + second.data))
    read = spec_files.ReadFiles()

    for parsed in (first, second, third):
        read.keep("a.yaml", parsed, ())

    assert [read.parsed("a.yaml", one.data) for one in (first, second, third)] == [first, second, None]


def test_once_the_files_of_a_command_hold_too_much_one_problem_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(9):
        (tmp_path / f"{at}.yaml").write_text(f"scopes: {{s{at}: {{persona_id: p}}}}\n")
    monkeypatch.setattr(document, "MOST_VALUES_IN_ALL", 12)

    with pytest.raises(SpecError) as refused:
        load_specs(["."], root=tmp_path)

    assert [str(one.source) for one in refused.value.problems] == ["3.yaml"]
