"""The file that a journal is written to."""

import os
from pathlib import Path

from reconciler.storage.files import open_new


class FileLog:
    """A new file, for its owner alone, that only grows; all methods raise `OSError`."""

    def __init__(self, path: Path) -> None:
        self._descriptor = open_new(path, os.O_APPEND)
        _sync_folder(path.parent)

    def append(self, data: bytes) -> None:
        """Write to the end, through to the system, so that it outlives this process."""
        while data:
            data = data[os.write(self._descriptor, data) :]

    def sync(self) -> None:
        """Wait until all that was appended is on disk, so that it outlives the machine's power."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _sync_folder(folder: Path) -> None:
    """Put the name of a new file on disk, too, where the system can open a folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows lets none
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
