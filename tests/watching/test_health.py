from reconciler.clock import Clock
from reconciler.watching.probes import Health
from tests.watching.reports import account, report


class Moved:
    now = 0.0

    @property
    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now)


def alive(health: Health) -> bool:
    return health.is_alive


def ready(health: Health) -> bool:
    return health.is_ready


def test_alive_while_signs_come_in_time_and_not_after() -> None:
    time = Moved()
    health = Health(time.clock, patience=900)

    time.now = 900.0
    assert alive(health)
    time.now = 901.0
    assert not alive(health)
    health.expect_sign()
    assert alive(health)


def test_a_long_pause_that_was_announced_is_no_silence() -> None:
    time = Moved()
    health = Health(time.clock, patience=900)
    health.expect_sign(3600)

    time.now = 4500.0
    assert alive(health)
    time.now = 4501.0
    assert not alive(health)


def test_ready_once_a_plan_was_made_and_while_the_last_run_made_one() -> None:
    health = Health(Clock(), patience=900)
    assert not ready(health)

    health.last = report(account=account())
    assert ready(health)

    health.last = report("unavailable")
    assert not ready(health)
