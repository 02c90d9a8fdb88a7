"""A model says which keys it knows, through every wrapping."""

import sys
from typing import Annotated, Literal, Optional

import pytest
from pydantic import BaseModel

from reconciler.reading import check, read_bytes
from reconciler.reading.check import Checked, Strict, described, known_keys
from reconciler.reading.places import KeyPath


class Leaf(BaseModel):
    leaf: int


class Tree(BaseModel):
    plain: Leaf
    wrapped: Annotated[Leaf | None, "note"]
    old: Optional[list[Leaf]]  # noqa: UP045 - this spelling is read too
    deep: dict[str, Annotated[dict[str, tuple[Leaf, ...]], "note"]]
    number: int


@pytest.mark.parametrize("path", [("plain",), ("wrapped",), ("old", 3), ("deep", "any", "key", 0)])
def test_keys_are_found_below_a_path(path: KeyPath) -> None:
    assert known_keys(Tree, path) == ("leaf",)


@pytest.mark.parametrize("path", [("number",), ("number", "x"), ("nowhere",), ("deep",), ("plain", "leaf", "x")])
def test_where_there_is_no_model_no_keys_are_known(path: KeyPath) -> None:
    assert known_keys(Tree, path) == ()
    assert described(Tree, (*path, "leaf")) == ""


def test_a_key_that_is_not_there_has_no_description() -> None:
    assert described(Tree, ("nowhere",)) == ""


class Forest(Strict):
    name: str
    trees: dict[str, Literal["oak", "elm"]]


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check few values at once, so that these documents are large."""
    monkeypatch.setitem(vars(sys.modules[Strict.__module__]), "_AT_ONCE", 50)


def checked(*lines: str, wrong: int = 0) -> Checked[Forest]:
    trees = (f"  t{at}: {'oak' if at < 600 - wrong else 'oka'}" for at in range(600))
    text = "\n".join((*lines, "trees:", *trees))
    (document,) = read_bytes(text.encode(), file="a.yaml").documents
    return check(Forest, document)


def test_a_document_that_is_checked_in_parts_is_as_valid_as_its_whole() -> None:
    forest = checked("name: north").model

    assert forest is not None
    assert (forest.name, len(forest.trees)) == ("north", 600)


def test_what_is_wrong_in_a_part_is_told_once_and_at_its_place() -> None:
    found = checked("nmae: north", wrong=1)

    assert {str(one.source) for one in found.problems} == {"a.yaml:1:1", "a.yaml:602:9"}
    assert {one.address for one in found.problems} == {"nmae", "name", "trees.t599"}
    assert set(found.wrong) == {("nmae",), ("name",), ("trees", "t599")}


def test_of_a_document_with_very_many_problems_the_first_are_told_and_nothing_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(vars(sys.modules[Strict.__module__]), "MOST_PROBLEMS", 150)

    found, few = checked("nmae: north", wrong=300), checked("name: north", wrong=148)

    assert "with so many problems, this document is not checked to its end" in str(found.problems[-1])
    assert (found.model, found.is_whole, found.wrong) == (None, False, (("nmae",), ("trees",)))
    assert (len(few.problems), few.is_whole) == (148, True)


class Grove(Strict):
    name: str
    ages: list[int] | None = None


def grove(text: str) -> Checked[Grove]:
    (document,) = read_bytes(text.encode(), file="a.yaml").documents
    return check(Grove, document)


@pytest.mark.parametrize("right", [0, 600])
@pytest.mark.parametrize(("wrong", "is_whole"), [(149, True), (150, False), (3_000, False)])
def test_of_very_many_wrong_items_of_a_list_the_first_are_told(
    right: int, wrong: int, *, is_whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(sys.modules[Strict.__module__]), "MOST_PROBLEMS", 150)

    found = grove(f"name: north\nages: [{'1, ' * right}{'x, ' * wrong}]")

    told = [f"ages[{right + at}]" for at in range(149)]
    assert [one.address for one in found.problems] == [*told, *([] if is_whole else [""])]
    assert found.is_whole is is_whole


def test_one_mistake_beside_a_long_list_is_all_that_is_told() -> None:
    found = grove(f"nmae: north\nname: north\nages: [{'1, ' * 600}]")

    assert [(one.address, found.is_whole) for one in found.problems] == [("nmae", True)]


def test_a_few_mistakes_at_the_start_of_a_long_list_hide_none_behind_it() -> None:
    found = grove(f"name: north\nnmae: x\nages: [x, {'1, ' * 700}x]")

    assert [(one.address, found.is_whole) for one in found.problems] == [
        ("ages[0]", True),
        ("ages[701]", True),
        ("nmae", True),
    ]


def test_a_key_behind_many_others_of_a_mapping_is_not_missing() -> None:
    unknown = "".join(f"k{at}: 1\n" for at in range(600))

    assert "name" not in {one.address for one in grove(f"{unknown}name: north").problems}


class Wood(Strict):
    groves: dict[str, Grove]
    host: str = ""


@pytest.mark.parametrize("ages", [3, 600])
def test_of_a_section_that_is_left_out_every_entry_is_checked(ages: int) -> None:
    groves = "".join(f"  g{at}: {{name: n, ages: [{'1, ' * ages}]}}\n" for at in range(60))
    lame = f"  lame: {{ages: [{'1, ' * ages}]}}\n  odd: {{name: n, ages: [{'1, ' * ages}x]}}\n"
    right, wrong = (
        read_bytes(f"groves:\n{text}".encode(), file="a.yaml").documents[0] for text in (groves, groves + lame)
    )

    found, whole = check(Wood, wrong, without="groves"), check(Wood, right, without="groves")

    assert {one.address for one in found.problems} == {"groves.lame.name", f"groves.odd.ages[{ages}]"}
    assert whole.model is not None
    assert bool(whole.model.groves) is (ages > 50)
