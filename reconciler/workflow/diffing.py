"""What the specs declare differently from a git revision: no account, no key, and no secret is needed."""

import secrets
from collections.abc import Callable

from msgspec import Struct

from reconciler.clock import SYSTEM_CLOCK, time_text
from reconciler.core.model.catalogue import sensitive_keys
from reconciler.core.model.desired import Desired, specs_digest
from reconciler.core.model.masking import Masker
from reconciler.core.model.selection import Chosen, Selection, Shard, Shards, part_of, select
from reconciler.core.model.text import visible
from reconciler.core.plan.base import Counterpart, changed_addresses
from reconciler.core.plan.operations import Plan, PlanOrigin
from reconciler.core.plan.revision import compare_revisions
from reconciler.errors import InputError
from reconciler.project import Environment, Project
from reconciler.specs.known import ReadFiles
from reconciler.workflow.account import own_digest_key
from reconciler.workflow.loading import choose_environment, choose_project, load_environment, note_warnings, unmatched
from reconciler.workflow.options import RunOptions
from reconciler.workflow.revisions import UnusableError, declared_at, declared_since
from reconciler.workflow.run import Surroundings

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
    choice, shard, known, note = options.chosen, options.shard, ReadFiles(), around.reporter.note
    loaded = load_environment(project, environment, shard=shard, known=known)
    note_warnings(loaded, around.reporter)
    before, now = _declared_at(project, environment, ref, shard, known, note=note), loaded.desired
    earlier = declared_since(project, environment, options, None, known, note=note)
    key = own_digest_key(around) or secrets.token_bytes(_KEY_BYTES)
    sensitive = sensitive_keys(before.catalogue) | sensitive_keys(now.catalogue)
    chosen = select(now, choice, shard, changed=None if earlier is None else changed_addresses(earlier, now))
    _check_options(select(before, choice, shard), chosen, now)
    digest = specs_digest(now, Masker(key, reveal=False).digest)
    plan = compare_revisions(
        Counterpart(chosen, choice, shard, now, earlier).of(before),
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


def _declared_at(  # noqa: PLR0913  one parameter a part of the question
    project: Project,
    environment: Environment,
    ref: str,
    shard: Shard | None,
    known: ReadFiles,
    *,
    note: Callable[[str], None],
) -> Desired:
    try:
        return declared_at(project, environment, ref, known=known, shard=shard, note=note)
    except UnusableError as error:
        raise InputError(f"the specs at {visible(ref)} cannot be used: {error}") from error
