"""`reconciler completion`: prints what makes a shell complete commands, options, environments and addresses."""

import click

from reconciler.cli.invocation import PROGRAM, Invocation, pass_invocation
from reconciler.cli.options import global_options
from reconciler.cli.usage import command

_SHELLS = ("bash", "zsh", "fish")
_VARIABLE = f"_{PROGRAM.upper()}_COMPLETE"


@command("completion zsh", "completion bash > ~/.local/share/bash-completion/completions/reconciler")
@global_options()
@click.argument("shell", type=click.Choice(_SHELLS), metavar=f"[{'|'.join(_SHELLS)}]")
@pass_invocation
def completion(_invocation: Invocation, *, shell: str) -> int:
    """
    Print the completion script of a shell.

    \b
    bash  reconciler completion bash > ~/.local/share/bash-completion/completions/reconciler
    zsh   reconciler completion zsh > a file named _reconciler in a folder of $fpath
    fish  reconciler completion fish > ~/.config/fish/completions/reconciler.fish

    Then open a new shell. For one shell alone: eval "$(reconciler completion bash)". Completion reads files of the
    repository and nothing else; what is broken there is not completed, without a word.
    """  # noqa: D301  click's mark for lines that stay as they are
    from click.shell_completion import get_completion_class

    from reconciler.cli.main import group
    from reconciler.cli.terminal import emit

    made = get_completion_class(shell)
    assert made is not None  # noqa: S101  click knows these three
    emit(made(group, {}, PROGRAM, _VARIABLE).source())
    return 0
