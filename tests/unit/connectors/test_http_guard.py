"""Where `http` steps may go."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from payloom.connectors.http.guard import Guard, NotAllowed, NotFound, Target, is_public, look_up

pytestmark = pytest.mark.anyio
PUBLIC = "93.184.215.14"


def guard(*allow: str, answers: tuple[str, ...] = (PUBLIC,)) -> Guard:
    async def lookup(host: str, port: int) -> tuple[str, ...]:
        return answers

    return Guard(allow, lookup)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "224.0.0.1", "224.0.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1",
     "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::",
     "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:db8::1", "2001:0:a9fe:a9fe::",
     "fec0::1", "feff::1", "192.0.0.8", "192.88.99.1", "192.31.196.1", "192.175.48.1", "203.0.113.9", "198.51.100.9",
     "3fff::1", "5f00::1", "100::1", "64:ff9b:1::1", "2001:20::1", "2620:4f:8000::1"],
)  # fmt: skip
def test_an_address_that_is_not_public_is_known(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


def test_a_refused_address_is_our_file_s_fault_and_an_unknown_name_the_other_side_s() -> None:
    assert (NotAllowed.status, NotFound.status) == (500, 502)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_a_public_address_is_known(address: Any) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0/", "http://localhost/",
     "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/meta-data", "http://0177.0.0.1/",
     "http://10.0.0.1/", "http://192.168.0.1/", "http://[fe80::1%25eth0]/"],
)  # fmt: skip
async def test_no_spelling_of_a_local_address_gets_through_the_system_s_own_name_service(url: str) -> None:
    with pytest.raises((NotAllowed, NotFound)):
        await Guard(["*"]).find(url)


@pytest.mark.parametrize(
    "url",
    ["ftp://api.example.com/", "file:///etc/passwd", "//api.example.com/", "api.example.com", "https://", "",
     "https://user:pass@api.example.com/", "https://api.example.com:8443/", "https://api.example.com:22/",
     "https://api.example.com:99999/", "https://api.example.com/a b", "https://api.example.com\\@evil.test/",
     "https://api.example.com.evil.test/", "https://api.example.com@evil.test/", "https://evil.test/api.example.com",
     "https://xapi.example.com/", "https://api.example.com\r\nX: y/", "gopher://api.example.com:70/"],
)  # fmt: skip
async def test_an_address_that_is_not_plainly_an_allowed_one_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed):
        await guard("api.example.com").find(url)


async def test_one_private_answer_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(NotAllowed, match="not public"):
        await guard("*", answers=(PUBLIC, "127.0.0.1")).find("https://api.example.com/")


async def test_the_connection_goes_to_the_address_that_was_looked_up() -> None:
    target = await guard("api.example.com").find("https://API.example.com/v1/x?y=1#z")
    assert target == Target("https", "api.example.com", 443, PUBLIC, "/v1/x?y=1")
    assert target.url == f"https://{PUBLIC}:443/v1/x?y=1"
    assert target.authority == "api.example.com"


@pytest.mark.parametrize(
    ("allow", "host", "fine"),
    [
        ("*.example.com", "api.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("example.com", "example.com.", True),
        ("EXAMPLE.com", "example.com", True),
        ("*", "anything.test", True),
        ("bücher.test", "bücher.test", False),
        ("xn--bcher-kva.test", "bücher.test", True),
    ],
)
async def test_the_settings_name_hosts_or_their_subdomains(allow: str, host: str, fine: bool) -> None:
    if fine:
        assert (await guard(allow).find(f"https://{host}/")).ip == PUBLIC
    else:
        with pytest.raises(NotAllowed, match="not a host this project may call"):
            await guard(allow).find(f"https://{host}/")


async def test_without_settings_nothing_may_be_called() -> None:
    with pytest.raises(NotAllowed, match=r"add api\.example\.com to http_allow"):
        await guard().find("https://api.example.com/")


async def test_a_whole_origin_may_be_private_but_only_that_one() -> None:
    address = await guard("http://stock.internal:8080", answers=("10.0.0.5",)).find("http://stock.internal:8080/x")
    assert (address.ip, address.port) == ("10.0.0.5", 8080)
    for url in ("http://stock.internal/", "https://stock.internal:8080/", "http://stock.internal:8081/"):
        with pytest.raises(NotAllowed):
            await guard("http://stock.internal:8080", answers=("10.0.0.5",)).find(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://user@api.example.com/", "user name"),
        ("https://:pass@api.example.com/", "user name"),
        ("https://api.example.com/a b", "a blank"),
        ("https://api.example.com/a\tb", "a blank"),
        ("https://api.example.com/a\\b", "a backslash"),
        ("https://api.example.com/a\x7fb", "a control character"),
        ("https://api.example.com/?q=a b", "a blank"),
        ("https://" + "\u00fc" * 70 + ".test/", "not understood"),
        ("https://[::1/", "not understood"),
        ("https://api.example.com:99999/", "not understood"),
        ("https://.:443/", "and a host"),
        ("https://api.example.com:22/", "port 22"),
    ],
)
async def test_what_is_wrong_with_an_address_is_said(url: str, words: str) -> None:
    with pytest.raises(NotAllowed, match=words):
        await guard("*").find(url)


async def test_an_origin_without_a_port_means_the_usual_port_of_its_scheme() -> None:
    """And no other port, scheme, or host."""
    private = guard("https://stock.internal", answers=("10.0.0.5",))
    assert (await private.find("https://stock.internal/x")).port == 443
    assert (await private.find("https://stock.internal:443/x")).port == 443
    for url in ("https://stock.internal:80/", "http://stock.internal/", "https://other.internal/"):
        with pytest.raises(NotAllowed):
            await private.find(url)


@pytest.mark.parametrize(
    ("url", "authority", "connected"),
    [
        ("http://[2606:4700::1111]/", "[2606:4700::1111]", "http://[2606:4700::1111]:80/"),
        ("http://[2606:4700::1111]:443/", "[2606:4700::1111]:443", "http://[2606:4700::1111]:443/"),
        ("https://example.com:80/a", "example.com:80", "https://[2606:4700::1111]:80/a"),
    ],
)
async def test_the_host_header_names_a_port_that_is_not_the_usual_one(url: str, authority: str, connected: str) -> None:
    target = await guard("*", answers=("2606:4700::1111",)).find(url)
    assert (target.authority, target.url) == (authority, connected)
    assert target.origin == f"{target.scheme}://{authority}"


async def test_a_name_that_does_not_exist_says_so() -> None:
    with pytest.raises(NotFound):
        await look_up("does-not-exist.invalid", 443)
    with pytest.raises(NotFound):
        await guard("*", answers=()).find("https://x.test/")
