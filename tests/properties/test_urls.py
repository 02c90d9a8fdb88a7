"""Laws of the URL that names an account: one account has one name, however it is spelled, and two have two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.client import base_url, endpoint

HOSTS = {
    "api.bland.ai": ("api.bland.ai", "API.Bland.AI", "api.bland.ai."),
    "xn--bcher-kva.example": ("bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "XN--BCHER-KVA.EXAMPLE."),
    "127.0.0.1": ("127.0.0.1",),
    "[::1]": ("[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]"),
    "localhost": ("localhost", "LocalHost"),
}
PATHS = {
    "": ("", "/", "//", "/.", "/x/..", "/%2e/", "/x/%2E%2e"),
    "/a~b": ("/a~b", "/a%7eb/", "/%61%7Eb", "/x/../a~b"),
    "/A~b": ("/A~b", "/%41~b//"),
    "/a%2Fb": ("/a%2fb", "/a%2Fb/"),
    "/caf%C3%A9": ("/café", "/caf%c3%a9/"),
}
DEFAULTS = {"http": 80, "https": 443}
PORTS = {"http": ("", ":80", ":080", ":"), "https": ("", ":443", ":0443", ":")}

accounts = st.tuples(
    st.sampled_from(["http", "https"]),
    st.sampled_from(sorted(HOSTS)),
    st.sampled_from([None, 1, 80, 443, 8391]),
    st.sampled_from(sorted(PATHS)),
).filter(lambda one: one[0] == "https" or one[1] in {"127.0.0.1", "[::1]", "localhost"})


@st.composite
def spellings(draw: st.DrawFn, account: tuple[str, str, int | None, str]) -> str:
    """Spell the URL of an account in one of its ways."""
    scheme, host, port, path = account
    is_default = port in {None, {"http": 80, "https": 443}[scheme]}
    scheme_text = draw(st.sampled_from([scheme, scheme.upper(), scheme.title()]))
    port_text = draw(st.sampled_from(PORTS[scheme] if is_default else (f":{port}", f":0{port}")))
    text = f"{scheme_text}://{draw(st.sampled_from(HOSTS[host]))}{port_text}{draw(st.sampled_from(PATHS[path]))}"
    return draw(st.sampled_from([text, f" {text}", f"{text}\n", f"{text}?", f"{text}#"]))


def name_of(account: tuple[str, str, int | None, str]) -> str:
    scheme, host, port, path = account
    is_default = port in {None, {"http": 80, "https": 443}[scheme]}
    return f"{scheme}://{host}{'' if is_default else f':{port}'}{path}"


@given(st.data(), accounts)
def test_all_spellings_of_an_account_give_its_one_name(data: st.DataObject, account: tuple[str, str, int, str]) -> None:
    assert base_url(data.draw(spellings(account))) == name_of(account)


@given(accounts, accounts)
def test_two_accounts_have_two_names_and_a_name_is_its_own_spelling(
    left: tuple[str, str, int, str], right: tuple[str, str, int, str]
) -> None:
    assert base_url(name_of(left)) == name_of(left)
    assert (base_url(name_of(left)) == base_url(name_of(right))) is (name_of(left) == name_of(right))


@pytest.mark.parametrize("one", ["https://api.bland.ai/v1", "https://api.bland.ai:444", "https://api.bland.ai/V1"])
def test_what_may_be_another_account_keeps_a_name_of_its_own(one: str) -> None:
    assert base_url(one) == one


@given(st.from_regex(endpoint._PLAIN, fullmatch=True))  # noqa: SLF001  the fast way has to lead where the other does
def test_a_url_that_needs_no_parser_has_the_parts_that_a_parser_finds(text: str) -> None:
    plain = endpoint._plain_parts(text)  # noqa: SLF001  as above
    scheme, host, port, path = endpoint._parts("the URL", text)  # noqa: SLF001  as above

    assert plain is not None
    assert (plain[0], plain[1], plain[3]) == (scheme, host, path)
    assert (plain[2] or DEFAULTS[scheme]) == (port or DEFAULTS[scheme])
