"""What the specs of an environment declared at a git revision: `diff`, `--base` and `--changed-since` start here."""

from collections.abc import Callable

from reconciler.core.model.desired import Desired
from reconciler.core.model.masking import worded_error
from reconciler.core.model.selection import Shard
from reconciler.core.model.text import visible
from reconciler.errors import InputError
from reconciler.git import checked_out
from reconciler.project import DEFAULT_SPECS, Environment, Project, load_project
from reconciler.specs import Environ
from reconciler.specs.spec_files import ReadFiles
from reconciler.workflow.loading import load_environment
from reconciler.workflow.options import RunOptions

_NOTHING = Desired((), (), (), ())


class UnusableError(InputError):
    """The specs of a revision cannot be used; the message is the first reason."""


def declared_at(  # noqa: PLR0913  one parameter a part of the question
    project: Project,
    environment: Environment,
    ref: str,
    environ: Environ | None = None,
    known: ReadFiles | None = None,
    *,
    shard: Shard | None,
    asked: str = "",
    note: Callable[[str], None] | None = None,
) -> Desired:
    """
    Return what the environment declared at a revision; nothing, with a note, where it was not there yet.

    Messages name the revision as it was `asked` for. Without `environ`, no secret is read. With a `shard`, what
    certainly belongs to others is passed over. Files that are `known` are not read again.

    Raises `UnusableError` for specs that cannot be used, and without a `note`, for what was not there yet. Raises
    `InputError` where git cannot give the revision, and beside `--specs`.
    """
    if environment.fact_keys_of:  # what --specs leaves out is declared still
        raise InputError(f"{asked or visible(ref)} is for the specs of the environment; leave out --specs")
    with checked_out(project.root, ref, asked=asked) as folder:
        settings = folder / (project.file or DEFAULT_SPECS)
        name, place = environment.name, project.file or f"{DEFAULT_SPECS}/"
        if note and not settings.exists():
            note(f"warning: {visible(place)} is not there at {visible(ref)}, so all that is declared is new")
            return _NOTHING
        try:
            before = load_project(str(settings if project.file else folder))
            if note and name not in {one.name for one in before.environments}:
                note(f"warning: the environment {name} is not there at {visible(ref)}, so all that is declared is new")
                return _NOTHING
            return load_environment(before, before.environment(name), environ, shard=shard, known=known).desired
        except InputError as error:
            raise UnusableError(worded_error(error, reveal=False).partition("\n")[0]) from error


def declared_since(  # noqa: PLR0913  see `declared_at`
    project: Project,
    environment: Environment,
    options: RunOptions,
    environ: Environ | None,
    known: ReadFiles,
    *,
    note: Callable[[str], None],
) -> Desired | None:
    """
    Return what was declared at the revision of `--changed-since`, None without one.

    Raises `InputError` where that cannot be known.
    """
    ref = options.changed_since
    if ref is None:
        return None
    asked = f"--changed-since {visible(ref)}"

    def filled(name: str) -> str:
        """Return what a secret holds; one that is not set any more differs from whatever is declared now."""
        return (environ and environ(name)) or f"\0{name} is not set"

    given = filled if environ else None
    try:
        return declared_at(project, environment, ref, given, known, shard=options.shard, asked=asked, note=note)
    except UnusableError as error:
        cure = "name a revision whose specs are valid, or leave the option out"
        raise InputError(f"{asked}: the specs there cannot be used: {error}; {cure}") from error
