"""The entry point: the group of commands, and the one place where errors become exit codes."""

import atexit
import gc
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import StringIO
from typing import ClassVar

import click

from reconciler import RESERVE, __version__
from reconciler.cli.invocation import Invocation
from reconciler.cli.options import account_connection_options, global_options
from reconciler.cli.signals import passing_on_termination
from reconciler.cli.streams import ErrorLine, ensure_streams, leave_streams, say, silence
from reconciler.cli.usage import ExplainedGroup, examples


class LazyGroup(ExplainedGroup):
    """
    A group whose commands stand in modules of this package, under the module's own name.

    `groups` gives for each command the line of help that is shown, under the heading where it is shown.
    """

    groups: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    @property
    def summaries(self) -> Mapping[str, str]:
        """Return the line of help of each command."""
        return {name: line for lines in self.groups.values() for name, line in lines.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  the signature of click
        """Return the names of all commands."""
        return sorted(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  the same
        """Import a command; None for a name that there is not."""
        if cmd_name not in self.summaries:
            return None
        command: click.Command = getattr(import_module(f"reconciler.cli.commands.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  the same
        """Write the groups of commands without importing them."""
        width = max(map(len, self.summaries))
        for title, lines in self.groups.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), line) for name, line in lines.items()])


_ERROR = 1
_INTERRUPTED = 130
_KEY_NAMES = frozenset(("BLAND_API_KEY", "RECONCILER_DIGEST_KEY"))
_PROXY_NAME = re.compile("(https?|all)_proxy", re.IGNORECASE)
_OF_SIGNALS = 128
"""What a shell adds to the number of the signal that ended a program."""
_RESERVED = 16 << 20
"""The bytes that count against a limit of memory until a report needs them; never written, they take up none."""
_COLLECTIONS = (200_000, 20, 10)
"""How rarely the cyclic garbage collector runs: what a command reads stays to its end, and is not to be searched."""


class _Commands(LazyGroup):
    """The commands of the tool."""

    groups: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "Start": {
            "init": "Write a new repository to a folder.",
            "export": "Write specs from the live account.",
            "sandbox": "Run, empty or show the stand-in for the API.",
            "doctor": "Check what a plan needs.",
        },
        "Write": {
            "validate": "Check the specs.",
            "lint": "Look for what is allowed and unwise.",
            "fmt": "Quote what other readers of YAML would misread.",
            "why": "Show what gave each value at ADDRESS.",
            "diff": "Show what the specs declare differently from REF (HEAD).",
            "compare": "Show what the environments LEFT and RIGHT have differently.",
        },
        "Run": {
            "plan": "Show what apply would do.",
            "apply": "Add and update what the specs declare.",
            "undo": "Bring back what an apply replaced.",
            "pull": "Write live values of facts that drifted into the specs.",
            "show": "Render a saved plan or receipt again.",
            "runs": "List the runs of this repository.",
            "snapshot": "Save what the account holds, for `plan --live`.",
            "watch": "Plan again and again, reading the specs anew.",
        },
        "Tools": {
            "schema": "Print a JSON Schema (draft 2020-12).",
            "completion": "Print the completion script of a shell.",
            "help": "Show a page of the guide, or the help of a command.",
        },
    }


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("init memories", "-e production plan"),
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@global_options("project", "environment", "state", "no_color")
@account_connection_options
def group() -> None:
    """
    Keep the memories of Bland AI voice agents under version control: add and update, never delete.

    `reconciler COMMAND --help` shows the options of a command. Each can also be given as a variable:
    RECONCILER_MAX_CHANGES=5 is `--max-changes 5`. `reconciler help` lists the pages of the guide.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code; no traceback reaches a user unless asked for."""
    ensure_streams()
    gc.set_threshold(*_COLLECTIONS)
    atexit.register(gc.freeze)  # Python looks at every object once more when it ends
    invocation = Invocation(keys=set(_known_keys(os.environ)))
    with passing_on_termination(invocation), _quiet_finalizers(), click.Context(group, obj=invocation):
        code = _run_or_say_why_not(arguments, invocation)
    leave_streams()
    return _OF_SIGNALS + invocation.signal if code == _INTERRUPTED and invocation.signal else code


def _known_keys(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what no output may show, whatever the command: keys under their usual names, and logins of proxies."""
    for name, value in environ.items():
        if name in _KEY_NAMES:
            yield value
        elif _PROXY_NAME.fullmatch(name):
            login = value.rpartition("@")[0].rpartition("//")[2]
            yield from filter(None, (login, login.partition(":")[2]))


def _warn_of_variables(names: Iterable[str]) -> None:
    """Warn of variables that look like those of options and are none."""
    own = {option.envvar for option in group.params if isinstance(option, click.Option)} | _KEY_NAMES
    others = [name for name in names if name.upper().startswith("RECONCILER_") and name not in own]
    if others:
        from reconciler.cli.suggestions import misspelt_variables

        for warning in misspelt_variables(group, others):
            say(f"warning: {warning}")


def _run_or_say_why_not(arguments: Sequence[str] | None, invocation: Invocation) -> int:
    """Run a command; where memory runs out, free what was reserved, and report that."""
    try:
        RESERVE[:] = [bytes(_RESERVED)]
        return _run(arguments, invocation)
    except MemoryError as lack:
        RESERVE.clear()
        from reconciler.errors import with_causes

        code = max(getattr(error, "exit_code", _ERROR) for error in with_causes(lack))  # that of a report, too
    gc.disable()  # in what is left of an event loop, a collection without memory may never end (CPython 3.11)
    from reconciler.cli.errors import report_no_memory

    report_no_memory()
    return code


@contextmanager
def _quiet_finalizers() -> Iterator[None]:
    """Hide what finalizers raise for lack of memory or files, which the command itself reports."""
    hook = sys.unraisablehook
    hidden = (MemoryError, OSError, AttributeError)  # the last is of objects that are only half built

    def tell(what: "sys.UnraisableHookArgs") -> None:
        if not issubclass(what.exc_type, hidden):
            hook(what)

    sys.unraisablehook = tell
    try:
        yield
    finally:
        sys.unraisablehook = hook


def _run(arguments: Sequence[str] | None, invocation: Invocation) -> int:
    try:
        _warn_of_variables(os.environ)
        result = group.main(arguments, prog_name="reconciler", standalone_mode=False, obj=invocation)
    except click.ClickException as error:
        from reconciler.cli.suggestions import with_suggestion

        shown = StringIO()
        with_suggestion(error).show(shown)
        say(shown.getvalue(), nl=False)
        return _ERROR
    except (click.Abort, KeyboardInterrupt):
        if sys.stderr.isatty() and not invocation.signal:
            ErrorLine.is_open = True  # the terminal wrote ^C
        say("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        silence(sys.stdout)  # its reader is gone, as with `| head`
        return _ERROR
    except Exception as error:  # noqa: BLE001  the boundary: an unexpected error is reported as a defect
        RESERVE.clear()
        from reconciler.cli.errors import report_error

        return report_error(error, invocation)
    return result if isinstance(result, int) else 0
