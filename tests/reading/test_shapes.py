"""A model says which keys it knows, through every wrapping."""

from typing import Annotated, Optional

import pytest
from pydantic import BaseModel

from reconciler.reading.check import described, known_keys
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
