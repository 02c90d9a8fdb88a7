"""The shape of a pydantic model: which keys it knows at a path, and how it describes one."""

from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from reconciler.reading.paths import KeyPath


def known_keys(model: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    """Give the keys that a model knows in the mapping at a path."""
    found = _at(model, path)
    return tuple(found.model_fields) if found else ()


def described(model: type[BaseModel], path: KeyPath) -> str:
    """Give a model's own description of the key at a path, if it has one."""
    found = _at(model, path[:-1])
    field = found.model_fields.get(str(path[-1])) if found else None
    return (field.description or "") if field else ""


def _at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    models = _models(model)
    for step in path:
        models = [below for one in models for below in _below(one, step)]
    return next((one for one in models if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _below(shape: object, step: str | int) -> list[object]:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        field = shape.model_fields.get(str(step))
        return _models(field.annotation) if field else []
    return _models(get_args(shape)[-1 if get_origin(shape) is dict else 0]) if get_args(shape) else []


def _models(shape: object) -> list[object]:
    """Give what a value of a shape can be, with the wrappings of `Annotated` and `X | Y` taken off."""
    if get_origin(shape) is Annotated:
        return _models(get_args(shape)[0])
    if get_origin(shape) in (Union, UnionType):
        return [one for part in get_args(shape) for one in _models(part)]
    return [shape]
