"""`reconciler.yaml` → Project and Environment: which specs, and which account they are for."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from reconciler.core.model.references import Scalar, Variable, holds_key
from reconciler.core.model.settings import NO_GUARDS, ExpectedAccount, Guards, Notify, Rate, ReaderChoice, parse_rate
from reconciler.errors import InputError, Problem, Source, SpecError
from reconciler.project.file import (
    DEFAULT_CONCURRENCY,
    DEFAULT_KEY_VARIABLE,
    DEFAULT_SPECS,
    DIGEST_KEY_VARIABLE,
    EnvironmentFile,
    ProjectFile,
)
from reconciler.reading import KeyPath, Node, check, did_you_mean, dotted, read_file, work_tree_of

FILE_NAME = "reconciler.yaml"
KEY_VARIABLES = frozenset((DEFAULT_KEY_VARIABLE, DIGEST_KEY_VARIABLE))
"""The environment variables that hold keys in any repository."""

_MOST_NAMED = 20

_ENTRIES = ("specs", "overlays")
"""The keys of reconciler.yaml that list files, folders or globs."""


class KeyCommand(Struct, frozen=True):
    """A program and its arguments that give a key, and where they are written, as a problem without a message."""

    words: tuple[str, ...]
    place: Problem


class Environment(Struct, frozen=True):
    """
    One environment: its specs, and how to reach its account.

    `specs` and `overlays` are folders, files or globs, relative to the root; a later overlay overrides an earlier one.
    Only the catalogue is used of the specs in `fact_keys_of`: its own, if the caller replaces `specs`. Its own
    `variables` override shared ones. Specs may read the environment variables in `secrets`, and never those in
    `key_variables`, which hold the keys of all environments. `api` is `sandbox`, a URL, or None if the caller has to
    choose it. The key is in the environment variable `api_key_env`, unless `api_key_command` gives it. `rate_limit`
    covers all requests to `/v1/memory` together. `state` is a folder or the URL of a bucket, None for the project's.
    `places` says where reconciler.yaml has each entry of `specs` and `overlays`, as a problem without a message.
    """

    name: str
    api: str | None
    api_key_env: str
    specs: tuple[str, ...]
    concurrency: int
    reader: ReaderChoice
    rate_limit: Rate | None
    overlays: tuple[str, ...] = ()
    fact_keys_of: tuple[str, ...] = ()
    variables: Mapping[str, Variable] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    key_variables: frozenset[str] = KEY_VARIABLES
    guards: Guards = NO_GUARDS
    expect_account: ExpectedAccount | None = None
    api_key_command: KeyCommand | None = None
    notify: Notify | None = None
    state: str | None = None
    places: Mapping[str, Problem] = field(default_factory=dict)

    @property
    def key_source(self) -> str:
        """Return what messages call the place of the API key: its variable, or `api_key_command`."""
        return "api_key_command" if self.api_key_command else self.api_key_env


class Project(Struct, frozen=True):
    """
    A repository of specs and its environments; `file` is the name of its settings file in the root, if it has one.

    `state`, a folder, or `state_url`, a bucket, is for the files of this tool, whatever environments name. Without
    either, an environment names the place, or it is `.reconciler` in the root.
    """

    root: Path
    file: str | None
    environments: tuple[Environment, ...]
    default_environment: str | None
    state: Path | None = None
    state_url: str | None = None

    @property
    def settings_name(self) -> str:
        """Return the name of its settings file for messages, whether the file exists or not."""
        return work_tree_of(self.root).name(self.root / (self.file or FILE_NAME))

    @property
    def from_top(self) -> str:
        """Return what `--project` takes at the top of the work tree; empty where it is not needed there."""
        folder, _, file = self.settings_name.rpartition("/")
        return folder if file == FILE_NAME else self.settings_name

    @property
    def state_folder(self) -> Path:
        """Return the folder in which this tool keeps its own files."""
        return self.state or self.root / ".reconciler"

    def environment(self, name: str | None) -> Environment:
        """Return the environment with a name, or the default one; raise `InputError` if there is none."""
        wanted = name or self.default_environment
        names = [environment.name for environment in self.environments]
        if wanted is None:
            raise InputError(f"reconciler.yaml has no default_environment; add -e with one of: {_some(names)}")
        for environment in self.environments:
            if environment.name == wanted:
                return environment
        raise InputError(f'no environment "{wanted}"; {did_you_mean(wanted, names)}'.rstrip("; "))


def load_project(given: str | None) -> Project:
    """
    Read `reconciler.yaml`: the given file, or the one in the given folder, or in the current folder.

    Without a file, the project is `specs/` and the account of `BLAND_API_KEY`. Raises `InputError` and `SpecError`.
    """
    path = Path(given or ".")
    try:
        is_folder = path.is_dir()
        file = path / FILE_NAME if is_folder else path
        is_there = file.exists() or file.is_symlink()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {(error.strerror or '').lower()}") from error
    if is_there:
        return _read(file)
    if not is_folder:
        raise InputError(f"--project {path}: no such file or folder")
    return _without_file(path)


def _without_file(root: Path) -> Project:
    environment = Environment(
        "default", None, DEFAULT_KEY_VARIABLE, (DEFAULT_SPECS,), DEFAULT_CONCURRENCY, "auto", None
    )
    return Project(root, None, (environment,), environment.name)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _read(file: Path) -> Project:
    tree = work_tree_of(file.parent)
    name = tree.name(file)
    if not tree.holds(file):
        raise SpecError((Problem(name, 0, 0, "", tree.refusal, tree.cure),))
    parsed = read_file(file, name=name)
    if parsed.problems:
        raise SpecError(parsed.problems)
    if len(parsed.documents) != 1:
        raise SpecError((Problem(name, 1, 1, "", "one document is expected", "start with `version: 1`"),))
    (document,) = parsed.documents
    checked = check(ProjectFile, document)
    if checked.model is None:
        raise SpecError(checked.problems)
    if problems := tuple(_problems(checked.model, document)):
        raise SpecError(problems)
    return _project(checked.model, document, file)


def _problems(content: ProjectFile, document: Node) -> Iterator[Problem]:
    """Yield what the model does not check: keys without a value, the default environment, and secrets that are keys."""
    for path, source in _empty_keys(document, ()):  # a guard whose lines are commented out must not be off unnoticed
        yield source.problem(dotted(path), "a value is missing", "write it, or remove the key")
    name = content.default_environment
    if name is not None and name not in content.environments:
        source = document.at(("default_environment",)).source
        cure = did_you_mean(name, list(content.environments))
        yield source.problem("default_environment", f'no environment "{name}"', cure)
    keys = _key_variables(content)
    lists: dict[KeyPath, list[str]] = {("secrets",): content.secrets}
    lists |= {("environments", name, "secrets"): item.secrets for name, item in content.environments.items()}
    for path, names in lists.items():
        for index, secret in enumerate(names):
            if holds_key(secret, keys):
                message = f"{secret} holds a key, and what specs read reaches the agents"
                cure = "remove it from secrets, and put what the specs need into a variable of its own"
                yield document.at((*path, index)).source.problem(dotted((*path, index)), message, cure)


def _empty_keys(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, Source]]:
    for key, below in node.entries():
        if below.value is None:
            yield (*path, key), below.key_source
        yield from _empty_keys(below, (*path, key))


def _key_variables(content: ProjectFile) -> frozenset[str]:
    """Return the variables that no spec may read: keys, and URLs that whoever has them can write to."""
    environments = content.environments.values()
    webhooks = (item.notify.url_env for item in environments if item.notify)
    return KEY_VARIABLES.union((item.api_key_env for item in environments), webhooks)


def _project(content: ProjectFile, document: Node, file: Path) -> Project:
    shared, key_variables = _variables(document, ()), _key_variables(content)
    places = _places(document, ())
    environments = tuple(
        Environment(
            name=name,
            api=item.api,
            api_key_env=item.api_key_env,
            specs=(*content.specs, *item.specs),
            concurrency=item.concurrency,
            reader=item.reader,
            rate_limit=parse_rate(item.rate_limit) if item.rate_limit else None,
            overlays=tuple(item.overlays),
            variables={**shared, **_variables(document, ("environments", name))},
            secrets=frozenset((*content.secrets, *item.secrets)),
            key_variables=key_variables,
            guards=Guards(**item.guards.model_dump()) if item.guards else NO_GUARDS,
            expect_account=item.expect_account.expected if item.expect_account else None,
            notify=item.notify.notify if item.notify else None,
            state=item.state,
            api_key_command=_key_command(item, document, ("environments", name, "api_key_command")),
            places={**places, **_places(document, ("environments", name))},
        )
        for name, item in sorted(content.environments.items())
    )
    only = environments[0].name if len(environments) == 1 else None
    return Project(file.parent, file.name, environments, content.default_environment or only)


def _key_command(item: EnvironmentFile, document: Node, path: KeyPath) -> KeyCommand | None:
    if item.api_key_command is None:
        return None
    return KeyCommand(tuple(item.api_key_command), document.at(path).source.problem(dotted(path), ""))


def _variables(document: Node, owner: KeyPath) -> dict[str, Variable]:
    entries = dict(document.at(owner).entries())
    found = entries["variables"].entries() if "variables" in entries else ()
    return {name: Variable(name, _value(node), node.key_source) for name, node in found}


def _places(document: Node, owner: KeyPath) -> dict[str, Problem]:
    """Return where each entry of specs and overlays is written."""
    found: dict[str, Problem] = {}
    for key, below in document.at(owner).entries():
        for index, node in enumerate(below.items() if key in _ENTRIES else ()):
            found[str(node.value)] = node.source.problem(dotted((*owner, key, index)), "")
    return found


def _value(node: Node) -> Scalar:
    assert isinstance(node.value, (str, int, float, bool))  # noqa: S101  checked with the file
    return node.value
