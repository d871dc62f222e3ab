"""`payloom doctor --url`: what a stranger sees of a deployed address.

It asks from outside, and sends no key and no secret.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import warnings
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

import httpx

from payloom.cli.support.errors import CommandError
from payloom.cli.support.findings import Finding
from payloom.kit.clock import SystemClock

TIMEOUT = 10.0
CERTIFICATE_DAYS = 14
HSTS_SECONDS = 180 * 86400
_PROXY_PAGE = "The Deploy guides have proxy files that pass Payloom's headers on."
_WANTED: Mapping[str, tuple[str, str]] = {
    "x-content-type-options": (r"nosniff", "nosniff"),
    "x-frame-options": (r"DENY|SAMEORIGIN", "DENY"),
    "referrer-policy": (r"no-referrer|same-origin|strict-origin(-when-cross-origin)?", "no-referrer"),
    "cross-origin-opener-policy": (r"same-origin(-allow-popups)?", "same-origin-allow-popups"),
    "permissions-policy": (r".+", "camera=(), microphone=(), geolocation=(), usb=()"),
}
_POLICY = ("frame-ancestors", "base-uri", "object-src|default-src 'none'")
_LOOSE = re.compile(r"(?<=\s)('unsafe-inline'|'unsafe-eval'|https?:|\*)(?=[\s;]|$)")
_TELLS = ("x-powered-by", "x-aspnet-version", "x-generator")


def parts_of(url: str) -> SplitResult:
    """Return the parts of an address. Raises CommandError if it is none that can be asked."""
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        raise CommandError(f"{url[:200]!r} is no address", hint="Write it as https://shop.example.com.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_fits:
        raise CommandError(f"{url[:200]!r} is no address", hint="Write it as https://shop.example.com.")
    if parts.username or parts.password:
        raise CommandError("the address holds a password", hint="Name the host alone.")
    return parts


def look_at(url: str) -> Iterator[Finding]:
    """Yield what is good and what is missing at a deployed address. Raises CommandError for what is no address."""
    parts = parts_of(url)
    base = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme == "https":
        tls = list(_tls(parts.hostname or "", parts.port or 443))
        yield from tls
        if not tls[0].good:
            return
        if parts.port in {None, 443}:
            yield _redirect(parts.hostname or "")
    else:
        yield Finding("tls", False, "the address is http: anybody on the way reads sessions and payments", _PROXY_PAGE)
    try:
        with httpx.Client(base_url=base, timeout=TIMEOUT, verify=ssl.create_default_context(), trust_env=False) as http:
            yield from _answers(http, secure=parts.scheme == "https")
    except httpx.HTTPError as error:
        yield Finding("answers", False, f"{base} does not answer: {error}", "Is the server running, and the proxy?")


def _tls(host: str, port: int) -> Iterator[Finding]:
    """Yield the certificate and the protocols. The first finding says whether a browser would connect."""
    try:
        with (
            socket.create_connection((host, port), TIMEOUT) as raw,
            ssl.create_default_context().wrap_socket(raw, server_hostname=host) as connection,
        ):
            version, certificate = connection.version() or "TLS", connection.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        yield Finding(
            "tls", False, f"the certificate is not trusted: {error.verify_message}", "Renew it, and send its chain."
        )
        return
    except OSError as error:
        yield Finding("tls", False, f"no connection to {host}:{port}: {error}", "Is the proxy running?")
        return
    yield Finding("tls", True, f"{version}, a certificate that browsers trust")
    days = int((ssl.cert_time_to_seconds(str(certificate["notAfter"])) - SystemClock().now().timestamp()) // 86400)
    hint = "Renew it now, and see why it was not renewed by itself." if days < CERTIFICATE_DAYS else None
    yield Finding("certificate", days >= CERTIFICATE_DAYS, f"good for {days} days", hint)
    old = [name for name, number in (("1.0", 0x0301), ("1.1", 0x0302)) if _takes(host, port, number)]
    words = f"it takes TLS {' and '.join(old)}" if old else "TLS 1.2 and 1.3 only"
    yield Finding("protocols", not old, words, "Allow TLS 1.2 and 1.3 alone." if old else None)


def _takes(host: str, port: int, number: int) -> bool:
    """Tell whether the other side speaks an old protocol. What this machine's OpenSSL cannot speak counts as no."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only the protocol is asked for
    with contextlib.suppress(OSError, ValueError), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old protocols are what is looked for
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion(number)
        with socket.create_connection((host, port), TIMEOUT) as raw, context.wrap_socket(raw, server_hostname=host):
            return True
    return False


def _redirect(host: str) -> Finding:
    try:
        answer = httpx.get(f"http://{host}/", timeout=TIMEOUT, trust_env=False)
    except httpx.HTTPError:
        return Finding("http", True, "nothing answers at port 80")
    good = answer.is_redirect and answer.headers.get("location", "").startswith("https://")
    words = "leads to https" if good else f"port 80 answers {answer.status_code} and does not lead to https"
    return Finding("http", good, words, None if good else "Redirect every page from http to https in the proxy.")


