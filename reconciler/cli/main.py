"""The entry point: the group of commands, and the one place where errors become lines and exit codes."""

import os
import sys
from collections.abc import Sequence

import click

from reconciler import __version__
from reconciler.cli.apply import apply
from reconciler.cli.compare import compare
from reconciler.cli.completion import completion
from reconciler.cli.export import export
from reconciler.cli.fmt import fmt
from reconciler.cli.init import init
from reconciler.cli.options import Invocation, connection_options
from reconciler.cli.plan import plan
from reconciler.cli.runs import runs
from reconciler.cli.sandbox import sandbox
from reconciler.cli.schema import schema
from reconciler.cli.show import show
from reconciler.cli.snapshot import snapshot
from reconciler.cli.termination import passing_on_termination
from reconciler.cli.validate import validate
from reconciler.cli.watch import watch
from reconciler.cli.why import why
from reconciler.core.text import visible
from reconciler.errors import ApiError, ApiRejectedError, BudgetSpentError, ReconcilerError

_ERROR = 1
_DEFECT = 70
_INTERRUPTED = 130
_TERMINATED = 143


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
@connection_options
def group() -> None:
    """Keep the memories of Bland AI voice agents under version control: add and update, never delete."""


for _command in (
    init,
    validate,
    fmt,
    why,
    compare,
    plan,
    apply,
    watch,
    runs,
    snapshot,
    export,
    show,
    schema,
    sandbox,
    completion,
):
    group.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code; no traceback reaches a user unless asked for."""
    invocation = Invocation()
    with passing_on_termination(invocation):
        code = _run(arguments, invocation)
    return _TERMINATED if code == _INTERRUPTED and invocation.terminated else code


def _run(arguments: Sequence[str] | None, invocation: Invocation) -> int:
    try:
        result = group.main(arguments, prog_name="reconciler", standalone_mode=False, obj=invocation)
    except click.ClickException as error:
        error.show()
        return _ERROR
    except ReconcilerError as error:
        _tell(error, invocation)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return _INTERRUPTED
    except BrokenPipeError:
        return _leave_closed_pipe()
    except Exception as error:  # noqa: BLE001  the boundary: what was not foreseen is a defect and is told as one
        _tell_defect(error, invocation)
        return _DEFECT
    return result if isinstance(result, int) else 0


def _tell(error: ReconcilerError, invocation: Invocation) -> None:
    lines = str(error).splitlines() or [type(error).__name__]
    for line in lines:
        click.echo(f"error: {visible(line)}", err=True)
    if isinstance(error, ApiError) and error.said:
        _tell_what_the_api_said(error)
    if isinstance(error, BudgetSpentError):
        click.echo("hint: nothing was written; a plan reads anew each time, so it needs that much in one run", err=True)
    if isinstance(error, ApiRejectedError) and error.status == 401 and invocation.key_variable:  # noqa: PLR2004  HTTP
        click.echo(f"hint: the key is read from the environment variable {invocation.key_variable}", err=True)


def _tell_what_the_api_said(error: ApiError) -> None:
    """Tell the API's own message, which may quote what it holds of people, on the operator's terminal alone."""
    from reconciler.cli.screen import is_operators_terminal

    if is_operators_terminal(sys.stderr):
        click.echo(f"the API said: {visible(error.said)}", err=True)


def _tell_defect(error: Exception, invocation: Invocation) -> None:
    """Name the kind of error and no more: its text might hold values."""
    click.echo(f"error: this is a defect of reconciler ({type(error).__name__}); nothing is known to be lost", err=True)
    if invocation.debug:
        _echo_traceback(error, invocation)
    else:
        click.echo("hint: run it again with --debug and report what is printed", err=True)


def _echo_traceback(error: Exception, invocation: Invocation) -> None:
    import traceback

    text = "".join(traceback.format_exception(error))
    for secret in invocation.secrets:
        text = text.replace(secret, "***")
    click.echo(text, err=True)


def _leave_closed_pipe() -> int:
    """Leave quietly when the reader of the output is gone, as `| head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _ERROR
