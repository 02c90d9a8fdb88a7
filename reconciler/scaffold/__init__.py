"""Starting: the files of a new repository, which validates, plans and applies on the sandbox at once."""

from reconciler.project import SANDBOX
from reconciler.scaffold.answers import Answers, installed_from, problem_with
from reconciler.scaffold.repository import ALWAYS, repository
from reconciler.storage.files import existing, write_new

__all__ = ["ALWAYS", "SANDBOX", "Answers", "existing", "installed_from", "problem_with", "repository", "write_new"]
