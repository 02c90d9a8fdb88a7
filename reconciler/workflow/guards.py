"""Guards: how much one run may change, as its options change it, and the refusal of a plan that exceeds one."""

from collections.abc import Callable
from dataclasses import replace

from reconciler.core.plan.guards import GUARD_NAMES, ExceededGuard, Guards
from reconciler.core.plan.operations import Plan
from reconciler.errors import RefusedError
from reconciler.project import Environment
from reconciler.render.notices import guard_sentence
from reconciler.workflow.options import RunOptions


def guards_of(environment: Environment, options: RunOptions, note: Callable[[str], None]) -> Guards:
    """Return the guards of an environment as this run changes them, and note each that is changed."""
    given = {name: getattr(options, name) for name in GUARD_NAMES}
    changed = {name: value for name, value in given.items() if value is not None}
    for name, value in changed.items():
        usual = getattr(environment.guards, name)
        if usual is not None and usual != value:
            verb = f"is {'raised' if value > usual else 'lowered'} from {usual:.15g} to {value:.15g}"
            note(f"guard: {name} of {environment.name} {verb} for this run ({_flag(name)})")
    return replace(environment.guards, **changed)


def refuse_exceeded(plan: Plan, *, command: str = "") -> None:
    """
    Raise `RefusedError` where a guard refuses the plan, with all that do.

    `command` is the one that has the flags to raise a guard, where it is not the one that was called.
    """
    if plan.exceeded:
        refusals = (f"refused: {guard_sentence(guard)}; {_cure(guard, command)}" for guard in plan.exceeded)
        raise RefusedError("\n".join(refusals))


def _cure(guard: ExceededGuard, command: str) -> str:
    flag = f"{command} {_flag(guard.name)} {guard.value:.15g}".lstrip()
    return f"look at the plan, and where it is right, raise it for one run with {flag}"


def _flag(guard: str) -> str:
    return f"--{guard.replace('_', '-')}"
