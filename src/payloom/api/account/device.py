"""What a request says of the device that sends it, for the list of sessions."""

from __future__ import annotations

import re

from starlette.requests import Request

from payloom.api.http.client_address import client_key
from payloom.auth.sessions import Device

# The first that fits: browsers name their ancestors as well.
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
_WORD = re.compile(r"[A-Za-z][\w.-]{0,40}")


def device_of(request: Request) -> Device:
    """Return the browser and system that a request names, and its network address."""
    text = request.headers.get("user-agent", "")[:500]
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in text), None)
    system = next((name for mark, name in _SYSTEMS if mark in text), None)
    words = _WORD.match(text)
    agent = " on ".join(word for word in (browser, system) if word) or (words[0] if words else None)
    return Device(agent, client_key(request)[:64])
