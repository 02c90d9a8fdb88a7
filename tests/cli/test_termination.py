import signal

import pytest

from reconciler.cli.invocation import Invocation
from reconciler.cli.signals import passing_on_termination


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN])
def test_sigterm_is_ctrl_c_even_where_ctrl_c_is_not_heard(handler: signal.Handlers) -> None:
    invocation = Invocation()
    kept = signal.signal(signal.SIGINT, handler)
    try:
        with passing_on_termination(invocation), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, kept)

    assert invocation.signal == signal.SIGTERM


def test_afterwards_sigterm_does_what_it_did_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with passing_on_termination(Invocation()):
        assert signal.getsignal(signal.SIGTERM) != before

    assert signal.getsignal(signal.SIGTERM) == before


def test_sighup_is_left_alone_where_nohup_wants_it_to_be() -> None:
    kept = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with passing_on_termination(Invocation()):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, kept)


def test_a_system_without_sighup_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGHUP")
    before = signal.getsignal(signal.SIGTERM)
    with passing_on_termination(Invocation()):
        assert signal.getsignal(signal.SIGTERM) != before
