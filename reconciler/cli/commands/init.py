"""`reconciler init`: writes a new repository; asks on a terminal, takes flags elsewhere."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import global_options
from reconciler.cli.usage import command
from reconciler.cli.wizard import Wizard, can_ask
from reconciler.core.model.desired import IDENTIFIER_KINDS

if TYPE_CHECKING:
    from reconciler.scaffold import Answers

_IDENTIFIERS = (*IDENTIFIER_KINDS, "contact_id")
_CI = ("github", "gitlab", "none")
_API = "https://api.bland.ai"
_KEY_VARIABLE = "BLAND_API_KEY"

_NamedAccount: TypeAlias = tuple[str, str, str, tuple[str, ...]]
"""The name of an environment, its API, the variable that holds its key, and those that its specs may read."""


@command("init", "init memories --ci github --action acme/reconciler@v1")
@global_options("environment")
@click.option("--api", metavar="URL", help="The API of the first environment, or sandbox.  [default: Bland's]")
@click.option("--api-key-env", metavar="VARIABLE", help="The variable that holds its key.  [default: BLAND_API_KEY]")
@click.option("--persona-id", metavar="ID", help="The persona that remembers.")
@click.option("--agent-number", metavar="NUMBER", help="The agent's phone number, in place of a persona.")
@click.option("--identify-by", type=click.Choice(_IDENTIFIERS), help="What contacts are known by.")
@click.option("--ci", type=click.Choice(_CI), help="The CI that previews, applies and looks for drift.")
@click.option("--action", metavar="OWNER/REPO@REF", help="The action to use, in place of a copy.")
@click.option("--secret", "secrets", metavar="NAME", multiple=True, help="A variable for ${env:NAME}. Repeatable.")
@click.option("--install", metavar="REQUIREMENT", help="What pip installs in CI.  [default: what is installed here]")
@click.option("--keep", is_flag=True, help="Leave files that exist as they are, and write the others.")
@click.option("--no-input", is_flag=True, help="Ask nothing, on a terminal neither.")
@click.argument("folder", required=False, type=click.Path(file_okay=False))
@pass_invocation
def init(
    invocation: Invocation,
    /,
    *,
    folder: str | None,
    keep: bool,
    no_input: bool,
    secrets: tuple[str, ...],
    **given: str | None,
) -> int:
    """
    Write a new repository to FOLDER: reconciler.yaml, a spec, schemas, editor settings and CI.

    On a terminal it asks for what no option says; elsewhere defaults hold. -e names the first environment, which stands
    beside the sandbox. No file is ever overwritten. What it writes validates, plans and applies on the sandbox at once.
    """
    from reconciler.cli.terminal import emit
    from reconciler.cli.wizard import next_steps, written_files
    from reconciler.core.model.text import visible
    from reconciler.scaffold import ALWAYS, repository, write_new

    given |= {"folder": folder, "default_environment": invocation.environment}
    wizard = Wizard(given, asks=can_ask() and not no_input)
    root = Path(wizard.text("folder", "Folder", default="."))
    if wizard.asks and not keep:
        _kept(root, ALWAYS, keep=False)
    answers = _answers(wizard, _kept_environment(root, invocation) if keep else None, secrets)
    texts = repository(answers)
    kept = _kept(root, texts, keep=keep)
    write_new(root, {name: text for name, text in texts.items() if name not in kept})
    lines = [*written_files(root, sorted(texts.keys() - set(kept))), *next_steps(root, answers)]
    emit("\n".join(lines) + "\n", effect=f"the repository is in {visible(str(root))}")
    return 0


def _kept_environment(root: Path, invocation: Invocation) -> _NamedAccount | None:
    """Return the environment that CI is for where reconciler.yaml is kept: the one of -e, or one with an account."""
    from reconciler.project import FILE_NAME, SANDBOX, load_project

    if not (root / FILE_NAME).exists():
        return None
    project = load_project(str(root))
    accounts = [one for one in project.environments if one.api != SANDBOX]
    name = invocation.environment
    found = project.environment(name) if name else next(iter(accounts), project.environments[0])
    return found.name, found.api or _API, found.api_key_env, tuple(sorted(found.secrets))


def _account(wizard: Wizard) -> _NamedAccount:
    from reconciler.scaffold import SANDBOX

    api = wizard.text("api", "API of the first environment (a URL, or sandbox)", default=_API)
    if api == SANDBOX:
        return SANDBOX, SANDBOX, _KEY_VARIABLE, ()
    name = wizard.text("default_environment", "Name of that environment", default="production")
    return name, api, wizard.text("api_key_env", "Variable that holds its key", default=_KEY_VARIABLE), ()


def _answers(wizard: Wizard, kept: _NamedAccount | None, secrets: tuple[str, ...]) -> "Answers":
    from reconciler.scaffold import Answers, scope_value_of

    name, api, variable, allowed = kept or _account(wizard)
    named = [wizard.secret(one, variable) for one in dict.fromkeys(secrets)]
    if kept and (missing := [one for one in named if one not in allowed]):
        _note_secrets(missing)
    kind, value = wizard.scope("Who remembers: a persona id, or an agent's number", default="persona-12345678")
    identified_by = wizard.choice("identify_by", "Contacts are known by", _IDENTIFIERS)
    ci = wizard.choice("ci", "CI", _CI)
    action = wizard.action(ci)
    return Answers(
        environment=name,
        api=api,
        api_key_env=variable,
        scope_kind=cast("Any", kind),
        scope_value=scope_value_of(kind, value),
        identified_by=cast("Any", identified_by),
        ci=cast("Any", ci),
        install="" if ci == "none" else _install(wizard, has_action=bool(action)),
        action=action,
        secrets=tuple(dict.fromkeys((*allowed, *named))),
    )


def _install(wizard: Wizard, *, has_action: bool) -> str:
    """Return what pip installs in CI; the name alone is another project's on the public index, so it is no default."""
    from reconciler.scaffold import installed_from

    if has_action:
        return wizard.given_text("install")
    found = installed_from()
    question = "What pip installs in CI, as reconciler @ git+https://…@COMMIT" + ("" if found else " (empty: later)")
    return wizard.text("install", question, default=found)


