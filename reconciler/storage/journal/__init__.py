"""
The journal: what a run is about to do and what became of it, a line each, on disk before a request leaves.

It holds types, addresses and results, and neither values nor the API's words. A file is one run,
`.reconciler/journal/RUN.jsonl`.
"""

from reconciler.storage.journal.folder import JournalFolder, new_run_id
from reconciler.storage.journal.reading import read_run
from reconciler.storage.journal.writing import FileLog, Journal, Log

__all__ = ["FileLog", "Journal", "JournalFolder", "Log", "new_run_id", "read_run"]
