from tests.cli.conftest import repository

__all__ = ["repository"]
