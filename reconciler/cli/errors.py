"""Errors as lines on standard error."""

import os
import sys

from msgspec.structs import replace

from reconciler.cli.here import file_here, places_here
from reconciler.cli.invocation import Invocation, pasteable
from reconciler.cli.streams import say
from reconciler.core.model.text import visible
from reconciler.errors import (
    MORE_FILES,
    NO_MORE_FILES,
    ApiError,
    ApiRejectedError,
    BudgetSpentError,
    InputError,
    Problem,
    ReconcilerError,
    SpecError,
    StateError,
    TooMuchError,
    lacks_files,
    lacks_memory,
    with_causes,
)

_ERROR = 1
_DEFECT = 70
_ROOM = 40 << 20
"""Bytes: where so many cannot be had, an unexpected error is taken for a lack of memory."""
_NO_FILES = "too many open files"


def report_error(error: Exception, invocation: Invocation) -> int:
    """
    Report an error and return the exit code; an unexpected error is reported as a defect.

    Raises `MemoryError` where no memory is left: the caller has to free some before it can report that.
    """
    if isinstance(error, ReconcilerError):
        _tell(error, invocation)
        return error.exit_code
    if lacks_memory(error):
        raise MemoryError from error
    if isinstance(error, OSError) and error.strerror:
        _tell_of_the_system(error, invocation)
        return _ERROR
    bytes(_ROOM)
    _tell_defect(error, invocation)
    return _DEFECT


def report_no_memory() -> None:
    """Report that no memory is left."""
    say("error: out of memory")
    say("hint: give it more memory, or fewer specs if the command has --shard or --target; what was done stays done")


def _tell(error: ReconcilerError, invocation: Invocation) -> None:
    from reconciler.cli.terminal import is_operators_terminal
    from reconciler.core.model.masking import MOST_LINES, first_of_each, worded_error

    others = 0
    counts: tuple[Problem, ...] = ()
    cure = "mend these first"
    if isinstance(error, SpecError):
        cure = cure if error.is_of_account else "`reconciler validate --write csv=FILE` names all"
        every = set(error.every)
        counts = tuple(problem for problem in error.problems if problem not in every)
        problems = [_here(problem) for problem in error.problems if problem in every]
        error = SpecError(first_of_each(problems, MOST_LINES))
        others = len(problems) - len(error.problems)
    lines = worded_error(error, reveal=is_operators_terminal(sys.stderr)).splitlines() or [type(error).__name__]
    shown = [*lines[:MOST_LINES], *map(str, map(_here, counts[: MOST_LINES // 10]))]
    for line in shown:
        say(f"error: {places_here(pasteable(visible(line)))}")
    if (left := others + len(lines) + len(counts) - len(shown)) > 0:
        say(f"error: and {left:,} more; {pasteable(cure)}")
    if isinstance(error, ApiError) and error.said:
        _tell_what_the_api_said(error)
    if isinstance(error, BudgetSpentError) and error.answered:
        less = f", or {invocation.fewer}" if invocation.fewer else ""
        say(f"hint: nothing was written; the next run reads from the start, so raise the limit{less}")
    if isinstance(error, TooMuchError) and error.is_declared and invocation.fewer:
        say(f"hint: {invocation.fewer}")
    if isinstance(error, StateError | InputError) and (lacks_files(error) or _NO_FILES in str(error).lower()):
        say(f"hint: {MORE_FILES}")
    if isinstance(error, ApiRejectedError) and error.status == 401 and invocation.key_source:  # noqa: PLR2004  HTTP
        say(f"hint: the key is read from {invocation.key_source}")


def _here(problem: Problem) -> Problem:
    """Return a problem whose file is called as from the current folder; one with a line is a place in the message."""
    return problem if problem.line else replace(problem, file=file_here(problem.file))


def _tell_of_the_system(error: OSError, invocation: Invocation) -> None:
    """Pass on what the system refused, wherever that was: a folder that is gone, no more files, no more room."""
    if lacks_files(error):
        say(f"error: {NO_MORE_FILES}")
        say(f"hint: {MORE_FILES}")
        return
    place = f"{visible(str(error.filename))}: " if error.filename is not None else ""
    say(f"error: {place}{visible(error.strerror or '')}")
    if not _has_current_folder():
        say("hint: the current folder was removed; go to one that is there")
    if invocation.debug:
        _echo_traceback(error)


def _has_current_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109  the question is whether there is one
    except OSError:
        return False
    return True


def _tell_what_the_api_said(error: ApiError) -> None:
    """Report the API's own message, which may quote what it holds of people, on the operator's terminal alone."""
    from reconciler.cli.terminal import is_operators_terminal

    if is_operators_terminal(sys.stderr):
        say(f"the message of the API: {visible(error.said)}")


def _tell_defect(error: Exception, invocation: Invocation) -> None:
    """Name the kind of error and no more: its text might hold values."""
    say(f"error: this is a defect of reconciler ({type(error).__name__}); nothing is known to be lost")
    if invocation.debug:
        _echo_traceback(error)
    else:
        say("hint: run it again with --debug and report what is printed")


def _echo_traceback(error: Exception) -> None:
    """Show where it happened, and what caused it: places and kinds of errors, whose texts may hold values."""
    import traceback

    for one in reversed([*with_causes(error)]):
        frames = "".join(traceback.format_tb(one.__traceback__))
        say(f"Traceback (most recent call last):\n{frames}{type(one).__module__}.{type(one).__qualname__}")
