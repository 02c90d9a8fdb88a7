"""Run the command line: `reconciler`, or `python -m reconciler`. Errors while it is imported are told in words."""

import sys

_ERROR = 1
_INTERRUPTED = 130
_NO_MEMORY_SAID = ("failed to map segment", "cannot allocate memory")  # `reconciler.errors` may not be there yet


def main() -> int:
    """Import and run the command line; return its exit code."""
    try:
        from reconciler.cli.main import main as run  # noqa: PLC0415  Ctrl-C may come meanwhile

        return run()
    except KeyboardInterrupt:
        said, code = "interrupted", _INTERRUPTED
    except (MemoryError, ImportError) as error:
        if isinstance(error, ImportError) and not any(words in str(error).lower() for words in _NO_MEMORY_SAID):
            raise
        said, code = "error: out of memory", _ERROR
    sys.stderr.write(f"{said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
