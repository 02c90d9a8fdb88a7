"""References → values: what `${name}` and `${env:NAME}` stand for, and where each may be written."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Literal, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.core.model.masking import compose, label, named, quote
from reconciler.core.model.references import (
    ESCAPE,
    OPENING,
    Malformed,
    Reference,
    ReferencePart,
    Scalar,
    Variable,
    holds_key,
    parse,
)
from reconciler.core.model.text import Secret, UnreadSecret
from reconciler.core.model.value import Json, digits
from reconciler.reading import REFUSED, KeyPath, Nearest, Node, Numeral, reads_as_number
from reconciler.reading.anchors import MOST_LETTERS
from reconciler.specs.problems import FACTS, Problems, spec_address, split
from reconciler.specs.texts import REFERENCE_AS_KEY

Environ: TypeAlias = Callable[[str], str | None]
"""Return the value of a variable of the process's environment, or None where it is not set."""

_Place: TypeAlias = Literal["free", "text", "of an address", "of the catalogue", "of data files", "of labels"]

_OF_AN_ADDRESS = frozenset((("persona_id",), ("agent_number",), ("contact_id",), ("memory_id",)))
_SHOWN: Mapping[_Place, str] = {
    "of an address": "this becomes part of addresses and URLs, which are shown",
    "of the catalogue": "what fact_keys say is shown",
    "of labels": "labels are shown",
    "of data files": "this becomes part of the names of files and columns, which are shown",
}
_OF_A_CONTACT: Mapping[str, _Place] = {"metadata": "free", "labels": "of labels"}
_OF_ANY_KIND = frozenset(("free", "of the catalogue", "of data files"))
_NOT_FILLED_IN = ["rules"]
"""The section that is used as it is written."""

_DEFINE = "define it under variables, in reconciler.yaml"


class References(Struct, frozen=True, dict=True):
    """
    The values of references. Without `environ`, a reference to the environment becomes an `UnreadSecret`.

    Only the environment variables in `secrets` may be read, and never those in `key_variables`.
    """

    variables: Mapping[str, Variable] = field(default_factory=dict)
    environ: Environ | None = None
    secrets: Collection[str] = ()
    key_variables: Collection[str] = ()

    @cached_property
    def nearest(self) -> Nearest:
        """Return the names of variables, for suggestions."""
        return Nearest(self.variables)

    @cached_property
    def nearest_secret(self) -> Nearest:
        """Return the names of secrets, for suggestions."""
        return Nearest(self.secrets)

    @property
    def unread(self) -> "References":
        """Return the same references without access to the environment."""
        return replace(self, environ=None)

    def plain(self, value: Json) -> Json:
        """Return a text with its variables filled in, or as it is written where they cannot be: nothing is reported."""
        if not isinstance(value, str) or OPENING not in value:
            return value
        parts = [self._plain_part(part) for part in parse(value)]
        return value if None in parts else "".join(part for part in parts if part is not None)

    def _plain_part(self, part: ReferencePart) -> str | None:
        if isinstance(part, str):
            return part
        if isinstance(part, Malformed) or part.from_environment or part.name not in self.variables:
            return None
        found = self.variables[part.name].value
        return found if isinstance(found, str) else None


NO_REFERENCES = References()

_MOST_IN_ONE = 10_000
"""The number of references in one text."""


class Growth:
    """How many letters references have added to the documents of one loading: a variable may stand in many places."""

    def __init__(self) -> None:
        self.letters = 0


def resolve(document: Node, references: References, problems: Problems, growth: Growth | None = None) -> Node:
    """Return a document with its references replaced by values; report those that cannot be, or that add too much."""
    resolving = _Resolving(document, references, problems, growth or Growth())
    return replace(document, value=resolving.value(document.value))


