"""The model of `contacts_from`: which column gives which value of a row's contact, and the types of CSV cells."""

import posixpath
from collections.abc import Callable
from functools import partial
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from reconciler.core.model.catalogue import TYPE_NAMES, Catalogue, FactKey, FactType, has_type
from reconciler.core.model.desired import IDENTITY_KEYS
from reconciler.core.model.masking import compose, named
from reconciler.core.model.text import has_control_characters
from reconciler.core.model.value import Json, same
from reconciler.reading import Numeral, Refusal, Strict, numeral_value, plain_value, wrong
from reconciler.reading.files import FORMATS
from reconciler.specs.row_cells import CELL_KEYS, COLUMN, CONSTANT, LOWER, MAP, SPLIT, check_parts, check_text
from reconciler.specs.texts import Choice, LabelKey, Name

Convert: TypeAlias = Callable[[str, str], Json]
"""Return the value of a cell of CSV for the key of a fact; raise `ValueError` with what is expected."""


def as_text(_key: str, text: str) -> Json:
    """Leave every cell the text that it is."""
    return text


def by_catalogue(catalogue: Catalogue) -> Convert:
    """Return a converter that gives cells the types of the catalogue; facts with other keys are text."""
    return partial(_converted, catalogue)


def _converted(catalogue: Catalogue, name: str, text: str) -> Json:
    key = catalogue.get(name)
    if key is None or key.expected_type == "string":
        return text
    return _choice(key, text) if key.expected_type is None else _typed(key.expected_type, text)


def _choice(key: FactKey, text: str) -> Json:
    """Return what an `enum` lists, which may be a number, true or false; other text is for its rule to refuse."""
    if text in key.enum:
        return text
    boolean = plain_value(text.lower())
    value = boolean if isinstance(boolean, bool) else plain_value(text)
    return text if isinstance(value, Refusal) or not any(same(value, one) for one in key.enum) else value


def _typed(expected: FactType, text: str) -> Json:
    value = _read(expected, text)
    if not isinstance(value, Refusal) and has_type(value, expected):
        return value
    if isinstance(value, Refusal):
        raise ValueError(value.message)  # noqa: TRY004  a cell that cannot be read
    raise ValueError(compose("{} is expected, not {}", TYPE_NAMES[expected], named(text)))


def _read(expected: FactType, text: str) -> "Json | Refusal":
    """Read a cell as JSON writes lists and mappings, as specs write numbers; spreadsheets write TRUE."""
    match expected:
        case "list" | "mapping":
            from reconciler.reading.row_files import json_value  # noqa: PLC0415  for cells with JSON alone

            return json_value(text)
        case "boolean":
            return plain_value(text.lower())
        case _:
            value = plain_value(text)
            return numeral_value(value) if isinstance(value, Numeral) else value


_CONSTANT_CURE = "write the name of a column, or {value: ...} for what is the same in each row"
_NULLS = ("null", "Null", "NULL")
"""What YAML takes for nothing, and lists write as a text."""


def _column(value: object) -> object:
    if isinstance(value, str) and value:
        _check_text(value)
        return value
    if isinstance(value, dict) and value.keys() == {CONSTANT}:
        if _holds_null(value):
            raise wrong("a fact cannot be null: the API does not document what null does", cure="write a value")
        return value
    if isinstance(value, dict) and not value.keys().isdisjoint(CELL_KEYS):
        check_parts(value)
        return value
    raise wrong(compose("a column is expected, not {}", named(value)), cure=_CONSTANT_CURE)


def _check_text(text: str) -> None:
    if "{" in text:
        check_text(text)


def _naming(value: object) -> object:
    columns = value if isinstance(value, list) else [value]
    for column in columns or [None]:
        if not isinstance(column, str) or not column:
            raise wrong(
                compose("the column of the contact's name is expected, not {}", named(column)),
                cure="write one column, or several: [first, last]",
            )
        _check_text(column)
    return value


def _region(text: str) -> str:
    from reconciler.core.model.countries import region_of  # noqa: PLC0415  only national numbers need it

    region = region_of(text)
    if region is None:
        raise wrong(compose("{} is no country that is known", named(text)), cure="write its ISO code: US, GB, DE")
    return region


def _phone_region(value: object) -> object:
    if isinstance(value, str):
        return _region(value)
    if isinstance(value, dict) and value.keys() == {COLUMN} and isinstance(value[COLUMN], str) and value[COLUMN]:
        return value
    raise wrong(compose("a country is expected, not {}", named(value)), cure="write US, or {column: country}")


def _empty(value: object) -> object:
    """Check the texts that stand for an empty cell; NULL without quotes is one of them."""
    if not isinstance(value, list) or not all(one is None or isinstance(one, str) for one in value):
        raise wrong("a list of the texts that stand for an empty cell is expected", cure='write [N/A, NULL, "-"]')
    return value


def _holds_null(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_null, value.values()))
    return any(map(_holds_null, value)) if isinstance(value, list) else value is None


def _file(text: str) -> str:
    if has_control_characters(text):
        raise wrong("no file has control characters in its name", cure="name another file")
    from reconciler.reading.row_files import by_ending  # noqa: PLC0415  only data files need it

    if other := by_ending(text):
        raise wrong(other.message, cure=other.cure)
    if _ending(text) not in FORMATS:
        raise wrong(f"a data file's name ends in {', '.join(FORMATS)}", cure="rename it, or name another file")
    return text


def _ending(file: str) -> str:
    return posixpath.splitext(file)[1].lower()


def _delimiter(text: str) -> str:
    if len(text) != 1 or text in '"\r\n\0':
        raise wrong(compose("a delimiter is one character, not {}", named(text)), cure='write ",", ";" or "\\t"')
    return text


