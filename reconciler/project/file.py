"""The models of `reconciler.yaml`: its keys, with their descriptions and checks."""

import re
from types import MappingProxyType
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.json_schema import JsonSchemaValue

from reconciler.core.model.masking import compose, named
from reconciler.core.model.references import OPENING, is_variable_name
from reconciler.core.model.settings import (
    STATE_CURE,
    ExpectedAccount,
    Notify,
    NotifyEvent,
    ReaderChoice,
    is_of_this_machine,
    parse_rate,
    state_problem,
)
from reconciler.reading import AccountId, Strict, number_meant, wrong

SANDBOX = "sandbox"
DEFAULT_SPECS = "specs"
DEFAULT_KEY_VARIABLE = "BLAND_API_KEY"
DIGEST_KEY_VARIABLE = "RECONCILER_DIGEST_KEY"
DEFAULT_CONCURRENCY = 10
_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}"
_VARIABLE = "[A-Za-z_][A-Za-z0-9_]*"
_LONGEST_VARIABLE = 64


def _checked_api(api: str) -> str:
    parts = urlsplit(api)
    if api != SANDBOX and not (parts.scheme in {"http", "https"} and parts.hostname):
        raise wrong("this cannot be the URL of the API", cure="write `sandbox`, or a URL such as https://api.bland.ai")
    if parts.scheme == "http" and not is_of_this_machine(api):
        raise wrong("the key would be sent in the open", cure="write https://; http:// is for this machine")
    if parts.username or parts.password or parts.query:
        raise wrong("this URL holds more than an address", cure="leave out user, password and query")
    return api


def _checked_variable(name: str) -> str:
    cure = "put the key itself into a variable and write that variable's name, such as BLAND_API_KEY"
    return _checked_variable_name(name, cure)


def _checked_url_variable(name: str) -> str:
    cure = "put the URL itself into a variable and write that variable's name, such as OPS_WEBHOOK"
    return _checked_variable_name(name, cure)


def _checked_secret(name: str) -> str:
    return _checked_variable_name(name, "write the NAME of ${env:NAME}; the value itself stays in the environment")


def _checked_variable_name(name: str, cure: str) -> str:
    """Check the name of an environment variable; the message does not quote it, since it may be the key itself."""
    if not re.fullmatch(_VARIABLE, name) or len(name) > _LONGEST_VARIABLE:
        raise wrong("not the name of an environment variable", cure=cure)
    return name


def _checked_rate(value: object) -> object:
    """Check a rate before its type: a number in quotes would be no rate either."""
    try:
        if isinstance(value, (str, int, float)):
            parse_rate(str(value))
    except ValueError:
        raise wrong(
            "this is not a number of requests in a time", cure="write REQUESTS/WINDOW with s, m or h, such as 100/15m"
        ) from None
    return value


def _checked_state(place: str) -> str:
    if problem := state_problem(place):
        raise wrong(problem, cure=STATE_CURE)
    return place


def _checked_value(value: object) -> object:
    if not isinstance(value, (str, int, float, bool)):
        raise wrong(
            compose("text, a number, true or false is expected, not {}", named(value)),
            cure="write lists and mappings in the specs, or in an overlay",
        )
    if isinstance(value, str) and OPENING in value:
        raise wrong(
            "a variable holds a plain value, and references nothing", cure="write the reference where it is used"
        )
    return value


def _checked_name(name: str) -> str:
    if not is_variable_name(name):
        raise wrong(compose("{} is not a name", named(name)), cure="use a-z, A-Z, 0-9, - and _, 63 at most")
    return name


def _checked_environments(environments: dict[str, object]) -> dict[str, object]:
    if not environments:
        raise wrong("there is no environment", cure="add one, such as `sandbox: {api: sandbox}`")
    return environments


def _checked_environment(name: str) -> str:
    if not re.fullmatch(_NAME, name):
        raise wrong(
            compose("{} is not a name", named(name)),
            cure="use a-z, A-Z, 0-9, - and _, with a letter or digit at the start, 63 at most",
        )
    return name


