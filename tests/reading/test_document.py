"""What YAML becomes: plain data, and its places."""

import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from reconciler.core.model.masking import worded
from reconciler.core.model.nearest import Nearest
from reconciler.core.model.value import Json
from reconciler.reading import Node, ParsedFile, anchors, builder, read_bytes, read_file
from reconciler.reading.builder import Skip
from reconciler.reading.document import Room
from reconciler.reading.parser import Parser, PythonParser

both_parsers = pytest.mark.parametrize("parser", [yaml.CSafeLoader, PythonParser])


def document(text: str, parser: Parser = yaml.CSafeLoader) -> Node:
    reading = read_bytes(text.encode(), file="a.yaml", parser=parser)
    assert [str(worded(problem, reveal=False)) for problem in reading.problems] == []
    (only,) = reading.documents
    return only


def problems(text: str) -> list[str]:
    return [str(worded(problem, reveal=False)) for problem in read_bytes(text.encode(), file="a.yaml").problems]


@both_parsers
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: [x, -2.5, true]\nc: {d: no}", {"a": 1, "b": ["x", -2.5, True], "c": {"d": "no"}}),
        ("'a': \"1\"\n\"null\": 'true'", {"a": "1", "null": "true"}),
        ("a: |\n  12\nb: >-\n  true\n", {"a": "12\n", "b": "true"}),
        ("1: a\ntrue: b\n+1415: c", {"1": "a", "true": "b", "+1415": "c"}),
        ("a: !!str 12\nb: ! 12\n!!str c: ! {}\nd: ! []", {"a": "12", "b": "12", "c": {}, "d": []}),
        ("a: &x {b: &y 1}\nc: *x\nd: *y", {"a": {"b": 1}, "c": {"b": 1}, "d": 1}),
        ("&k a: 1\nb: *k", {"a": 1, "b": "a"}),
        ("a: &x [&x 1, *x]\nb: *x", {"a": [1, 1], "b": 1}),
        ("!!str null: 1\n'~': 2", {"null": 1, "~": 2}),
        ("a: *x\n".replace("*x", '"*x"'), {"a": "*x"}),
        ("? a\n: 1\n? b\n", {"a": 1, "b": None}),
    ],
)
def test_yaml_becomes_plain_data(text: str, value: Json, parser: Parser) -> None:
    assert document(text, parser).value == value


def test_a_file_may_hold_several_documents_and_empty_ones_are_skipped() -> None:
    reading = read_bytes(b"# nothing\n---\n---\na: 1\n...\n---\n~\n---\nb: 2\n", file="a.yaml")

    assert [one.value for one in reading.documents] == [{"a": 1}, {"b": 2}]
    assert reading.is_complete


def test_what_an_alias_names_is_shared_and_not_copied() -> None:
    value = document("a: &x {b: 1}\nc: *x").value

    assert isinstance(value, dict)
    assert value["a"] is value["c"]


@both_parsers
def test_every_key_and_every_value_knows_its_place(parser: Parser) -> None:
    top = document("a:\n  é b: [1,\n    {c: x}]\r\nd:\n", parser)
    inner = top.at(("a", "é b", 1, "c"))

    assert str(top.source) == "a.yaml:1:1"
    assert str(top.at(("a",)).key_source) == "a.yaml:1:1"
    assert str(top.at(("a",)).source) == "a.yaml:2:3"
    assert str(top.at(("a", "é b", 0)).source) == "a.yaml:2:9"
    assert (str(inner.key_source), str(inner.source)) == ("a.yaml:3:6", "a.yaml:3:9")
    assert str(top.at(("d",)).key_source) == "a.yaml:4:1"


def test_a_path_is_followed_as_far_as_it_leads() -> None:
    top = document("a: [1]\n")

    assert str(top.at(("a", 5, "x")).source) == "a.yaml:1:4"
    assert top.at(("b",)).value == {"a": [1]}


