"""What the reader accepts fits the schema, for other readers of YAML as well; so what does not fit is refused."""

from collections.abc import Mapping
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor

from reconciler.project import ProjectFile
from reconciler.reading import ParsedFile, check, read_bytes
from reconciler.schemas import schema
from reconciler.specs.declarations import declarations
from reconciler.specs.problems import Problems
from tests.effort import examples

SPECS, PROJECT = Draft202012Validator(schema("specs")), Draft202012Validator(schema("project"))

PLAIN = st.sampled_from(
    ["+1 415-555-0192", "'0044 (0)20 7946 0958'", '"tel:+1-415-555-0192"', "415-555-0192",
     "x", "a-b", "007", "1e5", "1_000", "0x1F", "True", "FALSE", "no", "yes", "2025-07-22", "12:30", "+14155550192",
     "7", "1.5", "true", "null", "~", "a@b", ".nan", "'+14155550192'", '"02139"', '""', "' p'", '".."', "{}", "[]",
     "sandbox", "https://x", "{k: null}", "[1, {a: b}]", '{"": 1}', "auto"]
)  # fmt: skip
"""Values as they are written, right and wrong ones."""

LIKELY: Mapping[str, str] = {
    "contact_id": "c-1",
    "external_id": "007",
    "phone_number": "+14155550192",
    "email": "a@b",
    "persona_id": "p-1",
    "agent_number": "'+14155550100'",
    "memory_id": "m",
}


def mapping(entries: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"


def mappings(required: st.SearchStrategy[str], optional: Mapping[str, st.SearchStrategy[str]]) -> Any:
    """Give mappings as YAML: mostly one key of the required ones, and any others."""
    known = required.flatmap(
        lambda key: st.fixed_dictionaries({key: st.just(LIKELY[key]) | PLAIN}, optional=dict(optional))
    )
    wild = st.dictionaries(st.sampled_from([*LIKELY, *optional, "fcts"]), PLAIN, max_size=2)
    return st.tuples(known, st.just({}) | st.just({}) | st.just({}) | wild).map(lambda two: mapping(two[0] | two[1]))


def named(body: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from(["a", "b-1", "02139", "no", "1_000", "'a b'", "7", f"{'n' * 64}"])
    return st.dictionaries(names, body, max_size=2).map(mapping)


FACTS = st.dictionaries(st.sampled_from(["a", "no", "12:30", "7", "'a b'", '"\\x07"']), PLAIN, max_size=2).map(mapping)
USERS = st.lists(mappings(st.just("phone_number"), {"metadata": PLAIN, "summary": PLAIN}), max_size=2).map(
    lambda users: f"[{', '.join(users)}]"
)
MEMORIES = st.fixed_dictionaries({}, optional={"facts": FACTS, "seed_facts": FACTS, "users": USERS}).map(mapping)
IDENTIFIERS = st.sampled_from(["contact_id", "external_id", "phone_number", "email"])
CONTACTS = named(mappings(IDENTIFIERS, {"name": PLAIN, "facts": FACTS, "metadata": FACTS, "scopes": named(MEMORIES)}))
SCOPES = named(mappings(st.sampled_from(["persona_id", "agent_number"]), {"facts": FACTS | PLAIN}))
EXISTING = named(mappings(st.just("memory_id"), {"users": USERS}))
FACT_KEYS = st.dictionaries(
    st.sampled_from(["a", "no", "12:30", "'a b'", '""']),
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "text", "no"]),
            "enum": st.just("[]") | PLAIN,
            "pattern": st.sampled_from(["a+", "'['", "7"]),
            "max_length": st.sampled_from(["1", "0", "x"]),
            "sensitive": PLAIN,
            "deprecated": PLAIN,
            "review_by": PLAIN,
        },
    ).map(mapping),
    max_size=2,
).map(mapping)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={"fact_keys": FACT_KEYS, "scopes": SCOPES, "contacts": CONTACTS, "memories": EXISTING}
).map(mapping)
ENVIRONMENTS = named(
    st.fixed_dictionaries(
        {},
        optional={"api": PLAIN, "api_key_env": PLAIN, "api_key_command": PLAIN.map("[op, {}]".format),
                  "specs": PLAIN | st.just("[a]"), "reader": PLAIN,
                  "concurrency": st.sampled_from(["1", "0", "7.0", "200", "201", "'5'"])},
    ).map(mapping)
)  # fmt: skip
PROJECTS = st.fixed_dictionaries(
    {"version": st.sampled_from(["1", "1", "1", "2"]), "environments": ENVIRONMENTS},
    optional={"default_environment": PLAIN, "specs": PLAIN | st.just("[a, 007]")},
).map(mapping)


class Constructor(SafeConstructor):
    """Reads YAML 1.2 as check-jsonschema does: a date is text."""


Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def seen_by_others(text: str) -> Any:
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = Constructor
    return with_text_keys(reader.load(text))


def with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): with_text_keys(item) for key, item in value.items()}
    return [with_text_keys(item) for item in value] if isinstance(value, list) else value


def read(text: str) -> ParsedFile:
    return read_bytes(text.encode(), file="a.yaml")


@examples(400)
@given(DOCUMENTS)
def test_specs_that_the_reader_accepts_fit_the_schema(text: str) -> None:
    reading, problems = read(text), Problems()
    problems.take(reading.problems)
    for document in reading.documents:
        declarations(document, problems)
    event("refused" if problems.found else "accepted")

    if not problems.found:
        assert [error.message for error in SPECS.iter_errors(reading.documents[0].value)] == []
        assert [error.message for error in SPECS.iter_errors(seen_by_others(text))] == []


@examples(400)
@given(PROJECTS)
def test_project_files_that_the_reader_accepts_fit_the_schema(text: str) -> None:
    reading = read(text)
    accepted = not reading.problems and check(ProjectFile, reading.documents[0]).model is not None
    event("accepted" if accepted else "refused")

    if accepted:
        assert [error.message for error in PROJECT.iter_errors(reading.documents[0].value)] == []
        assert [error.message for error in PROJECT.iter_errors(seen_by_others(text))] == []
