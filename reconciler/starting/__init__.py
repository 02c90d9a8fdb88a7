"""Starting: the files of a new repository, which validates, plans and applies on the sandbox at once."""

from reconciler.project import SANDBOX
from reconciler.starting.answers import Answers, problem_with
from reconciler.starting.installing import installed_from
from reconciler.starting.new_files import existing, write_new
from reconciler.starting.repository import ALWAYS, repository

__all__ = ["ALWAYS", "SANDBOX", "Answers", "existing", "installed_from", "problem_with", "repository", "write_new"]