def _answers(http: httpx.Client, *, secure: bool) -> Iterator[Finding]:
    ready = http.get("/readyz")
    yield Finding("server", ready.status_code == 200, f"/readyz answers {ready.status_code}")
    page, endpoint = http.get("/sign-in", headers={"accept": "text/html"}), http.get("/api/auth/me")
    for name, answer in (("a page", page), ("the API", endpoint)):
        yield from _headers(name, answer, secure=secure)
    yield _cookies(page, secure=secure)
    cached = endpoint.headers.get("cache-control", "")
    yield _judge(
        "cache", "no-store" in cached, "answers are not kept", f"the API's answers say {cached or 'nothing'} of caches"
    )
    yield from _strangers(http)


def _headers(name: str, answer: httpx.Response, *, secure: bool) -> Iterator[Finding]:
    """Yield the security headers of an answer that are missing, weak or doubled; one finding if there is none."""
    problems = [
        f"{header}: {best}" for header, (pattern, best) in _WANTED.items() if not _fits(answer, header, pattern)
    ]
    policy = answer.headers.get("content-security-policy", "")
    problems += [
        f"content-security-policy with {part.partition('|')[0]}" for part in _POLICY if not re.search(part, policy)
    ]
    problems += [f"content-security-policy without {loose}" for loose in dict.fromkeys(_LOOSE.findall(policy))]
    if secure and _hsts(answer) < HSTS_SECONDS:
        problems.append("strict-transport-security: max-age=31536000")
    problems += [
        f"{header} once"
        for header in (*_WANTED, "strict-transport-security")
        if len(answer.headers.get_list(header)) > 1
    ]
    problems += [f"no {header}" for header in _TELLS if header in answer.headers]
    if re.search(r"\d", answer.headers.get("server", "")):
        problems.append("no version in `server`")
    words = f"{name} has all security headers"
    yield _judge("headers", not problems, words, f"{name} should have {'; '.join(problems)}", _PROXY_PAGE)


def _fits(answer: httpx.Response, header: str, pattern: str) -> bool:
    return (
        bool(re.fullmatch(pattern, answer.headers.get_list(header)[0], re.IGNORECASE))
        if header in answer.headers
        else False
    )


def _hsts(answer: httpx.Response) -> int:
    age = re.search(r"max-age=\"?(\d+)", answer.headers.get("strict-transport-security", ""))
    return int(age[1]) if age else 0


def _cookies(page: httpx.Response, *, secure: bool) -> Finding:
    best = ("httponly", "samesite", *(("secure",) if secure else ()))
    problems = [
        f"{cookie.partition('=')[0]} without {attribute}"
        for cookie in page.headers.get_list("set-cookie")
        for attribute in best
        if not re.search(rf";\s*{attribute}\b", cookie, re.IGNORECASE)
    ]
    plain = secure and any("=" in c and not c.startswith("__Host-") for c in page.headers.get_list("set-cookie"))
    problems += ["a name without __Host-: `site_url` is not https"] if plain else []
    return _judge("cookies", not problems, "cookies are kept from scripts and other sites", "; ".join(problems))


def _strangers(http: httpx.Client) -> Iterator[Finding]:
    """Yield what a stranger must not get: pages under other names, answers for other sites, numbers, runs."""
    foreign = http.get("/sign-in", headers={"host": "payloom-doctor.example"})
    yield _judge(
        "host", "payloom_csrf" not in foreign.headers.get("set-cookie", ""), "another name is refused",
        "it serves pages under any Host name", "Name the site in `site_url`, and in the proxy.",
    )  # fmt: skip
    crossed = http.get("/api/auth/me", headers={"origin": "https://payloom-doctor.example"})
    yield _judge(
        "cors", "access-control-allow-origin" not in crossed.headers, "pages of other sites read nothing",
        "pages of other sites may read /api/auth/me", "Remove the CORS headers that the proxy adds.",
    )  # fmt: skip
    open_doors = [
        path for path in ("/metrics", "/api/_payloom/runs", "/_emulator") if http.get(path).status_code == 200
    ]
    yield _judge(
        "doors", not open_doors, "metrics and management are closed", f"open to anybody: {', '.join(open_doors)}"
    )
    mode = re.search(r'"mode":\s*"(local|test)"', http.get("/_payloom/config.json").text)
    if mode:
        hint = "Right for staging and rehearsals. In production, set the live keys: real customers cannot pay."
        yield Finding("keys", True, f"Stripe is in {mode[1]} mode", hint)


def _judge(name: str, good: bool, words: str, otherwise: str, hint: str | None = None) -> Finding:
    return Finding(name, good, words if good else otherwise, None if good else hint)
