"""Plain data → a pydantic model, or its problems: the place, the address and the cure of each, in plain words."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, ClassVar, Final, Generic, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from reconciler.core.model.address import is_name
from reconciler.core.model.masking import compose, named
from reconciler.core.model.nearest import Nearest
from reconciler.core.model.text import HIDDEN, Secret, has_control_characters, hidden_in
from reconciler.core.model.value import Json
from reconciler.errors import Problem, Source
from reconciler.reading.anchors import MOST_PROBLEMS
from reconciler.reading.places import Addressing, KeyPath, Node, Refused, dotted
from reconciler.reading.scalars import Numeral, plain_value

OUR_OWN: Final = "our_own"
"""The type of the errors that validators of this project raise; all others are pydantic's."""

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
}
_BOUNDS = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
}
_EMPTY = {"a mapping": " ({} for an empty one)", "a list": " ([] for an empty one)"}
_WRITTEN = {
    "a mapping": 'write it as {"key": "value"}, or as lines of "key: value", indented below',
    "a list": 'write it as ["a", "b"], or each item on a line of its own that starts with "- "',
}


class Words(Struct, frozen=True):
    """What is wrong, and what would be right."""

    message: str
    cure: str


def explain(error: ErrorDetails) -> Words:
    """Return the words for an error of pydantic's."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _EXPECTED:
        return mistyped(_EXPECTED[kind], error["input"])
    if kind in _BOUNDS:
        bound = _BOUNDS[kind].format(**{name: _short(value) for name, value in context.items()})
        length = context.get("actual_length")
        found = named(error["input"]) if length is None else f"one of {length}" if length else "an empty one"
        return Words(compose("{} is expected, not {}", bound, found), "")
    if kind == OUR_OWN:
        return Words(context["said"], context["cure"])
    return Words(error["msg"].removeprefix("Value error, ").removeprefix("Input should "), "")


def wrong(message: str, *, cure: str) -> PydanticCustomError:
    """Return the error that a validator raises, with what is wrong and what would be right."""
    return PydanticCustomError(OUR_OWN, "{said}", {"said": message, "cure": cure})


def mistyped(expected: str, value: object) -> Words:
    """Return the words for a value of another kind than expected, such as `text`, `a whole number`, `a list`."""
    message = compose("{} is expected, not {}", expected, named(value))
    if value is None:
        return Words(message, _fill(expected))
    if isinstance(value, Secret):
        return Words(message, f"write {expected}")
    if expected in _WRITTEN:
        return Words(message, _WRITTEN[expected])
    if expected == "text" and isinstance(value, (bool, int, float)):
        return Words(message, "put it in quotes")
    found = plain_value(value) if isinstance(value, str) else value
    if isinstance(value, str) and (not isinstance(found, str) or (isinstance(found, Numeral) and "number" in expected)):
        return Words(message, "write it without quotes")
    return Words(message, f"write {expected}")


def _short(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _fill(expected: str) -> str:
    return f"write {expected}{_EMPTY.get(expected, '')}, or remove the key"


def known_keys(model: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    """Return the keys that a model knows in the mapping at a path."""
    found = _at(model, path)
    return tuple(_fields(found)) if found else ()


def described(model: type[BaseModel], path: KeyPath) -> str:
    """Return a model's own description of the key at a path, if it has one."""
    found = _at(model, path[:-1])
    field = _fields(found).get(str(path[-1])) if found else None
    return (field.description or "") if field else ""


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """Return the fields of a model by the keys that are written."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    models: Sequence[object] = _models(model)
    for step in path:
        models = [below for one in models for below in _below(one, step)]
    return next((one for one in models if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _below(shape: object, step: str | int) -> Sequence[object]:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return _shapes(shape).get(str(step), ())
    return _models(get_args(shape)[-1 if get_origin(shape) is dict else 0]) if get_args(shape) else ()


@cache
def _shapes(model: type[BaseModel]) -> Mapping[str, Sequence[object]]:
    """Return what the value of each key of a model can be."""
    return {key: _models(field.annotation) for key, field in _fields(model).items()}


def _models(shape: object) -> Sequence[object]:
    """Return what a value of a shape can be, with the wrappings of `Annotated` and `X | Y` taken off."""
    if get_origin(shape) is Annotated:
        return _models(get_args(shape)[0])
    if get_origin(shape) in (Union, UnionType):
        return tuple(one for part in get_args(shape) for one in _models(part))
    return (shape,)


_KEY = "[key]"
"""What pydantic puts at the end of a path when it is the key that is wrong."""


class Strict(BaseModel):
    """
    A mapping in a file: an unknown key is a problem, and text is never taken for a number.

    Lists in files are fields of type `list`: in strict mode, pydantic takes no list for a tuple.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    cures_of_unknown: ClassVar[Mapping[str, str]] = {}
    """What to do instead of writing certain keys that are unknown here, by their lower-case letters alone."""

    lines_to_write: ClassVar[Mapping[str, str]] = {}
    """The lines to write for keys that are missing, where their description does not say it."""


Model = TypeVar("Model", bound=BaseModel)


