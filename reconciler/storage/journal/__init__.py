"""
The journal: a line for each operation that is begun, and one for its outcome, on disk before a request is sent.

It holds types, addresses, results and reasons, and neither values nor the API's messages. Each run has a file,
`.reconciler/journal/RUN.jsonl`.
"""

from reconciler.storage.journal.folder import Journal, JournalFolder, new_run_id
from reconciler.storage.journal.log import FileLog
from reconciler.storage.journal.reading import read_run

__all__ = ["FileLog", "Journal", "JournalFolder", "new_run_id", "read_run"]
