"""What the specs declare differently from a git revision: no account, no key, and no secret is needed."""

import secrets
from collections.abc import Callable

from msgspec import Struct

from reconciler.clock import SYSTEM_CLOCK, time_text
from reconciler.core.model.catalogue import sensitive_keys
from reconciler.core.model.desired import Desired, specs_digest
from reconciler.core.model.masking import Masker, worded_error
from reconciler.core.model.selection import Chosen, Selection, Shard, Shards, part_of, select
from reconciler.core.model.text import visible
from reconciler.core.plan.operations import Plan, PlanOrigin
from reconciler.core.plan.revision import compare_revisions
from reconciler.errors import InputError
from reconciler.git import checked_out
from reconciler.project import DEFAULT_SPECS, Environment, Project, load_project
from reconciler.workflow.account import own_digest_key
from reconciler.workflow.choosing import unmatched
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Surroundings
from reconciler.workflow.session import choose_environment, choose_project, load_environment, note_warnings

_NOTHING = Desired((), (), (), ())
_NO_DIFFERENCE = {"near_duplicate", "not_read", "other_shard"}
_KEY_BYTES = 32


class SpecsDiff(Struct, frozen=True):
    """
    What is declared differently from `ref`; `sensitive` are the keys that either side calls so.

    With `has_live_values`, either side declares values that came from an account, as an undo file does.
    """

    project: Project
    ref: str
    plan: Plan
    key: bytes
    sensitive: frozenset[str]
    has_live_values: bool

    @property
    def differs(self) -> bool:
        """Return whether anything is declared differently, also what an apply would not write."""
        return bool(self.plan.operations) or any(one.type not in _NO_DIFFERENCE for one in self.plan.notices)

    def masker(self, *, reveal: bool) -> Masker:
        """Return the masker: values are the repository's own, so those of sensitive keys are hidden, and live ones."""
        shown = () if self.has_live_values else ("*",)
        return Masker(self.key, reveal, shown, self.sensitive, self.has_live_values)


def diff_since(options: RunOptions, around: Surroundings, ref: str) -> SpecsDiff:
    """Compare the specs of an environment with those at a revision; raises `InputError` and `SpecError`."""
    project = choose_project(options, around)
    environment = choose_environment(project, options)
    loaded = load_environment(project, environment, shard=options.shard)
    note_warnings(loaded, around.reporter)
    before, now = _declared_at(project, environment, ref, options.shard, around.reporter.note), loaded.desired
    key = own_digest_key(around) or secrets.token_bytes(_KEY_BYTES)
    sensitive = sensitive_keys(before.catalogue) | sensitive_keys(now.catalogue)
    choice = options.chosen
    was, chosen = (select(side, choice, options.shard) for side in (before, now))
    _check_options(was, chosen, now)
    digest = specs_digest(now, Masker(key, reveal=False).digest)
    plan = compare_revisions(
        was.desired,
        chosen.desired,
        ref=ref,
        origin=_origin(environment, digest, options, choice, now),
        left_out=chosen.left_out,
        elsewhere=chosen.elsewhere,
        declared=now,
    )
    return SpecsDiff(project, ref, plan, key, sensitive, before.live_values or now.live_values)


def _check_options(was: Selection, chosen: Selection, now: Desired) -> None:
    """Raise `InputError` for an option that names nothing on either side."""
    if nothing := [option for option in chosen.unmatched if option in was.unmatched]:
        raise unmatched(nothing[0], now)


def _origin(environment: Environment, digest: str, options: RunOptions, chosen: Chosen, now: Desired) -> PlanOrigin:
    shard = options.shard
    shards = Shards(shard.count, (shard.index,), len(part_of(now, shard).memories)) if shard else None
    when = time_text(SYSTEM_CLOCK.now())
    return PlanOrigin(environment.name, environment.api or environment.name, digest, when, shards=shards, chosen=chosen)


def _declared_at(
    project: Project, environment: Environment, ref: str, shard: Shard | None, note: Callable[[str], None]
) -> Desired:
    """Return what the environment declared at a revision; nothing, with a note, where it was not there yet."""
    with checked_out(project.root, ref) as folder:
        settings = folder / (project.file or DEFAULT_SPECS)
        name, place = environment.name, project.file or f"{DEFAULT_SPECS}/"
        if not settings.exists():
            note(f"warning: {visible(place)} is not there at {visible(ref)}, so all that is declared is new")
            return _NOTHING
        try:
            before = load_project(str(settings if project.file else folder))
            if name not in {one.name for one in before.environments}:
                note(f"warning: the environment {name} is not there at {visible(ref)}, so all that is declared is new")
                return _NOTHING
            return load_environment(before, before.environment(name), shard=shard).desired
        except InputError as error:
            first = worded_error(error, reveal=False).partition("\n")[0]
            raise InputError(f"the specs at {visible(ref)} cannot be used: {first}") from error
