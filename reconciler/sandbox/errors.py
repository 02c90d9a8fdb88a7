"""What can go wrong with the sandbox itself, as opposed to the errors that it imitates."""


class SandboxError(Exception):
    """The sandbox cannot do what was asked of it."""


class SandboxStateError(SandboxError):
    """The state, or a world to be planted in it, cannot be used."""


class SandboxServeError(SandboxError):
    """The sandbox cannot listen where it was told to."""


class ConnectionDropped(ConnectionError):  # noqa: N818 - named after the fault, as in "the connection dropped"
    """A scripted fault ended the connection, and there is no real connection to end: the caller is in process."""
