"""One call of the program: what its options ask for, and what none of its output may show."""

from dataclasses import dataclass, field

import click

from reconciler.workflow.options import RunOptions

PROGRAM = "reconciler"


@dataclass(slots=True)
class Invocation(RunOptions):
    """
    What was given before or after the name of the command.

    `typed` names what stands on the command line, and not in a variable. `keys` may stand in no output, `secrets` in
    none but JSON. They, `key_variable` and `signal` (the number of the one that asked for the end, 0 for Ctrl-C) are
    filled in on the way, for the place where errors are shown.
    """

    no_color: bool = False
    key_variable: str = ""
    signal: int = 0
    typed: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


pass_invocation = click.make_pass_decorator(Invocation)
