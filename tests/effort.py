"""
How many examples the laws draw: a share of the full number, and all with `--hypothesis-profile=full`.

Examples are derandomized: a run draws the same each time, with either profile.
"""

from typing import Any

from hypothesis import HealthCheck, settings

FULL = 100
QUICK = 20
LEAST = 3
"""The first example is the simplest there is, an empty world say, and shows little."""


def register_profiles() -> None:
    """Register both profiles and load the quick one; hypothesis loads another where the command line names it."""
    for name, number in (("full", FULL), ("quick", QUICK)):
        settings.register_profile(
            name,
            derandomize=True,
            deadline=None,
            max_examples=number,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        )
    settings.load_profile("quick")


def examples(number: int, **options: Any) -> settings:
    """Return settings for a law with a number of examples of its own: `number` with the full profile."""
    profile = settings.default
    assert profile is not None
    return settings(max_examples=max(LEAST, number * profile.max_examples // FULL), **options)
