"""The questions for a new repository, and checks of the answers."""

import json
import re
from collections.abc import Callable, Mapping
from importlib.metadata import distributions
from typing import Literal, TypeAlias

from msgspec import Struct
from pydantic import BaseModel, ValidationError

from reconciler.core.model.masking import shown
from reconciler.core.model.phone_numbers import e164_of
from reconciler.core.model.references import OPENING
from reconciler.core.model.value import Json
from reconciler.project import SANDBOX, EnvironmentFile, ProjectFile
from reconciler.reading import explain
from reconciler.specs.schema import ScopeSpec

_NAME = "reconciler"


def installed_from() -> str:
    """Return what pip installs to get this installation again; nothing where that cannot be known."""
    records = (one.read_text("direct_url.json") for one in distributions(name=_NAME))
    return requirement(next(records, None) or "{}")


def requirement(record: str) -> str:
    """
    Read a requirement from pip's record of where it installed from (`direct_url.json`); nothing where none would do.

    A folder of this machine would not, and neither would the name alone: on PyPI it belongs to another project.
    """
    origin = json.loads(record)
    url = str(origin.get("url", ""))
    if not url.startswith("https://"):
        return ""
    if "vcs_info" in origin:
        source = origin["vcs_info"]
        return f"{_NAME} @ {source['vcs']}+{url}@{source['commit_id']}"
    return f"{_NAME} @ {url}"


ScopeKind: TypeAlias = Literal["persona_id", "agent_number"]
IdentifiedBy: TypeAlias = Literal["external_id", "phone_number", "email", "contact_id"]
Ci: TypeAlias = Literal["github", "gitlab", "none"]

_SURROGATE = re.compile("[\ud800-\udfff]")
_IN_CAPITALS = re.compile(r"[A-Z_][A-Z0-9_]*")
_OF_ANOTHER_PROJECT = re.compile(r"reconciler\s*+(?![\w.@/\\-]).*", re.IGNORECASE | re.DOTALL)
"""A requirement with this tool's name but without its origin."""
_REQUIREMENT = "a requirement, as `reconciler @ git+https://…@COMMIT`, or a URL"
_ACTION = re.compile(r"[A-Za-z0-9][\w-]*/[\w.-]+@[\w][\w./-]*", re.ASCII)
_NO_ACTION = "not an action; write the repository that holds it and a version, as OWNER/REPO@REF"
_GITHUB = "https://github.com/"
_OF_GITHUB = re.compile("GITHUB_", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_WHOSE_NAME = "on PyPI the name reconciler belongs to another project, which would get to see your key"
_NO_VARIABLE = (
    "not the name of an environment variable, in capitals; "
    "put the key itself into a variable and write that variable's name, such as BLAND_API_KEY"
)

_MODELS: dict[str, type[BaseModel]] = {
    "api": EnvironmentFile,
    "api_key_env": EnvironmentFile,
    "persona_id": ScopeSpec,
    "agent_number": ScopeSpec,
    "default_environment": ProjectFile,
    "secrets": EnvironmentFile,
}


class Answers(Struct, frozen=True):
    """
    What was answered.

    `api` is `sandbox` or the URL of the `environment` that CI is for; the sandbox is there in any case. `install` is
    what pip installs in CI, and may be empty: then CI fails at once and asks for it. With an `action`, as
    OWNER/REPO@REF, workflows use that one and not a copy, and it installs its own repository. `secrets` are the
    variables that specs read as ${env:NAME}.
    """

    environment: str
    api: str
    api_key_env: str
    scope_kind: ScopeKind
    scope_value: str
    identified_by: IdentifiedBy
    ci: Ci
    install: str
    action: str = ""
    secrets: tuple[str, ...] = ()

    @property
    def has_account(self) -> bool:
        """Return whether CI is for an account, which takes a key."""
        return self.api != SANDBOX


def scope_value_of(kind: str, text: str) -> str:
    """Return the id or the number of a scope as specs write it: numbers as E.164."""
    return e164_of(text) if kind == "agent_number" else text


def action_of(text: str) -> str:
    """Return an action as OWNER/REPO@REF; its URL on GitHub will do, too."""
    return text.removeprefix(_GITHUB).replace(".git@", "@")


def is_pinned(action: str) -> bool:
    """Return whether an action is named by a commit, which cannot move."""
    return _COMMIT.fullmatch(action.partition("@")[2]) is not None


def problem_with(key: str, text: str) -> str:
    """Return why a text cannot be the value of a key, and what could; empty if it can, and for other keys."""
    match key:
        case _ if _SURROGATE.search(text):
            return "it holds bytes that are not UTF-8; write it in UTF-8"
        case "default_environment" if text == SANDBOX:
            return "the sandbox is there in any case, under this name; choose another for the account"
        case "install" | "action" | "secret":
            return _CHECKS[key](text)
        case "persona_id" | "agent_number" if OPENING in text:
            return "${ begins a reference, and ids are written out; write the id itself"
        case "api_key_env" if not _IN_CAPITALS.fullmatch(text):
            return _NO_VARIABLE
        case _:
            return _problem_of_model(key, text) if key in _MODELS else ""


def _problem_of_install(text: str) -> str:
    if text.startswith("-") or text != text.strip() or not text.isprintable():
        return f"pip is to install one thing: {_REQUIREMENT}"
    if "$" in text:
        return f"CI replaces what follows $; write it without: {_REQUIREMENT}"
    if _OF_ANOTHER_PROJECT.fullmatch(text):
        return f"{_WHOSE_NAME}; give the place that this tool comes from: {_REQUIREMENT}"
    return ""


def _problem_of_action(text: str) -> str:
    return "" if _ACTION.fullmatch(text) else _NO_ACTION


def _problem_of_secret(text: str) -> str:
    if _OF_GITHUB.match(text):
        return f"{text} cannot be a secret: names that start with GITHUB_ are GitHub's own; choose another"
    return _problem_of_model("secrets", [text])


def _problem_of_model(key: str, value: Json) -> str:
    try:
        _MODELS[key].model_validate({key: value})
    except ValidationError as error:
        found = [explain(one) for one in error.errors(include_url=False) if one["loc"][0] == key]
        display = str if key == "api" else shown  # a URL may hold a key
        return "; ".join(filter(None, (display(found[0].message), display(found[0].cure)))) if found else ""
    return ""


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "install": _problem_of_install,
    "action": _problem_of_action,
    "secret": _problem_of_secret,
}
