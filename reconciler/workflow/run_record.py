"""Who runs an apply, on which machine and from which commit: from a CI job's variables, or from git and the system."""

import os
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from reconciler import __version__
from reconciler.core.plan.receipt import RunId, RunRecord
from reconciler.errors import InputError
from reconciler.git import commit_of, head_of
from reconciler.reading import work_tree_of
from reconciler.workflow.session import Session

_LONGEST_NAME = 100
_LONGEST_URL = 500
_ACTORS = ("GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN")
_GITHUB_RUN = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
_PAGE = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9_.-]+)+")


def record_of(run: RunId, session: Session) -> RunRecord:
    """
    Return the record of a run that begins with these specs, without its plan.

    Of the environment, it holds nothing but the variables that are named here.
    """
    root = session.project.root
    actor, ci_url = caller_of(session.around.environ)
    found = commit_of(root, session.read) if work_tree_of(root).is_of_git else None
    return RunRecord(
        id=run,
        actor=actor,
        host=_name(_host()),
        commit=found[0] if found else None,
        dirty=found[1] if found else None,
        ci_url=ci_url,
        version=__version__,
    )


def commit_at(root: Path) -> str | None:
    """Return the commit that the record of a run in this project names; None for what is not known."""
    try:
        return head_of(root) if work_tree_of(root).is_of_git else None
    except InputError:
        return None


def caller_of(environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return who started this process, and the page of the CI job that it is part of; None for what is not known."""
    return _actor(environ) or _user(), _ci_url(environ)


def _actor(environ: Mapping[str, str]) -> str | None:
    """Return who started the job; a job that was started again has another one than its workflow."""
    return next(filter(None, (_name(environ.get(name, "")) for name in _ACTORS)), None)


def _user() -> str | None:
    """Return the user that this process belongs to, whatever variables say; in a container, it may have no name."""
    number = getattr(os, "getuid", None)
    try:
        return _name(import_module("pwd").getpwuid(number()).pw_name if number else os.getlogin())
    except (KeyError, OSError):
        return str(number()) if number else None


def _host() -> str:
    import socket  # noqa: PLC0415  clients have it loaded by then

    return socket.gethostname()


def _name(text: str) -> str | None:
    """Return a name in one short line of characters that print; None where nothing is left."""
    return "".join(filter(str.isprintable, text)).strip()[:_LONGEST_NAME] or None


def _ci_url(environ: Mapping[str, str]) -> str | None:
    """Return the page of the CI job; None outside of one, and for what is no plain address, as with a password."""
    server, repository, run = (environ.get(name, "") for name in _GITHUB_RUN)
    url = environ.get("CI_JOB_URL", "")
    if server and repository and run:
        attempt = environ.get("GITHUB_RUN_ATTEMPT")
        url = f"{server}/{repository}/actions/runs/{run}" + (f"/attempts/{attempt}" if attempt else "")
    return url if len(url) <= _LONGEST_URL and _PAGE.fullmatch(url) else None