class _Resolving:
    """A walk through a document; `_path` is the path of the current value."""

    def __init__(self, document: Node, references: References, problems: Problems, growth: Growth) -> None:
        self._growth = growth
        self._document = document
        self._references = references
        self._problems = problems
        self._path: list[str | int] = []

    def value(self, value: Json) -> Json:
        """Resolve a value at any depth; what refers to nothing is shared and not copied."""
        if isinstance(value, str):
            return self._text(value) if OPENING in value and not isinstance(value, Secret) else value
        if isinstance(value, dict):
            return self._mapping(value)
        return self._list(value) if isinstance(value, list) else value

    def _mapping(self, value: dict[str, Json]) -> Json:
        new: dict[str, Json] = {}
        is_same = True
        for key, item in value.items():
            self._path.append(key)
            resolved = item if self._path == _NOT_FILLED_IN else self.value(item)
            new_key = key if OPENING not in key else self._key(key)
            self._path.pop()
            is_same = is_same and resolved is item and new_key is key
            new[new_key] = resolved
        return value if is_same else new

    def _list(self, value: list[Json]) -> Json:
        new: list[Json] = []
        for index, item in enumerate(value):
            self._path.append(index)
            new.append(self.value(item))
            self._path.pop()
        return value if all(one is item for one, item in zip(new, value, strict=True)) else new

    def _key(self, key: str) -> str:
        """Return a key of facts with `$${` as `${`; names and keys that we know have rules of their own."""
        path = tuple(self._path)
        if _place(path[:-1]) != "free" and path[:-1] != ("fact_keys",):
            return key
        parts = parse(key)
        if all(isinstance(part, str) for part in parts):
            return "".join(part for part in parts if isinstance(part, str))
        source = self._document.at(path).key_source
        cure = "write the key out, with $${ for a literal ${"
        self._problems.add(source, self._address(path), message=REFERENCE_AS_KEY, cure=cure)
        return key

    def _text(self, text: str) -> Json:
        if text.count(OPENING) - text.count(ESCAPE) > _MOST_IN_ONE:
            return self._refuse(f"this text has more than {_MOST_IN_ONE:,} references", cure="write it out")
        parts = parse(text)
        if len(parts) == 1 and isinstance(parts[0], Reference):
            lone = self._lone(parts[0])
            return lone if self._has_room(text, [lone] if isinstance(lone, str) else []) else REFUSED
        found = [part if isinstance(part, str) else self._found(part) for part in parts]
        if any(part is REFUSED for part in found):
            return REFUSED
        return _together(found) if self._has_room(text, found) else REFUSED

    def _has_room(self, written: str, found: Sequence[Scalar]) -> bool:
        """Count what the references of a text add to it, before it is made; report it once that is too much."""
        before = self._growth.letters
        self._growth.letters += max(sum(len(_written(part)) for part in found) - len(written), 0)
        if before <= MOST_LETTERS < self._growth.letters:
            message = f"with this text, references add more than {MOST_LETTERS >> 20} MiB to the specs"
            self._refuse(message, cure="repeat shorter values, or fewer of them")
        return self._growth.letters <= MOST_LETTERS

    def _lone(self, reference: Reference) -> Json:
        found = self._found(reference)
        if type(found) is str and reads_as_number(found):
            return Numeral(found)  # quotes keep a variable from being a number, and a fact from being one that it means
        if isinstance(found, str) or _place(tuple(self._path)) in _OF_ANY_KIND:
            return found
        source = self._references.variables[reference.name].source
        return self._refuse(
            compose("text is expected, and the variable {} is {}", label(reference.name), named(found)),
            cure=f"put its value in quotes, at {source}",
        )

    def _found(self, part: Reference | Malformed) -> Scalar:
        if isinstance(part, Malformed):
            return self._refuse(part.message, cure=part.cure)
        if part.from_environment:
            return self._secret(part)
        variables = self._references.variables
        if part.name in variables:
            return variables[part.name].value
        cure = self._references.nearest.did_you_mean(part.name) or _DEFINE
        return self._refuse(compose("the variable {} is not defined", quote(part.name)), cure=cure)

    def _secret(self, reference: Reference) -> str:
        if shown := _SHOWN.get(_place(tuple(self._path))):
            return self._refuse(
                f"{reference} is a secret, and {shown}", cure="use a variable of reconciler.yaml: ${name}"
            )
        if refusal := self._not_allowed(reference):
            message, cure = refusal
            return self._refuse(message, cure=cure)
        if self._references.environ is None:
            return UnreadSecret(reference)
        text = self._references.environ(reference.name)
        if text and _is_unicode(text):
            return Secret(text)
        flaw = "holds bytes that are not UTF-8" if text else "is not set" if text is None else "is empty"
        message = f"the environment variable {reference.name} {flaw}"
        return self._refuse(message, cure="set it for plan and apply; validate does without")

    def _not_allowed(self, reference: Reference) -> tuple[str, str] | None:
        """Return why a variable of the environment may not be read, and the cure; None if it may be read."""
        name = reference.name
        if holds_key(name, self._references.key_variables):
            return f"{reference} would read a key of this tool", "put the value into a variable of its own"
        if name in self._references.secrets:
            return None
        near = self._references.nearest_secret.did_you_mean(name)
        cure = f"list it there, as secrets: [{name}]"
        return f"{reference} is not among the secrets of reconciler.yaml", f"{cure} ({near})" if near else cure

    def _refuse(self, message: str, *, cure: str) -> str:
        path = tuple(self._path)
        self._problems.add(self._document.at(path).source, self._address(path), message=message, cure=cure)
        return REFUSED

    def _address(self, path: KeyPath) -> str:
        return spec_address(path, self._document.value)


def _place(path: KeyPath) -> _Place:
    """Return which kinds of values may be written at a path."""
    if path[:1] == ("fact_keys",):
        return "of the catalogue"
    owner, rest = split(path)
    match rest:
        case (str(section), *_) if section in FACTS:
            return "free"
        case (str(section), *_) if section in _OF_A_CONTACT and owner[:1] == ("contacts",) and owner[2:] == ():
            return _OF_A_CONTACT[section]
        case (*steps,) if owner[:1] == ("contacts_from",):
            return _place_of_mapping(steps[3:] if steps[1:2] == ["scopes"] else steps[1:])
        case ("users", int(), "phone_number"):
            return "of an address"
        case _:
            return "of an address" if rest in _OF_AN_ADDRESS else "text"


def _place_of_mapping(steps: Sequence[str | int]) -> _Place:
    """Return which kinds of values a mapping of `contacts_from` may have there: constants, columns or conditions."""
    match steps:
        case (str(section), str(), "value", *_) if section in FACTS or section == "metadata":
            return "free"
        case ("labels", str(), "value"):
            return "of labels"
        case ("name", "value") | ("users", int(), "metadata" | "summary" | "external_memory_key", "value"):
            return "text"
        case (*_, "value"):
            return "of an address"
        case _:
            return "of data files"


def _together(parts: list[Scalar]) -> str:
    if any(isinstance(part, UnreadSecret) for part in parts):
        return UnreadSecret("".join(_as_reference(part) for part in parts))
    text = "".join(map(_written, parts))
    return Secret(text) if any(isinstance(part, Secret) for part in parts) else text


def _as_reference(part: Scalar) -> str:
    return _written(part) if isinstance(part, Secret) else _written(part).replace(OPENING, "$${")


def _written(part: Scalar) -> str:
    match part:
        case Secret():
            return part.plain
        case str():
            return part
        case bool():
            return "true" if part else "false"
        case _:
            return digits(part)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
