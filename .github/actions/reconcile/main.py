"""The action: one command for one environment, with its exit code."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping

from apply import apply, plan_to_approve
from drift import drift
from gh import GhError
from preview import preview
from pull import pull
from relay import INTERRUPTED
from settings import Settings, UsageError, read_settings
from texts import announce_error

_COMMANDS: Mapping[str, Callable[[Settings], int]] = {
    "preview": preview,
    "plan": plan_to_approve,
    "apply": apply,
    "drift": drift,
    "pull": pull,
}
_MAY_WRITE = {
    "preview": "the comment could not be kept (the job needs pull-requests: write)",
    "drift": "the drift issue could not be kept (the job needs issues: write)",
    "pull": "the pull request could not be kept (the job needs contents: write and pull-requests: write, and the "
    "repository must let Actions create pull requests)",
}


def main() -> int:
    """Run the command that the inputs name."""
    try:
        return _run(read_settings(os.environ))
    except UsageError as error:
        announce_error(str(error))
        return 1
    except KeyboardInterrupt:  # between two calls of the tool; those are told, and waited for
        return INTERRUPTED


def _run(settings: Settings) -> int:
    command = _COMMANDS.get(settings.command)
    if command is None:
        raise UsageError(f'the input "command" is {settings.command!r}; it must be one of {", ".join(_COMMANDS)}')
    shutil.rmtree(settings.folder, ignore_errors=True)
    settings.folder.mkdir(parents=True)
    settings.tell("folder", str(settings.folder))
    try:
        return command(settings)
    except GhError as error:
        announce_error(f"{_MAY_WRITE[settings.command]}: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