def _checked_words(words: object) -> object:
    """Check the command that gives the key before its type: one text would be for a shell. Numbers are words, too."""
    if not isinstance(words, list) or not words or not all(isinstance(word, str | int | float) for word in words):
        raise wrong(
            "a list of words is expected: a program and its arguments",
            cure='write one such as [op, read, "op://vault/bland/key"]; no shell reads it',
        )
    if (boolean := next((word for word in words if isinstance(word, bool)), None)) is not None:
        text = str(boolean).lower()
        raise wrong(f"{text} is a boolean, and each word has to be text", cure=f'write "{text}"')
    if words[0] == "":
        raise wrong("the first word is empty, and has to be a program", cure="name the program there")
    if any("\0" in str(word) for word in words):
        raise wrong("a word holds a NUL character, which no program can be given", cure="write it without that")
    return [str(word) for word in words]


_VARIABLE_SCHEMA: JsonSchemaValue = {
    "type": "string",
    "pattern": f"^{_VARIABLE}$",
    "maxLength": _LONGEST_VARIABLE,
}
_Api = Annotated[
    str,
    AfterValidator(_checked_api),
    WithJsonSchema({"type": "string", "pattern": r"^(sandbox|\s*[Hh][Tt][Tt][Pp][Ss]?://.+)$"}),
]
_Variable = Annotated[
    str,
    AfterValidator(_checked_variable),
    WithJsonSchema(_VARIABLE_SCHEMA),
]
_UrlVariable = Annotated[str, AfterValidator(_checked_url_variable), WithJsonSchema(_VARIABLE_SCHEMA)]
_WORD_SCHEMA: JsonSchemaValue = {"type": "string", "pattern": "^[^\\x00]*$"}
_WORDS_SCHEMA = {"type": "array", "items": _WORD_SCHEMA, "minItems": 1}
_Words = Annotated[
    list[str],
    BeforeValidator(_checked_words),
    WithJsonSchema({**_WORDS_SCHEMA, "prefixItems": [{**_WORD_SCHEMA, "minLength": 1}]}),
]
_SECRET_SCHEMA = {**_VARIABLE_SCHEMA, "not": {"enum": [DEFAULT_KEY_VARIABLE, DIGEST_KEY_VARIABLE]}}
_Secrets = list[Annotated[str, AfterValidator(_checked_secret), WithJsonSchema(_SECRET_SCHEMA)]]
_Name = Annotated[
    str,
    AfterValidator(_checked_environment),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]*$", "maxLength": 63}),
]
_Variables = dict[
    Annotated[str, AfterValidator(_checked_name)],
    Annotated[object, AfterValidator(_checked_value), WithJsonSchema({"type": ["string", "number", "boolean"]})],
]


_Expected = Annotated[str, Field(min_length=1)]
"""An expectation; empty if it is not written."""


class GuardsFile(Strict):
    """The most that one apply may do; an operation that is not certain never counts."""

    max_changes: int | None = Field(
        default=None, ge=0, description="Contacts, memories, facts and users to create, add and update, together."
    )
    max_update_share: Annotated[float | None, BeforeValidator(number_meant)] = Field(
        default=None,
        ge=0,
        le=1,
        description="The share of live enforced facts that may be overwritten: 0.3 is 30 %.",
    )
    max_new_keys: int | None = Field(
        default=None,
        ge=0,
        description="Fact keys to add that no memory which was read has: a mistyped key is permanent.",
    )


