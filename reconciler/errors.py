"""
Every error a user can meet, with what to do about it.

    ReconcilerError
    ├── InputError            fix a file, a flag or a variable
    │   └── SpecError         fix the specs or reconciler.yaml: all problems at once
    ├── ApiError              a call did not succeed
    │   ├── ApiUnavailableError   try again later
    │   │   ├── EndlessAnswerError    try again when the API answers faster
    │   │   ├── EmptyAnswerError      look whether it was done
    │   │   └── NotSentError          nothing more is sent by this run
    │   │       ├── BudgetSpentError      run it again
    │   │       └── NoConnectionError     fix the proxy, or what certificates are trusted
    │   ├── ApiRejectedError      fix the request, the key or the account
    │   │   └── RouteAbsentError      do with other calls
    │   ├── TooMuchError          read a part of the account
    │   ├── OtherRecordError      look at the account: the answer is about something else
    │   └── AddUserRefusedError   often nothing to do
    ├── StateError            make room or rights for a file this tool keeps
    ├── RefusedError          nothing was written, on purpose
    ├── CutShortError         run it again, on a part at a time
    └── ForbiddenCallError    a defect of this tool, stopped before it left
"""

import errno
import os
from collections.abc import Iterator, Mapping

from msgspec import Struct

_NO_MEMORY_SAID = (  # the last is what Python says where a library in C names no reason
    "cannot allocate memory",
    "failed to map segment",
    "can't start new thread",
    "without setting an exception",
)


