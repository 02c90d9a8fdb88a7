from reconciler.core.redaction import Masked, Masker

MASKER = Masker(b"key", reveal=False)


def test_equal_values_have_equal_digests() -> None:
    assert MASKER.live({"a": 1, "b": [2]}) == MASKER.live({"b": [2.0], "a": 1.0})
    assert MASKER.live("1") != MASKER.live(1)


def test_another_key_gives_another_digest() -> None:
    assert MASKER.live("x") != Masker(b"other", reveal=False).live("x")


def test_the_key_is_not_in_the_repr() -> None:
    assert "key'" not in repr(MASKER)


def test_on_the_operators_terminal_live_values_are_shown() -> None:
    assert Masker(b"key", reveal=True).live("x") == "x"


def test_of_a_value_that_is_sent_only_what_live_had_is_masked() -> None:
    shown = MASKER.retained({"a": 1, "b": {"c": 2, "live": 3}, "live": 4}, {"a": 1, "b": {"c": 2}})

    assert shown == {"a": 1, "b": {"c": 2, "live": MASKER.live(3)}, "live": MASKER.live(4)}
    assert isinstance(MASKER.live(3), Masked)