class ExpectedAccountFile(Strict):
    """What is checked of the account before anything else is read from it."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    contact_id: AccountId = Field(default="", description="The id of a contact that the account has.")
    organization: _Expected = Field(default="", description="The organisation of the account's contacts: their org_id.")
    digest: _Expected = Field(
        default="",
        description="The digest of URL and key: write anything, run plan, and copy it from the refusal.",
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise wrong("nothing is expected", cure="add contact_id, organization or digest")
        return self

    @property
    def expected(self) -> ExpectedAccount:
        """Return the expectations without the empty ones."""
        return ExpectedAccount(self.contact_id or None, self.organization or None, self.digest or None)


class NotifyFile(Strict):
    """Who is told of a run, by one request with JSON; Slack gets its own."""

    cures_of_unknown = MappingProxyType(
        {"url": "put the URL into a variable, since whoever has it can write there: url_env: NAME"}
    )

    url_env: _UrlVariable = Field(description="The name of the environment variable that holds the URL.")
    on: list[NotifyEvent] = Field(
        default_factory=lambda: list(get_args(NotifyEvent)), min_length=1, description="What is told; all by default."
    )

    @property
    def notify(self) -> Notify:
        """Return the events without repetitions."""
        return Notify(self.url_env, frozenset(self.on))


_KEY_IN_FILE = dict.fromkeys(
    ("apikey", "apitoken", "authorization", "blandapikey", "blandkey", "key", "password", "secret", "token"),
    "take the key out of this file, put it into a variable, and write that variable's name: api_key_env in the "
    "environment",
)


_Places = Annotated[list[str], Field(max_length=1_000)]  # each pattern is looked for in all folders


class EnvironmentFile(Strict):
    """An environment: an account, and the specs for it."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["api_key_env", "api_key_command"]}})
    cures_of_unknown = _KEY_IN_FILE

    api: _Api | None = Field(default=None, description="`sandbox`, or the URL of the API.")
    api_key_env: _Variable = Field(
        default=DEFAULT_KEY_VARIABLE, description="The name of the environment variable that holds the API key."
    )
    api_key_command: _Words | None = Field(
        default=None,
        description="A program and its arguments, run without a shell; the first line of its output is the API key.",
    )
    specs: _Places = Field(default_factory=list, description="More specs, for this environment only.")
    overlays: _Places = Field(
        default_factory=list,
        description="Patches of the specs: folders, files or globs; a later one overrides an earlier one.",
    )
    variables: _Variables = Field(
        default_factory=dict, description="The values of ${name} in the specs and overlays of this environment."
    )
    secrets: _Secrets = Field(
        default_factory=list,
        description="More environment variables that specs may read as ${env:NAME}, in this environment only.",
    )
    concurrency: int = Field(
        default=DEFAULT_CONCURRENCY, ge=1, le=200, description="How many requests may be in flight at once."
    )
    rate_limit: Annotated[str | None, BeforeValidator(_checked_rate)] = Field(
        default=None, description="How many requests to /v1/memory the API allows in a time, such as 100/15m."
    )
    reader: ReaderChoice = Field(default="auto", description="How the account is read; auto takes the fewest requests.")
    guards: GuardsFile | None = Field(default=None, description="An apply that would do more is refused.")
    expect_account: ExpectedAccountFile | None = Field(
        default=None, description="Any other account is refused before anything else is read."
    )
    state: Annotated[str, AfterValidator(_checked_state)] | None = Field(
        default=None,
        description="Where ids, leases, the allowance and journals are kept: a folder, or a bucket such as "
        "s3://bucket/prefix; .reconciler/ by default.",
    )
    notify: NotifyFile | None = Field(
        default=None, description="Who is told of drift, of refused and failed runs, and of what was applied."
    )

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if {"api_key_env", "api_key_command"} <= self.model_fields_set:
            raise wrong("the key comes from two places", cure="remove api_key_env or api_key_command")
        return self


class ProjectFile(Strict):
    """The file reconciler.yaml, at the root of a repository of specs."""

    cures_of_unknown = _KEY_IN_FILE
    lines_to_write = MappingProxyType({"environments": "environments: {sandbox: {api: sandbox}}"})

    version: Literal[1] = Field(description="The version of this file's format.")
    specs: _Places = Field(
        default_factory=lambda: [DEFAULT_SPECS], description="Folders, files or globs, relative to this file."
    )
    variables: _Variables = Field(
        default_factory=dict, description="The values of ${name} in every environment that does not override them."
    )
    secrets: _Secrets = Field(
        default_factory=list,
        description="The environment variables that specs may read as ${env:NAME}; never the one of the API key.",
    )
    default_environment: _Name | None = Field(default=None, description="The environment used without -e.")
    environments: Annotated[dict[_Name, EnvironmentFile], AfterValidator(_checked_environments)] = Field(
        description="The environments, each with an account.", json_schema_extra={"minProperties": 1}
    )
