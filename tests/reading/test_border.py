"""At the border, what pydantic finds wrong becomes a problem with place, address and cure."""

from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field, model_validator

from reconciler.core.model.masking import named, worded
from reconciler.reading import Strict, check, read_bytes, wrong


def _even(number: int) -> int:
    if number % 2:
        raise wrong(f"an even number is expected, not {number} {{cure}}", cure="add one")
    return number


def _no_spaces(text: str) -> str:
    if " " in text:
        message = "a key has no spaces"
        raise ValueError(message)
    return text


class Inner(Strict):
    name: str = Field(description="what it is called")
    size: int = Field(default=0, ge=0, lt=100)
    share: float | None = Field(default=None, gt=0, le=1)
    even: Annotated[int, AfterValidator(_even)] = 0
    mode: Literal["fast", "slow"] = "fast"

    @model_validator(mode="after")
    def _not_empty(self) -> "Inner":
        if self.name == "empty":
            raise wrong("this is empty", cure="fill it")
        return self


class Outer(Strict):
    on: bool = False
    words: list[str] | None = None
    inners: dict[Annotated[str, AfterValidator(_no_spaces)], Inner] = Field(default={})
    several: list[Inner] = Field(default=[])
    code: Annotated[str, Field(min_length=2, max_length=4, pattern="^[a-z]+$")] = "ab"
    undescribed: list[int] = Field(default=[], min_length=1)


class Mandatory(Strict):
    key: int


def problems(text: str, model: type[BaseModel] = Outer) -> list[str]:
    (document,) = read_bytes(text.encode(), file="a.yaml").documents
    return [str(worded(problem, reveal=False)) for problem in check(model, document).problems]


def test_what_fits_becomes_the_model() -> None:
    (document,) = read_bytes(b"on: true\ninners: {a: {name: x, share: 1}}", file="a.yaml").documents

    checked = check(Outer, document)

    assert (checked.problems, checked.wrong) == ((), ())
    assert checked.model == Outer(on=True, inners={"a": Inner(name="x", share=1)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("onn: true", '1:1 onn: unknown key; did you mean "on"?'),
        ("inners: {a: {name: x, sice: 1}}", '1:23 inners.a.sice: unknown key; did you mean "size"?'),
        ("several: [{name: x, zzz: 1}]", "1:21 several[0].zzz: unknown key; known here: even, mode, name, share, size"),
        ("inners:\n  a: {}", "2:3 inners.a.name: this key is missing; add it: what it is called"),
        ("several:\n  - size: 1", "2:5 several[0].name: this key is missing; add it: what it is called"),
        ("inners: {a b: {name: x}}", '1:10 inners["a b"]: a key has no spaces'),
        ("inners: {a:\n  {name: empty}}", "1:10 inners.a: this is empty; fill it"),
        ("on: yes", '1:5 on: true or false is expected, not the text "yes"; write true or false'),
        ("on: 'true'", '1:5 on: true or false is expected, not the text "true"; write it without quotes'),
        ("on: 1", "1:5 on: true or false is expected, not the number 1; write true or false"),
        ("words: x", '1:8 words: a list is expected, not the text "x"; write it as ["a", "b"], or each item on a line'),
        ("several:", "1:9 several: a list is expected, not nothing (null); write a list ([] for an empty one), or"),
        ("inners:\n", "1:8 inners: a mapping is expected, not nothing (null); write a mapping ({} for an empty one)"),
        ("inners: [a]", '1:9 inners: a mapping is expected, not a list; write it as {"key": "value"}'),
        ("several: [1]", "1:11 several[0]: a mapping is expected, not the number 1"),
        ("several: [{name: 12}]", "1:18 several[0].name: text is expected, not the number 12; put it in quotes"),
        ("several: [{name: }]", "1:18 several[0].name: text is expected, not nothing (null); write text, or remove"),
        ("several: [{name: {}}]", "1:18 several[0].name: text is expected, not a mapping; write text"),
        ("several: [{name: x, size: 1.5}]", "1:27 several[0].size: a whole number is expected, not the number 1.5"),
        ("several: [{name: x, size: '1'}]", '1:27 several[0].size: a whole number is expected, not the text "1"; '),
        ("several: [{name: x, size: -1}]", "1:27 several[0].size: at least 0 is expected, not the number -1"),
        ("several: [{name: x, size: 100}]", "1:27 several[0].size: less than 100 is expected, not the number 100"),
        ("several: [{name: x, share: 0}]", "1:28 several[0].share: more than 0 is expected, not the number 0"),
        ("several: [{name: x, share: 2}]", "1:28 several[0].share: at most 1 is expected, not the number 2"),
        ("several: [{name: x, mode: x}]", "1:27 several[0].mode: one of 'fast' or 'slow' is expected, not the text"),
        ("several: [{name: x, even: 3}]", "1:27 several[0].even: an even number is expected, not 3 {cure}; add one"),
        ("code: a", '1:7 code: text of at least 2 characters is expected, not the text "a"'),
        ("code: abcde", "1:7 code: text of at most 4 characters is expected"),
        ("code: A1", "1:7 code: String should match pattern"),
        ("undescribed: []", "1:14 undescribed: a list of at least 1 is expected, not an empty one"),
        ("- a", "1:1: a mapping is expected, not a list; start with one of its keys: on, words, inners"),
    ],
)
def test_what_does_not_fit_is_told_in_plain_words(text: str, expected: str) -> None:
    (problem,) = problems(text)

    assert problem.startswith(f"a.yaml:{expected}")


def test_a_missing_key_that_nothing_describes_is_still_named() -> None:
    assert problems("{}", Mandatory) == ["a.yaml:1:1 key: this key is missing; add it"]


def test_all_problems_are_told_at_once() -> None:
    assert len(problems("onn: 1\non: 2\nseveral: [{}, {size: x}]")) == 5


def test_what_the_reader_refused_already_is_not_reported_again() -> None:
    (document,) = read_bytes(b"on: .nan\ninners: !!int 3\nwords: [.inf]\ncode: *x", file="a.yaml").documents

    checked = check(Outer, document)

    assert checked.problems == ()
    assert set(checked.wrong) == {("on",), ("inners",), ("code",)}


def test_how_a_problem_speaks_of_a_path_is_for_the_caller_to_say() -> None:
    (document,) = read_bytes(b"several: [1]", file="a.yaml").documents

    (problem,) = check(Outer, document, address=lambda path: f"<{path}>").problems

    assert problem.address == "<('several', 0)>"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "nothing (null)"),
        (True, "true"),
        (1.5, "the number 1.5"),
        ({}, "a mapping"),
        ([], "a list"),
        ("a\nb", r'the text "a\nb"'),
        ("x" * 60, f'the text "{"x" * 40}…"'),
    ],
)
def test_values_are_named_as_in_a_sentence(value: object, name: str) -> None:
    assert named(value).shown == name
