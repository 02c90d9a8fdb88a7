"""What a new repository is asked about, and whether an answer can stand in its files."""

import re
from typing import Literal, TypeAlias

from msgspec import Struct
from pydantic import BaseModel, ValidationError

from reconciler.project import SANDBOX, EnvironmentFile, ProjectFile
from reconciler.reading import explain
from reconciler.specs.schema import ScopeSpec

ScopeKind: TypeAlias = Literal["persona_id", "agent_number"]
IdentifiedBy: TypeAlias = Literal["external_id", "phone_number", "email", "contact_id"]
Ci: TypeAlias = Literal["github", "gitlab", "none"]

_NAME = "default_environment"
_OF_ANOTHER_PROJECT = re.compile(r"reconciler\s*+(?![\w.@/\\-]).*", re.IGNORECASE | re.DOTALL)
"""A requirement with this tool's name that does not say where it comes from."""

_MODELS: dict[str, type[BaseModel]] = {
    "api": EnvironmentFile,
    "api_key_env": EnvironmentFile,
    "persona_id": ScopeSpec,
    "agent_number": ScopeSpec,
    _NAME: ProjectFile,
}


class Answers(Struct, frozen=True):
    """
    What was answered.

    `api` is `sandbox` or the URL of the first `environment`; the sandbox is there in any case. `install` is what pip
    installs in CI, and may be empty: then CI fails at once and asks for it.
    """

    environment: str
    api: str
    api_key_env: str
    scope_kind: ScopeKind
    scope_value: str
    identified_by: IdentifiedBy
    ci: Ci
    install: str

    @property
    def ci_environment(self) -> str:
        """Give the environment that CI is for."""
        return SANDBOX if self.api == SANDBOX else self.environment


def problem_with(key: str, text: str) -> str:
    """Say why a text cannot stand at a key, and what could; nothing where it can, and of other keys."""
    if key == _NAME and text == SANDBOX:
        return "the sandbox is there in any case, under this name; choose another for the account"
    if key == "install" and (text.startswith("-") or text != text.strip() or not text.isprintable()):
        return "pip is to install one thing: a requirement, as `reconciler @ git+https://…@COMMIT`, or a URL"
    if key == "install" and _OF_ANOTHER_PROJECT.fullmatch(text):
        return (
            "on PyPI the name reconciler belongs to another project, which would get to see your key; "
            "say where this tool comes from, as `reconciler @ git+https://…@COMMIT`, or a URL"
        )
    if key not in _MODELS:
        return ""
    try:
        _MODELS[key].model_validate({key: text})
    except ValidationError as error:
        found = [explain(one) for one in error.errors(include_url=False) if one["loc"] == (key,)]
        return "; ".join(filter(None, (found[0].message, found[0].cure))) if found else ""
    return ""
