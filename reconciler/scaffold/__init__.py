"""Starting: the files of a new repository, which validates, plans and applies on the sandbox at once."""

from reconciler.project import SANDBOX
from reconciler.scaffold.answers import Answers, action_of, installed_from, is_pinned, problem_with, scope_value_of
from reconciler.scaffold.repository import ALWAYS, IGNORED, IGNORED_LINES, repository
from reconciler.storage.files import existing, write_new

__all__ = [
    "ALWAYS",
    "IGNORED",
    "IGNORED_LINES",
    "SANDBOX",
    "Answers",
    "action_of",
    "existing",
    "installed_from",
    "is_pinned",
    "problem_with",
    "repository",
    "scope_value_of",
    "write_new",
]