_COLUMN_SCHEMA = {"type": "string", "minLength": 1, "description": "the name of a column"}

Column: TypeAlias = Annotated[
    object,
    AfterValidator(_column),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1, "description": "a column, or a text with columns: {first} {last}"},
                {
                    "type": "object",
                    "description": "a column, and what is done to its cells",
                    "properties": {
                        COLUMN: _COLUMN_SCHEMA,
                        LOWER: {"type": "boolean", "description": "whether to write it in lower case"},
                        SPLIT: {"type": "string", "minLength": 1, "description": "what separates the items of a list"},
                        MAP: {
                            "type": "object",
                            "minProperties": 1,
                            "description": "the value of each cell; an empty one declares nothing",
                            "additionalProperties": {"type": ["string", "number", "boolean"]},
                        },
                    },
                    "required": [COLUMN],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "description": "what is the same in each row",
                    "properties": {CONSTANT: {"description": "what a fact can hold"}},
                    "required": [CONSTANT],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""The name of a column, a text with columns in it, `{column: ...}`, or `{value: ...}` for the same in each row."""

_Naming: TypeAlias = Annotated[
    object,
    AfterValidator(_naming),
    WithJsonSchema({"anyOf": [_COLUMN_SCHEMA, {"type": "array", "minItems": 1, "items": _COLUMN_SCHEMA}]}),
]
_PhoneRegion: TypeAlias = Annotated[
    object,
    AfterValidator(_phone_region),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "description": "an ISO code or an English name: US, Germany"},
                {
                    "type": "object",
                    "description": "the column that names each row's country",
                    "properties": {COLUMN: _COLUMN_SCHEMA},
                    "required": [COLUMN],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
_Empty: TypeAlias = Annotated[
    object,
    AfterValidator(_empty),
    WithJsonSchema({"type": "array", "items": {"type": ["string", "null"]}}),
]

_ColumnMap: TypeAlias = dict[str, Column]


class RowLayer(Strict):
    """A layer of facts, by key; a cell that is empty declares nothing."""

    facts: _ColumnMap = Field(default_factory=dict, description="facts that are enforced, and the column of each")
    seed_facts: _ColumnMap = Field(default_factory=dict, description="facts that are seeded, and the column of each")


class RowUser(Strict):
    """A memory user; a row in which all columns of the user are empty declares none."""

    phone_number: Column = Field(description="the column of the user's phone number")
    metadata: Column = Field(default=None, description="the column of what is known about the user")
    summary: Column = Field(default=None, description="the column of the summary of earlier calls")
    external_memory_key: Column = Field(default=None, description="the column of the key in another system")


class RowMemory(RowLayer):
    """The memory of each row's contact in a scope."""

    where: dict[str, Choice] = Field(
        default_factory=dict, description="only for rows in which these columns hold these values; without it, for all"
    )
    users: list[RowUser] = Field(default_factory=list, description="the users of this memory")


class RowContact(RowLayer):
    """The shape of a contact, with the name of a column where a contact has a value."""

    contact_id: Column = Field(default=None, description="the column of the contact's id, as the account gives it")
    external_id: Column = Field(default=None, description="the column of the contact's id in another system")
    phone_number: Column = Field(default=None, description="the column of the contact's phone number")
    email: Column = Field(default=None, description="the column of the contact's email address")
    labels: dict[LabelKey, Column] = Field(
        default_factory=dict, description="texts to choose contacts by (--label), and the column of each"
    )
    name: Column = Field(default=None, description="the column of the contact's name as the account keeps it")
    metadata: _ColumnMap = Field(default_factory=dict, description="the contact's metadata, and the column of each")
    scopes: dict[Name, RowMemory] = Field(
        default_factory=dict, description="the scopes in which each contact should have a memory, by the scope's name"
    )

    @model_validator(mode="after")
    def _an_identifier(self) -> Self:
        if not self.model_fields_set & set(IDENTITY_KEYS):
            raise wrong(
                "the column of contact_id, external_id, phone_number or email is missing",
                cure="add one of the four: it says who is remembered",
            )
        return self


class ContactsFrom(Strict):
    """A data file; each row declares a contact."""

    file: Annotated[str, AfterValidator(_file)] = Field(
        description="a file of CSV (.csv), JSON Lines (.jsonl, .ndjson) or YAML (.yaml), relative to this spec file"
    )
    delimiter: Annotated[str, AfterValidator(_delimiter)] = Field(
        default=",", description="what separates the cells of CSV"
    )
    phone_region: _PhoneRegion = Field(
        default=None, description="the country of phone numbers without a country code, or {column: country}"
    )
    empty: _Empty = Field(default=None, description='texts that stand for an empty cell: [N/A, NULL, "-"]')
    named_by: _Naming = Field(
        default=None,
        description="the column or columns of which the contact's name in addresses is made; its identifier by default",
    )
    contact: RowContact = Field(description="the contact of a row, with the name of a column for each value")

    @property
    def empty_texts(self) -> frozenset[str]:
        """Return the texts that stand for an empty cell."""
        found = self.empty if isinstance(self.empty, list) else []
        return frozenset(text for one in found for text in ((one,) if isinstance(one, str) else _NULLS))

    @field_validator("delimiter")
    @classmethod
    def _of_csv(cls, delimiter: str, info: ValidationInfo) -> str:
        """Refuse a delimiter that would be ignored; a wrong file name is reported at its own place."""
        file = info.data.get("file")
        if file is not None and FORMATS[_ending(file)] != "csv":
            raise wrong("only CSV has a delimiter", cure="leave it out, or name a file of .csv")
        return delimiter