class Checked(Struct, Generic[Model], frozen=True):
    """
    The result of checking a document: a model, or problems and the paths of what is wrong.

    Unless it `is_whole`, there are more problems than are named, and all of the document is called wrong.
    """

    model: Model | None
    problems: tuple[Problem, ...]
    wrong: tuple[KeyPath, ...]
    is_whole: bool = True


def check(model: type[Model], node: Node, *, address: Addressing = dotted, without: str = "") -> Checked[Model]:
    """Read a document as a model; of a large one, small entries of the section `without` are checked and left out."""
    found: list[ErrorDetails] = []
    valid: Model | None = None
    starts: Sequence[int] = ()
    for part, starts in _parts(node.value):
        valid, errors = _validated(model, part)
        found += _of_whole(errors, starts)
        if len(found) >= MOST_PROBLEMS:
            break
    is_whole = len(found) < MOST_PROBLEMS
    if is_whole and starts:  # it is large, and so few problems take little memory at once
        rest, left = _without(node.value, without)
        valid, errors = _validated(model, rest)
        found = [*(one for one in found if one["loc"][:2] in left), *errors]
    if valid and not found:
        return Checked(valid, (), ())
    if not is_whole:
        del found[MOST_PROBLEMS - 1 :]
    indexes: _Indexes = {}
    problems = [_problem(model, node, one, address, indexes) for one in found if not isinstance(one["input"], Refused)]
    if is_whole:
        return Checked(None, tuple(problems), tuple(one["loc"] for one in found))
    cure = "fix the others and run it again" if problems else "look at how it was made"
    problems.append(node.source.problem("", "with so many problems, this document is not checked to its end", cure))
    return Checked(None, tuple(problems), tuple((section,) for section, _ in node.entries()), is_whole=False)


_AT_ONCE = 10_000
"""About as many values are checked at once: each can be an error, which takes 1 KB before errors can be counted."""


def _validated(model: type[Model], value: Json) -> tuple[Model | None, list[ErrorDetails]]:
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _parts(value: Json) -> Iterator[tuple[Json, tuple[int, ...]]]:
    """Yield a value in parts that are not large; with each, where it starts in the lists and mappings that are cut."""
    if not _is_large(value):
        yield value, ()
        return
    some: dict[str | int, Json] = {}
    room = _AT_ONCE
    for key, below in _entries(value):
        size = _size(below)
        if size > room and some:
            yield _part(value, some)
            some, room = {}, _AT_ONCE
        if size > _AT_ONCE:
            for part, starts in _parts(below):
                around, start = _part(value, {key: part})
                yield around, (*start, *starts)
        else:
            some[key] = below
            room -= size
    if some:
        yield _part(value, some)


def _part(value: Json, some: Mapping[str | int, Json]) -> tuple[Json, tuple[int, ...]]:
    """Return some entries of a mapping, or some items of a list with the index of the first."""
    if isinstance(value, dict):
        return {str(key): below for key, below in some.items()}, (0,)
    return list(some.values()), (int(next(iter(some))),)


def _entries(value: Json) -> Iterable[tuple[str | int, Json]]:
    return value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()


def _size(value: Json) -> int:
    """Return how many values are in a value, if it is not large."""
    size = 1
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        size += _size(below) if isinstance(below, dict | list) else 1
        if size > _AT_ONCE:
            break
    return size


def _is_large(value: Json) -> bool:
    return _size(value) > _AT_ONCE


def _of_whole(errors: Iterable[ErrorDetails], starts: Sequence[int]) -> Iterator[ErrorDetails]:
    """Yield the errors of a part that are not about what is cut, each with its path in the whole."""
    for error in errors:
        path = error["loc"]
        if len(path) >= len(starts) + (error["type"] == "missing"):
            cut = [step + start if isinstance(step, int) else step for step, start in zip(path, starts, strict=False)]
            error["loc"] = (*cut, *path[len(starts) :])
            yield error


def _without(value: Json, section: str) -> tuple[Json, Container[KeyPath]]:
    """Return a document without the entries of a section that are not large, and the paths of these."""
    entries = value.get(section) if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(entries, dict):
        return value, ()
    large = {name: below for name, below in entries.items() if _is_large(below)}
    return {**value, section: large}, {(section, name) for name in entries if name not in large}


def _problem(
    model: type[BaseModel], node: Node, error: ErrorDetails, address: Addressing, indexes: "_Indexes"
) -> Problem:
    path = _path(error)
    source = _source(node, path, error)
    words = _words(model, path, error, indexes)
    return source.problem(address(path), words.message, words.cure)


def _path(error: ErrorDetails) -> KeyPath:
    path = error["loc"]
    return path[:-1] if _is_key(error) else path


def _is_key(error: ErrorDetails) -> bool:
    return error["loc"][-1:] == (_KEY,) and error["type"] != "extra_forbidden"


def _source(node: Node, path: KeyPath, error: ErrorDetails) -> Source:
    if error["type"] == "missing":
        return node.at(path[:-1]).key_source
    place = node.at(path)
    at_key = _is_key(error) or error["type"] == "extra_forbidden" or _is_about_keys(error)
    return place.key_source if at_key else place.source