class Source(Struct, frozen=True, gc=False):
    """A place in a file, as people count: `line` and `column` start at 1; 0 when only the file is known."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return `file:line:column`, the form that editors jump to."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def problem(self, address: str, message: str, cure: str = "") -> "Problem":
        """Return a problem at this place."""
        return Problem(self.file, self.line, self.column, address, message, cure)


class Problem(Struct, frozen=True, order=True):
    """
    One thing that is wrong in a file: where, at which address, what, and what would be right.

    `message` and `cure` may carry values (`Message` in `core/model/masking.py`); where the problem is `withheld`, only
    the operator may see them. Its own text quotes none of them: `worded` returns the problem as a reader may see it.
    """

    file: str
    line: int
    column: int
    address: str
    message: str
    cure: str = ""
    withheld: bool = False

    @property
    def source(self) -> Source:
        """Return the place of the problem."""
        return Source(self.file, self.line, self.column)

    def __str__(self) -> str:
        """Return the one line that is printed: `file:line:column address: message; cure`."""
        subject = f"{self.source} {self.address}" if self.address else str(self.source)
        return f"{subject}: {self.message}; {self.cure}" if self.cure else f"{subject}: {self.message}"


class Cell(Struct, frozen=True):
    """A cell of a data file: the name of its column, and its text."""

    column: str
    text: str


class ReconcilerError(Exception):
    """Root of all errors that are reported to a user in one line."""

    exit_code = 1


class InputError(ReconcilerError):
    """A flag, a variable or a file that was given cannot be used as it is."""


class SpecError(InputError):
    """
    All problems that one run found in files.

    `every` holds also those that `problems` only count. `cells` are the cells of data files at the places of problems.
    `is_of_account`: only the account shows them, so `validate` does not.
    """

    is_of_account = False

    def __init__(
        self,
        problems: tuple[Problem, ...],
        *,
        every: tuple[Problem, ...] = (),
        cells: Mapping[Source, Cell] | None = None,
    ) -> None:
        self.problems = tuple(sorted(set(problems)))
        self.every = every or self.problems
        self.cells = cells or {}
        super().__init__("\n".join(map(str, self.problems)))


class ApiError(ReconcilerError):
    """
    A call did not succeed; `summary` is short and holds neither headers nor the key, `code` is the API's own.

    `said` is the API's own message, for the operator's terminal only, since it may quote data of people.
    """

    said = ""

    def __init__(self, summary: str, *, code: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.code = code


class ApiUnavailableError(ApiError):
    """
    No usable answer.

    `may_have_happened` is whether a write may have been carried out, `answered` whether there was an answer at all.
    With `is_final`, trying again at once is of no use.
    """

    is_final = False

    def __init__(self, summary: str, *, may_have_happened: bool, code: str = "", answered: bool = True) -> None:
        super().__init__(summary, code=code)
        self.may_have_happened = may_have_happened
        self.answered = answered


class EndlessAnswerError(ApiUnavailableError):
    """A request whose answer did not end in all of its time; another would take as long."""

    def __init__(self, summary: str) -> None:
        super().__init__(summary, may_have_happened=True, answered=False)


class EmptyAnswerError(ApiUnavailableError):
    """A write that was answered with success but without a body: only a read shows what was done."""

    def __init__(self) -> None:
        super().__init__("the API answered with success and without a body", may_have_happened=True)


class NotSentError(ApiUnavailableError):
    """A request that this run does not send; `summary` is the reason, such as a stop."""

    def __init__(self, summary: str) -> None:
        super().__init__(summary, may_have_happened=False)


class BudgetSpentError(NotSentError):
    """
    A request that this run does not send, because its requests or its minutes are used up.

    It was not `answered` where they were spent on asking an API again that gives no answer.
    """

    exit_code = 3


class NoConnectionError(NotSentError):
    """A request that cannot be sent from here, now or later: a proxy refuses it, or a certificate is not trusted."""


class ApiRejectedError(ApiError):
    """The API answered no, with an HTTP status."""

    def __init__(self, summary: str, *, status: int, code: str = "") -> None:
        super().__init__(summary, code=code)
        self.status = status


class RouteAbsentError(ApiRejectedError):
    """A call that this account does not offer, or not to this key."""


class AddUserRefusedError(ApiError):
    """The API refused to add a user, with the code that also stands for a phone number already there."""


class TooMuchError(ApiError):
    """
    The account holds more than a run may keep in memory, or (`is_read`) its answers have more bytes than a run reads.

    `is_declared` is whether it would help to choose less of what is declared.
    """

    is_declared = False

    def __init__(self, summary: str, *, is_read: bool = False) -> None:
        super().__init__(summary)
        self.is_read = is_read


class OtherRecordError(ApiError):
    """
    The API answered about another record than was asked for, so nothing may be written because of it.

    `may_have_happened` is whether the call was a write, which may have been carried out.
    """

    may_have_happened = False


class StateError(ReconcilerError):
    """A file of this tool, or one that it was asked to write, cannot be read or written."""


class RefusedError(ReconcilerError):
    """Nothing was written, on purpose: a guard held, or the answer to the question was no."""

    exit_code = 4


class ForbiddenCallError(ReconcilerError):
    """A request that is not on the list of the client in use was about to be sent: a defect, stopped in time."""

    exit_code = 70


class CutShortError(ReconcilerError):
    """The memory gave out while an apply was under way; its journal says how far it came."""

    exit_code = 3


NO_CONTACTS_CALLS = "this account does not offer the contacts calls"
BY_CONTACT_ID = "declare the contact by contact_id, without name and metadata"
WRONG_KEY = "is the API key right?"
WEAK_KEY = "the key may not do this: writing needs the organisation role admin, owner or operator"
"""What an answer of 401, and one of 403, means for whoever called."""
NO_MORE_FILES = "no more files and connections may be open at once"
MORE_FILES = "raise the limit, as with `ulimit -n 1024`, or lower --concurrency"


def lack_of(error: BaseException) -> str:
    """Return what this process lacks where an error means that, in words; empty for any other error."""
    if lacks_memory(error):
        return "out of memory"
    return f"{NO_MORE_FILES}; {MORE_FILES}" if lacks_files(error) else ""


def cause_of(error: BaseException) -> str:
    """Return what an unexpected error means, in words: what this process lacks, or else a defect of this tool."""
    return lack_of(error) or f"a defect of reconciler ({type(error).__name__})"


def lacks_memory(error: BaseException) -> bool:
    """Return whether an error means that no memory is left, in whatever words a library says so."""
    for one in with_causes(error):
        if isinstance(one, MemoryError) or getattr(one, "errno", None) == errno.ENOMEM:
            return True
        if isinstance(one, ImportError | RuntimeError | SystemError) and any(
            said in str(one).lower() for said in _NO_MEMORY_SAID
        ):
            return True
    return False


def lacks_files(error: BaseException) -> bool:
    """Return whether an error means that the process may open no more files and connections."""
    return any(
        getattr(one, "errno", None) in {errno.EMFILE, errno.ENFILE}
        or (isinstance(one, ImportError) and os.strerror(errno.EMFILE) in str(one))
        for one in with_causes(error)
    )


def with_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what caused it, each once, from the last to the first."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        yield cause
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
