"""Every error that the sandbox answers with: the code and the message are the documentation's, word for word."""

from dataclasses import dataclass, replace

from reconciler.sandbox.settings import Revision


@dataclass(frozen=True, slots=True)
class Failure:
    """One error of the envelope, with the HTTP status it travels under (mostly not stated, U14)."""

    status: int
    code: str
    message: str


class RefusedError(Exception):
    """A request is answered with a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure


UNAUTHORIZED = Failure(401, "AUTH_FAILURE", "Unauthorized")
FORBIDDEN = Failure(403, "FORBIDDEN", "Forbidden")
TOO_MANY_REQUESTS = Failure(429, "TOO_MANY_REQUESTS", "Rate limit exceeded")
INTERNAL_ERROR = Failure(500, "INTERNAL_ERROR", "An unexpected error occurred")

SCOPE_REQUIRED = Failure(400, "BAD_REQUEST", "persona_id or agent_number is required")
FACTS_REQUIRED = Failure(400, "BAD_REQUEST", "facts is required")
IDENTIFIER_REQUIRED = Failure(
    400, "BAD_REQUEST", "At least one identifier (phone_number, email, or external_id) is required"
)
MEMORY_ABSENT = Failure(404, "NOT_FOUND", "Contact memory not found")
CONTACT_ABSENT = Failure(404, "NOT_FOUND", "Contact not found")

STORE_NAME_REQUIRED = Failure(400, "INVALID_REQUEST", "Memory name is required.")
PHONE_REQUIRED = Failure(400, "INVALID_REQUEST", "Phone number is required.")
PHONE_REQUIRED_IN_BODY = Failure(400, "INVALID_REQUEST", "Phone number is required in request body.")
STORE_ABSENT = Failure(404, "MEMORY_NOT_FOUND", "Memory not found.")
STORE_ABSENT_OR_FOREIGN = Failure(404, "MEMORY_NOT_FOUND", "Memory not found or you don't have access to it.")
USER_UNREADABLE = Failure(404, "MEMORY_ERROR", "Failed to retrieve memory data.")
USER_NOT_ADDED = Failure(400, "MEMORY_ADD_USER_ERROR", "Failed to add user to memory.")
USER_NOT_UPDATED = Failure(404, "MEMORY_UPDATE_USER_ERROR", "Failed to update user memory data.")

# L folds the codes of the legacy stores into three general ones; those that begin with MEMORY_ become the third, which
# travels under 500: in L an error of the server is no proof of a passing one.
_RENAMED_IN_L = {"INVALID_REQUEST": "BAD_REQUEST", "MEMORY_NOT_FOUND": "NOT_FOUND"}


def bad_request(message: str) -> Failure:
    """Input that the documentation has no message for."""
    return Failure(400, "BAD_REQUEST", message)


def in_revision(failure: Failure, revision: Revision) -> Failure:
    """Give the failure as that revision of the documentation names it."""
    if revision == "D":
        return failure
    if failure.code in _RENAMED_IN_L:
        return replace(failure, code=_RENAMED_IN_L[failure.code])
    if failure.code.startswith("MEMORY_"):
        return INTERNAL_ERROR
    return failure
