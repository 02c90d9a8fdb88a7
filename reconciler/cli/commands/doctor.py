"""`reconciler doctor`: checks what a plan needs, one line each, with the cure."""

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import connection_options
from reconciler.cli.usage import command

_FAILED = 1


@command("doctor", "-e production doctor")
@connection_options
@pass_invocation
def doctor(invocation: Invocation) -> int:
    """
    Check what a plan needs: project, state, specs, key, account, limit and clock.

    Sends a few reads and writes nothing. Exits with 1 where something would stop a plan.
    """
    import asyncio

    return asyncio.run(_diagnose(invocation))


async def _diagnose(invocation: Invocation) -> int:
    """Print each check as it ends; return the exit code."""
    from reconciler.cli.invocation import pasteable
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.cli.terminal import emit
    from reconciler.workflow.doctor import diagnose

    code = 0
    async for check in diagnose(invocation, surroundings_of(invocation)):
        emit(f"{check.status:<5} {check.name:<9} {check.text}\n")
        if check.cure:
            emit(f"{'':15} → {pasteable(check.cure)}\n")
        if check.status == "fail":
            code = _FAILED
    return code
