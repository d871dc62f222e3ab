"""Where the local Stripe may send events: this machine, named hosts, and never a cloud's metadata."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest

from payloom_emulator.core.config import EmulatorConfig, Endpoint
from payloom_emulator.core.errors import WebhookAddressRefused
from payloom_emulator.runtime.webhook_addresses import AllowedTargets, addresses_of, allowed_targets, check

HERE = (
    "http://127.0.0.1:3000/h",
    "http://127.9.9.9/h",
    "http://[::1]:3000/h",
    "http://0.0.0.0:3000/h",
    "http://2130706433/h",
    "http://[::ffff:127.0.0.1]/h",
)
ELSEWHERE = (
    "http://10.0.0.7/h",
    "https://192.0.2.9/h",
    "http://[2001:db8::1]/h",
    "http://172.17.0.1:3000/h",
    "http://[::ffff:10.0.0.7]/h",
)
NEVER = (
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/latest/",
    "http://100.100.100.200/latest/",
    "http://168.63.129.16/machine",
    "http://224.0.0.1/",
    # The same behind a translator of IPv6 or a tunnel: NAT64 (its own network, and a site's with 96 and 48 bits),
    # 6to4, Teredo (its server and its client), ISATAP, and IPv4-compatible and -translated addresses.
    "http://[64:ff9b::169.254.169.254]/latest/",
    "http://[64:ff9b::a9fe:a9fe]:8080/latest/",
    "http://[64:ff9b:1::169.254.169.254]/latest/",
    "http://[64:ff9b:1:a9fe:a9:fe00::]/latest/",
    "http://[64:ff9b:1:ffff::100.100.100.200]/latest/",
    "http://[2002:a9fe:a9fe::]/latest/",
    "http://[2002:a83f:8110::1]/machine",
    "http://[2001:0:a9fe:a9fe::1]/latest/",
    "http://[2001:0:4136:e378:8000:63bf:5601:5601]/latest/",
    "http://[2001:db8::5efe:169.254.169.254]/latest/",
    "http://[2001:db8::200:5efe:169.254.169.254]/latest/",
    "http://[::169.254.169.254]/latest/",
    "http://[::ffff:0:169.254.169.254]/latest/",
    "http://[::ffff:100.100.100.200]/latest/",
    "http://[64:ff9b::224.0.0.1]/",
)


def addresses(url: str, *hosts: str) -> list[str]:
    return asyncio.run(addresses_of(url, AllowedTargets(frozenset(hosts))))


@pytest.mark.parametrize("url", HERE)
def test_this_machine_gets_events(url: str) -> None:
    assert addresses(url)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_others_only_when_they_are_named(url: str) -> None:
    with pytest.raises(WebhookAddressRefused, match="this machine only"):
        addresses(url)
    assert addresses(url, "*")


@pytest.mark.parametrize("url", NEVER)
@pytest.mark.parametrize("hosts", [(), ("*",), ("169.254.169.254",)])
def test_metadata_never(url: str, hosts: tuple[str, ...]) -> None:
    with pytest.raises(WebhookAddressRefused):
        addresses(url, *hosts)


def test_a_named_host_counts_in_any_case_and_its_look_alike_does_not() -> None:
    config = EmulatorConfig(webhook_hosts=("Shop.Internal",), endpoints=(Endpoint("http://app:3000/hooks"),))
    targets = allowed_targets(config)
    assert targets == AllowedTargets(frozenset({"shop.internal", "app"}))
    private = ipaddress.ip_address("10.0.0.7")
    check("SHOP.internal", 80, private, targets)
    for other in ("shop.internal.evil.example", "xapp", "internal"):
        with pytest.raises(WebhookAddressRefused):
            check(other, 80, private, targets)


def test_a_name_may_not_lead_to_metadata_either() -> None:
    with pytest.raises(WebhookAddressRefused):
        check("app", 80, ipaddress.ip_address("169.254.169.254"), AllowedTargets(frozenset({"app"})))


@pytest.mark.parametrize("url", ["http://[::1", "http://a:99999999/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(WebhookAddressRefused):
        addresses(url)


OWN = (Endpoint("http://127.0.0.1:8000/hook"), Endpoint("https://[::1]/hook", connect=True))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/other",
        "http://localhost:8000/",
        "http://[::1]:8000/",
        "https://127.0.0.1/",
        "http://0.0.0.0:8000/",
    ],
)
def test_with_own_ports_only_this_project_gets_events(url: str) -> None:
    assert asyncio.run(addresses_of(url, allowed_targets(EmulatorConfig(endpoints=OWN, own_ports_only=True))))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/",
        "http://localhost/",
        "http://[::1]:22/",
        "http://2130706433:9000/",
        "http://[::ffff:127.0.0.1]:9000/",
        "http://0.0.0.0:9000/",
        "http://127.9.9.9:9000/",
    ],
)
def test_with_own_ports_only_no_other_program_of_this_machine_does_unless_it_is_named(url: str) -> None:
    def config(*hosts: str) -> EmulatorConfig:
        return EmulatorConfig(endpoints=OWN, own_ports_only=True, webhook_hosts=hosts)

    for hosts in ((), ("shop.internal",), ("localhost:9001",)):
        with pytest.raises(WebhookAddressRefused, match="this project only"):
            asyncio.run(addresses_of(url, allowed_targets(config(*hosts))))
    for hosts in (("*",), ("localhost",), ("127.0.0.1",), ("LOCALHOST:9000", "localhost:80", "localhost:22")):
        assert asyncio.run(addresses_of(url, allowed_targets(config(*hosts))))


def test_a_named_port_of_this_machine_opens_no_other_machine() -> None:
    targets = allowed_targets(EmulatorConfig(endpoints=OWN, own_ports_only=True, webhook_hosts=("localhost:9000",)))
    with pytest.raises(WebhookAddressRefused, match="this machine only"):
        check("app", 9000, ipaddress.ip_address("10.0.0.7"), targets)
