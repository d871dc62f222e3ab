"""A proxy with TLS in front of a running server, as a deployment has one; it can spoil what passes."""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Headers = list[tuple[str, str]]


def certificate(folder: Path, *, days: int) -> tuple[Path, Path]:
    """Write a certificate of 127.0.0.1 that signs itself, good for some days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=90))
        .not_valid_after(now + dt.timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{days}.crt", folder / f"{days}.key"
    paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return paths


@contextmanager
def tls_proxy(
    url: str, files: tuple[Path, Path], *, host: str, spoil: Callable[[str, Headers], Headers]
) -> Iterator[str]:
    """Serve what is at `url` by https on a free port; yield the address.

    host: what the server behind is called; other names are passed on. spoil: takes a path and the answer's headers,
    and returns those that leave.
    """
    behind = urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            connection = http.client.HTTPConnection(str(behind.hostname), behind.port, timeout=20)
            named = self.headers["host"]
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            own = named == f"127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined] - the server is an HTTP server
            connection.request("GET", self.path, headers={**headers, "host": host if own else named})
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            self.send_response_only(answer.status)
            for name, value in spoil(self.path, answer.getheaders()):
                if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