def _is_about_keys(error: ErrorDetails) -> bool:
    """Return whether a validator of ours found a mapping wrong as a whole, for which its key is the better place."""
    return error["type"] == OUR_OWN and isinstance(error["input"], Mapping)


def _words(model: type[BaseModel], path: KeyPath, error: ErrorDetails, indexes: "_Indexes") -> Words:
    match error["type"]:
        case "extra_forbidden":
            return Words("unknown key", _cure_of_unknown(model, path, indexes))
        case "missing":
            return Words("this key is missing", _cure_of_missing(model, path))
        case "model_type" if not path:
            return Words(explain(error).message, f"start with one of its keys: {', '.join(known_keys(model, path))}")
        case "literal_error" if path and (line := _only_line(model, path)):
            expected = error["ctx"]["expected"]
            return Words(compose("{} is expected, not {}", expected, named(error["input"])), f"write `{line}`")
        case _:
            return explain(error)


_Indexes: TypeAlias = dict[tuple[str, ...], Nearest]
"""Of one check: the known keys of each kind of mapping, for many that are unknown."""


def _cure_of_unknown(model: type[BaseModel], path: KeyPath, indexes: _Indexes) -> str:
    """Return where the key belongs if that is deeper, the nearest known key, or all that are known here."""
    key, here = str(path[-1]), _at(model, path[:-1])
    if here and issubclass(here, Strict) and (cure := here.cures_of_unknown.get(_letters(key))):
        return cure
    if here and (below := _places_below(here).get(key)):
        return f"move it under {below}"
    known = tuple(_fields(here)) if here else ()
    if known not in indexes:
        indexes[known] = Nearest(known)
    return indexes[known].did_you_mean(key)


@cache
def _places_below(model: type[BaseModel]) -> Mapping[str, str]:
    """Return, for each key that only one of the mappings below a mapping knows, the path to that one."""
    found = [
        (key, f"{name}.NAME" if is_named else name)
        for name, shapes in _shapes(model).items()
        for shape in shapes
        for is_named in (get_origin(shape) is dict,)
        for inner in (_below(shape, name) if is_named else [shape])
        if isinstance(inner, type) and issubclass(inner, BaseModel)
        for key in _fields(inner)
    ]
    times = Counter(key for key, _ in found)
    return {key: place for key, place in found if times[key] == 1}


def _cure_of_missing(model: type[BaseModel], path: KeyPath) -> str:
    """Return the line to add where only one value is right, else what the key is for."""
    key, here = str(path[-1]), _at(model, path[:-1])
    known = here.lines_to_write if here and issubclass(here, Strict) else {}
    line = known.get(key) or _only_line(model, path)
    return f"write `{line}`" if line else f"add it: {described(model, path)}".removesuffix(": ")


def _only_line(model: type[BaseModel], path: KeyPath) -> str:
    """Return the line of a key for which only one value is right; empty for any other."""
    key, here = str(path[-1]), _at(model, path[:-1])
    field = _fields(here).get(key) if here else None
    values = get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
    return f"{key}: {values[0]}" if len(values) == 1 else ""


def _letters(key: str) -> str:
    return "".join(filter(str.isalpha, key.lower()))


_DOTS = frozenset((".", ".."))
_NOWHERE = rf"\x00-\x1f\x7f-\x9f{HIDDEN}"
_INNER = rf"[^{_NOWHERE}]"
_OUTER = rf"[^\s{_NOWHERE}]"
_INNER_OF_PATHS = rf"[^/{_NOWHERE}]"
_OUTER_OF_PATHS = rf"[^/\s{_NOWHERE}]"


def _id(text: str) -> str:
    if is_name(text):
        return text
    if not text:
        raise wrong("an id is expected, not an empty text", cure="write the id as the account gives it")
    if text != text.strip() or has_control_characters(text):
        raise wrong("an id has no spaces around it and no control characters", cure="write it as the account gives it")
    if hidden := hidden_in(text):
        raise wrong(f"this id holds {hidden}, which does not show", cure="write it without: copy the id alone")
    if text in _DOTS:
        raise wrong("one or two dots cannot be an id", cure="write the id as the account gives it")
    return text


def _account_id(text: str) -> str:
    """Check an id that becomes part of the path of a call, where a slash would change the path."""
    if "/" in text:
        raise wrong("the account's ids hold no slash", cure="write the id as the account gives it, not the path to it")
    return text


Id: TypeAlias = Annotated[
    str,
    AfterValidator(_id),
    WithJsonSchema({"type": "string", "pattern": f"^{_OUTER}({_INNER}*{_OUTER})?$", "not": {"enum": sorted(_DOTS)}}),
]
"""What the account calls something: an opaque text."""

AccountId: TypeAlias = Annotated[
    Id,
    AfterValidator(_account_id),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_OUTER_OF_PATHS}({_INNER_OF_PATHS}*{_OUTER_OF_PATHS})?$",
            "not": {"enum": sorted(_DOTS)},
        }
    ),
]
"""The account's id of a contact or a memory, which becomes part of the paths of calls."""
