"""
JSON Schemas of the files that people write and of the documents that this tool saves, made from their models.

Where text is expected, the schemas also accept the number or boolean that other readers of YAML make of `02139` or
`True`: a schema that refused what `validate` accepts would not be believed.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from reconciler.core.documents.campaign import CampaignDocument
from reconciler.core.documents.notification import NotificationDocument
from reconciler.core.documents.plan import FORMAT_VERSION, PlanDocument
from reconciler.core.documents.receipt import ReceiptDocument
from reconciler.core.documents.runs import RunsDocument
from reconciler.project import ProjectFile
from reconciler.specs.row_cells import CONSTANT
from reconciler.specs.schema import SpecDocument

SchemaName: TypeAlias = Literal["specs", "project", "plan", "receipt", "runs", "campaign", "notification"]
NAMES: tuple[SchemaName, ...] = get_args(SchemaName)

SCHEMA_FOLDER = "schemas"
"""Where a repository keeps the schemas that its editors use."""

_DOCUMENTS: Mapping[str, tuple[Any, str]] = {
    "plan": (PlanDocument, "A saved plan of reconciler"),
    "receipt": (ReceiptDocument, "A receipt of reconciler"),
    "runs": (RunsDocument, "The list of runs of reconciler"),
    "campaign": (CampaignDocument, "A campaign of reconciler"),
    "notification": (NotificationDocument, "A notification of reconciler"),
}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FACT = "#/$defs/FactValue"
_FACT_VALUE = {
    "title": "FactValue",
    "description": "What a fact can hold: text, a number, true or false, a list or a mapping of these. Never null.",
    "anyOf": [
        {"type": ["string", "number", "boolean"]},
        {"type": "array", "items": {"$ref": _FACT}},
        {"type": "object", "propertyNames": {"$ref": "#/$defs/FactKey"}, "additionalProperties": {"$ref": _FACT}},
    ],
}
_FACT_KEY = {
    "title": "FactKey",
    "description": "What a fact is called: not empty, and without control characters.",
    "pattern": r"^[^\x00-\x1f\x7f-\x9f]+$",
}
_UNQUOTED: Mapping[str, tuple[str, ...]] = {
    "integer": ("+14155550100", "0123"),
    "number": ("1e5", "1.50"),
    "boolean": ("True",),
}
"""By type: texts that this tool reads as text, and YAML's core schema as a value of that type."""

_ABOUT_TEXT = (
    " Text may be written without quotes, and what only looks like a number or a boolean (+14155550192, 02139, True) is"
    " still text. Other readers of YAML see a number or a boolean there, so where text is expected these are let"
    " through; `reconciler validate` decides."
)
_ABOUT_DOCUMENTS = " Later versions may add keys."


def schema(name: SchemaName) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a kind of file."""
    match name:
        case "specs":
            return _of_file(name, SpecDocument, title="A spec file of reconciler", may_be_empty=True)
        case "project":
            return _of_file(name, ProjectFile, title="reconciler.yaml", may_be_empty=False)
        case _:
            model, title = _DOCUMENTS[name]
            return _of_document(name, TypeAdapter(model), title=title)


def schema_text(name: SchemaName) -> str:
    """Return a schema as the text of a file."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def modeline(name: SchemaName, *, of: str) -> str:
    """Return the comment that points an editor to the schema of a file; `of` is its path in the repository."""
    return f"# yaml-language-server: $schema={'../' * of.count('/')}{SCHEMA_FOLDER}/{name}.json"


def _of_file(name: SchemaName, model: type[BaseModel], *, title: str, may_be_empty: bool) -> dict[str, Any]:
    made = model.model_json_schema(schema_generator=_Generator)
    for part in (made, *_parts(made)):
        _close_names(part)
        _open_facts(part)
        _let_unquoted_through(part)
    made["$defs"] |= {"FactKey": _FACT_KEY, "FactValue": _FACT_VALUE} if _FACT in json.dumps(made) else {}
    made["description"] += _ABOUT_TEXT
    if may_be_empty:
        made["type"] = ["object", "null"]  # a file of comments alone declares nothing, and is no mistake
    return _headed(made, name, title)


def _of_document(name: SchemaName, adapter: TypeAdapter[Any], *, title: str) -> dict[str, Any]:
    made = adapter.json_schema(schema_generator=_Generator)
    made["properties"]["format_version"] = {"const": FORMAT_VERSION, "description": "The version of this format."}
    made["description"] += _ABOUT_DOCUMENTS
    return _headed(made, name, title)


def _headed(made: dict[str, Any], name: SchemaName, title: str) -> dict[str, Any]:
    made.pop("title", None)
    return {"$schema": _DIALECT, "$id": f"urn:reconciler:schema:{name}", "title": title, **made}


class _Generator(GenerateJsonSchema):
    """Pydantic's schemas without its titles, which repeat the key, and without defaults, which nobody writes."""

    def default_schema(self, schema: Any) -> JsonSchemaValue:  # noqa: ANN401  a core schema is a mapping of anything
        """Return the schema of the value alone."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002  see above; pydantic's signature
        """Leave titles to the definitions."""
        return False


def _parts(value: object) -> Iterator[dict[str, Any]]:
    """Yield all schemas below one, except those of keys (`propertyNames`), which are always text."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key != "propertyNames":
                yield from (below,) if isinstance(below, dict) else ()
                yield from _parts(below)
    elif isinstance(value, list):
        for below in value:
            yield from (below,) if isinstance(below, dict) else ()
            yield from _parts(below)


def _close_names(part: dict[str, Any]) -> None:
    """Refuse keys that are no names, where a mapping has names as keys."""
    if "patternProperties" in part:
        part["additionalProperties"] = False


def _open_facts(part: dict[str, Any]) -> None:
    """Add the schema of facts; the models leave facts to the reader, which checks them at every depth."""
    if part.get("additionalProperties") is True:
        part |= {"propertyNames": {"$ref": "#/$defs/FactKey"}, "additionalProperties": {"$ref": _FACT}}
    if part.get("required") == [CONSTANT]:
        part["properties"][CONSTANT] = {"$ref": _FACT}


def _let_unquoted_through(part: dict[str, Any]) -> None:
    """Let through what other readers of YAML make of text that this tool reads as text."""
    if part.get("type") == "string" and "enum" not in part and "const" not in part:
        fits = _fitting(part.get("pattern", ""))
        others = [kind for kind, texts in _UNQUOTED.items() if any(map(fits, texts))]
        kinds = [kind for kind in others if kind != "integer" or "number" not in others]
        part["type"] = ["string", *kinds] if kinds else "string"


def _fitting(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.search(pattern, text) is not None