def _kept(root: Path, names: Iterable[str], *, keep: bool) -> tuple[str, ...]:
    """Return the files that stand there already; raises `InputError` unless these are to be kept."""
    from reconciler.cli.terminal import remark
    from reconciler.core.model.text import visible
    from reconciler.errors import InputError
    from reconciler.scaffold import IGNORED, existing

    found = existing(root, names)
    if found and not keep:
        there = "".join(f"\n  {visible(str(root / name))}" for name in found)
        raise InputError(f"nothing was written: these files exist, and --keep would leave them as they are:{there}")
    for name in found:
        remark(f"kept: {visible(str(root / name))}")
    if IGNORED in found:
        _note_ignored(root / IGNORED)
    return found


def _note_secrets(missing: list[str]) -> None:
    from reconciler.cli.terminal import remark
    from reconciler.render.words import listed

    remark(f"note: reconciler.yaml is kept: add {listed(missing)} to its secrets, or specs may not read them")


def _note_ignored(file: Path) -> None:
    """Name the lines that a .gitignore that is kept lacks."""
    from reconciler.cli.terminal import remark
    from reconciler.core.model.text import visible
    from reconciler.scaffold import IGNORED_LINES
    from reconciler.storage.files import read_gitignore

    try:
        lines = {line.strip().strip("/") for line in read_gitignore(file).decode("utf-8", "replace").splitlines()}
    except OSError:
        return
    missing = [line for line in IGNORED_LINES if not line.startswith("#") and line.strip("/") not in lines]
    if missing:
        remark(f"note: {visible(str(file))} lacks these lines: {' '.join(missing)}")