def test_what_holds_nothing_is_gone_through_in_no_steps() -> None:
    text = document("just text")

    assert [*text.entries(), *text.items(), *text.keyed()] == []


def test_an_alias_stands_at_its_own_place_and_what_it_holds_at_the_anchors() -> None:
    top = document("a: &x\n  b: 1\nc: *x\n")

    assert str(top.at(("c",)).source) == "a.yaml:3:4"
    assert str(top.at(("c", "b")).key_source) == "a.yaml:2:3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3", ["a.yaml:3:1 a: this key is here twice, first on line 1"]),
        ("x: {a: 1, 'a': {a: .nan}}", ["a.yaml:1:11 x.a: this key", "a.yaml:1:20 x.a: .nan is not a number"]),
        ("<<: {a: 1}", ["a.yaml:1:1: merge keys"]),
        ("a:\n  ? \n  : 1\n  ~: 2", ["a.yaml:2:4 a: a key is missing", "a.yaml:4:3 a: a key is missing"]),
        ("'null': 1\nnull: 2", ["a.yaml:2:1: a key is missing"]),
        ("[1, 2]: 3\n? {a: 1}\n: 4", ["a.yaml:1:1: a key must be text", "a.yaml:2:3: a key must be text"]),
        ("a: {{ plan }}", ["a.yaml:1:5 a: a key must be text"]),
        ("a: &x 1\n*x : 2\nb: *y", ["a.yaml:2:1: a key must be text, not an alias", "a.yaml:3:4 b: nothing above is"]),
        ("a: &x 1\n---\nb: *x", ["a.yaml:3:4 b: nothing above is anchored as &x"]),
        ("a: &x [1, [*x]]", ["a.yaml:1:12 a[1][0]: the alias *x is inside the value that it names"]),
        ("a: !!int 3\nb: !x [c]\n!!null d: !!binary {}", ["a.yaml:1:4 a: the tag !!int", "a.yaml:2:4 b: the tag !x",
         "a.yaml:3:1: the tag !!null", "a.yaml:3:11: the tag !!binary"]),
        ("a: !!python/object/apply:os.system [x]", ["a.yaml:1:4 a: the tag !!python/object/apply:os.system"]),
        ("a: !!str {}", ["a.yaml:1:4 a: the tag !!str"]),
        ("a: !<%0A> x", [r"a.yaml:1:4 a: the tag \n is not accepted"]),
        ("a: 12345678901234567890\nb: -.inf", ["a.yaml:1:4 a: this number of 20 digits", "a.yaml:2:4 b: -.inf"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_noted_and_reading_goes_on(text: str, expected: list[str]) -> None:
    found = problems(text)

    assert [line[: len(start)] for line, start in zip(found, expected, strict=True)] == expected
    assert read_bytes(text.encode(), file="a.yaml").is_complete


def test_the_value_of_a_refused_key_is_dropped() -> None:
    reading = read_bytes(b"a: 1\na: [2]\n[x]: [3]\nb: {<<: 4}\n", file="a.yaml")

    assert [one.value for one in reading.documents] == [{"a": 1, "b": {}}]


def test_nesting_ends_at_64_levels() -> None:
    assert problems("[" * 64 + "]" * 64) == []
    (problem,) = problems("a: " + "[" * 64)
    assert problem.startswith("a.yaml:1:67 a[0][0][0]: values are nested more than 64 levels deep")


@both_parsers
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{", "[\n", '{"a":\n'])
def test_5000_levels_are_refused_as_fast_as_65(opening: str, parser: Parser) -> None:
    reading = read_bytes(opening.encode() * 5000, file="a.yaml", parser=parser)

    assert "values are nested more than 64 levels deep" in str(reading.problems[-1])
    assert (reading.documents, reading.is_complete) == ((), False)


def test_what_stands_above_too_many_levels_is_told_once() -> None:
    found = problems("a: 1\na: 2\nb: " + "[" * 5000)

    assert found[0].startswith("a.yaml:2:1 a: this key is here twice")
    assert found[1].startswith("a.yaml:3:67 b[0][0][0]: values are nested more than 64 levels deep")
    assert len(found) == 2


def test_each_repeated_key_names_its_own_first_line() -> None:
    found = problems("a: 1\na: 2\nb: 3\na: 4\nb: 5\n")

    assert [text.partition(";")[0] for text in found] == [
        "a.yaml:2:1 a: this key is here twice, first on line 1",
        "a.yaml:4:1 a: this key is here twice, first on line 1",
        "a.yaml:5:1 b: this key is here twice, first on line 3",
    ]


def test_a_file_with_very_many_problems_is_not_read_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "MOST_PROBLEMS", 3)

    assert len(problems("a: 1\n" + "a: 2\n" * 3)) == 3
    assert problems("a: 1\n" + "a: 2\n" * 9)[3:] == [
        "a.yaml:5:1: this file has more than 20,000 problems, and is not read further; fix those above it first"
    ]


def test_aliases_do_not_nest_deeper_than_what_is_written() -> None:
    chain = "".join(f"x{i}: &x{i} [*x{i - 1}]\n" for i in range(1, 80))

    found = problems("x0: &x0 [1]\n" + chain)

    assert found[0].startswith("a.yaml:64:12 x63[0]: with the alias *x62, values are nested more than 64 levels deep")


def test_aliases_may_not_stand_for_more_than_a_million_values() -> None:
    bomb = "".join(f"b{i}: &b{i} [{', '.join([f'*b{i - 1}'] * 10)}]\n" for i in range(1, 10))

    found = problems("b0: &b0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n" + bomb)

    assert len(found) == 1
    assert "with the alias *b" in found[0]
    assert "more than 1,000,000 values" in found[0]


def test_aliases_may_not_stand_for_more_than_64_mib_of_text() -> None:
    anchor = f"a: &a [{'x' * (1 << 19)}, {{{'k' * 1000}: {'x' * (1 << 19)}}}]\n"
    fits = "".join(f"b{at}: *a\n" for at in range(63))

    assert problems(anchor + fits) == []
    assert (
        "with the alias *a, this file's aliases stand for more than 64 MiB of text"
        in problems(f"{anchor}{fits}c: *a\n")[0]
    )


def test_a_file_may_not_have_more_values_than_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "MOST_VALUES", 10)

    assert problems("a: [1, 2, &b [3, 4]]\nc: *b\n") == []
    assert problems("a: [1, 2, &b [3, 4]]\nc: *b\nd: 5\ne: 6\n")[0].startswith("a.yaml:4:4 e: this file has more than")
    assert problems("[1, 2, 3, 4, 5, 6, 7, 8, 9, []]")[0].startswith("a.yaml:1:1: this file has more than")


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(sys.modules[Room.__module__], "MOST_VALUES_IN_ALL", 10)
    monkeypatch.setattr(sys.modules[Room.__module__], "MOST_TEXT_IN_ALL", 1000)
    return Room()


def read_into(room: Room, folder: Path, *texts: str, skip: Skip | None = None) -> list[tuple[int, list[str]]]:
    """Return of each text, as a file, the number of its documents and its problems."""
    found = []
    for at, text in enumerate(texts):
        path = folder / f"{at}.yaml"
        path.write_text(text, encoding="utf-8")
        parsed = read_file(path, name=path.name, room=room, skip=skip)
        found.append((len(parsed.documents), [str(worded(problem, reveal=False)) for problem in parsed.problems]))
    return found


def test_files_are_read_until_they_hold_more_values_than_a_command_may(room: Room, tmp_path: Path) -> None:
    five, one = "[1, 2, &b [3]]\n", "x\n"

    *read, last, unread = read_into(room, tmp_path, five, five, one, five)

    assert read == [(1, []), (1, [])]
    assert last[1][0].startswith("2.yaml: with this file, the specs hold more than 10 values, those of aliases counted")
    assert unread == (0, [])


def test_values_of_aliases_count_in_all_files(room: Room, tmp_path: Path) -> None:
    assert read_into(room, tmp_path, "a: &a [1, 2]\nb: [*a]\nc: 1\nd: 1\n")[0][1] == []
    assert read_into(room, tmp_path, "1\n")[0][1] != []


@pytest.mark.parametrize(("most", "letter"), [(999, "x"), (999, "\u00e4"), (499, "\u65e5"), (249, "\U0001f600")])
def test_text_of_all_files_counts_by_the_memory_that_it_may_take(
    room: Room, tmp_path: Path, most: int, letter: str
) -> None:
    assert read_into(room, tmp_path, f"k: {letter * most}\n") == [(1, [])]
    assert (
        "the specs hold more than 0 MiB of text in memory"
        in read_into(Room(), tmp_path, f"k: {letter * most}x\n")[0][1][0]
    )


def test_a_text_that_takes_too_much_memory_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"k: {'x' * 100}\U0001f600\n"
    monkeypatch.setattr(sys.modules[Room.__module__], "LARGEST_TEXT", sys.getsizeof(text))

    assert problems(text) == []
    assert problems(f"{text}\n")[0].startswith("a.yaml: cannot be read: its text takes more than 0 MiB of memory")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_file_of_very_many_lines_is_not_read(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(sys.modules[Room.__module__], "MOST_LINES", 3 * len(end))

    assert problems(f"a: 1{end}b: 2{end}c: 3{end}") == []
    assert problems(f"a: 1{end}b: 2{end}c: 3{end}{end}")[0].startswith("a.yaml: cannot be read: it has more than")


class _SkipsAll:
    def begin(self) -> None:
        """Begin a file."""

    def skips(self, section: str | None, name: str | None, value: Json) -> bool:  # noqa: ARG002  see Skip
        return True


def test_what_is_skipped_does_not_count_in_all_files(room: Room, tmp_path: Path) -> None:
    large = "contacts: {a: [1, 2, 3, 4, 5, 6, 7, 8, 9]}\n"

    assert read_into(room, tmp_path, large, large, skip=_SkipsAll()) == [(1, []), (1, [])]
    assert read_into(Room(), tmp_path, large)[0][1] != []


def test_the_documents_before_a_syntax_error_are_read() -> None:
    reading = read_bytes(b"a: 1\na: 2\n---\nb: [\n", file="a.yaml")

    assert [one.value for one in reading.documents] == [{"a": 1}]
    assert [problem.line for problem in reading.problems] == [2, 5]
    assert not reading.is_complete


def test_how_problems_speak_of_a_path_is_for_the_caller_to_say() -> None:
    reading = read_bytes(b"a: [.nan]", file="a.yaml", address=lambda path: f"<{path}>")

    assert reading.problems[0].address == "<('a', 0)>"


def test_a_file_that_is_not_text_has_no_documents() -> None:
    assert read_bytes(b"\xff", file="a.yaml").documents == ()


def test_a_reading_is_a_value() -> None:
    assert read_bytes(b"", file="a.yaml") == ParsedFile((), (), is_complete=True)


def test_names_of_anchors_are_not_indexed_anew_for_each_unknown_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class Counted(Nearest):
        def __init__(self, known: Iterable[str]) -> None:
            super().__init__(known)
            made.append(1)

    monkeypatch.setattr(anchors, "Nearest", Counted)
    text = "[" + "".join(f"&anchor{n} {n}, *anchr{n},\n" for n in range(2000)) + "]"
    reading = read_bytes(text.encode(), file="a.yaml")

    assert len(reading.problems) == 2000
    assert "did you mean" in reading.problems[5].cure
    assert 0 < len(made) < 120
