"""Where things are: the project around the current folder, the templates that come with Payloom, free ports."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import socket
import time
from pathlib import Path

import payloom
from payloom.cli.support.errors import CommandError, NotAProject, PortTaken
from payloom.kit.clock import monotonic
from payloom.kit.json_types import is_dict
from payloom.kit.suggest import did_you_mean
from payloom.settings.private_files import private_file, private_folder

PROJECT_FILE = "payloom.yaml"
_MANIFEST = "template.json"
_FIRST_PASSED = 3
"""The file descriptor from which on systemd passes sockets."""


def find_project(start: Path | None) -> Path:
    """Return the folder of the project that `start` (or the current folder) is in."""
    begin = (start or Path.cwd()).resolve()
    if start is not None:
        if (begin / PROJECT_FILE).is_file():
            return begin
        raise NotAProject(f"there is no {PROJECT_FILE} in {begin}", hint="Make a project with `payloom init NAME`.")
    for folder in (begin, *begin.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise NotAProject(
        f"there is no {PROJECT_FILE} in {begin} or above it",
        hint="Make a project with `payloom init NAME`, or name its folder with --project.",
    )


def templates_folder() -> Path:
    """Return the folder of the project templates, in the wheel or in a clone."""
    package = Path(payloom.__file__).resolve().parent
    for folder in (package / "templates", package.parent.parent / "templates"):
        if folder.is_dir():
            return folder
    raise CommandError("the project templates are missing from this installation", hint="Install payloom again.")


def template(name: str) -> Path:
    """Return the folder of one template."""
    names = sorted(folder.name for folder in templates_folder().iterdir() if (folder / PROJECT_FILE).is_file())
    if name not in names:
        guess = did_you_mean(name, names)
        listed = f"Templates: {', '.join(names)}."
        raise CommandError(f"there is no template {name!r}", hint=f"{guess} {listed}" if guess else listed)
    return templates_folder() / name


def copy_template(source: Path, target: Path) -> int:
    """Copy a template into `target`, leaving files alone that were changed there. Returns how many were written."""
    manifest = target / "data" / _MANIFEST
    known = _read_manifest(manifest)
    written = 0
    fresh: dict[str, str] = {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if not path.is_file() or name.startswith("data/") or "__pycache__" in path.parts:
            continue
        there = target / name
        digest = _digest(path)
        present = _digest(there) if there.is_file() else None
        if present == digest:
            fresh[name] = digest
        elif present is None or present == known.get(name):
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, there)
            fresh[name] = digest
            written += 1
        elif name in known:
            fresh[name] = known[name]
    private_folder(manifest.parent)
    private_file(manifest)
    manifest.write_text(json.dumps(fresh, indent=1), "utf-8")
    return written


def _read_manifest(path: Path) -> dict[str, str]:
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if is_dict(manifest) else {}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def listen(host: str, port: int, option: str, *, patience: float = 0.0) -> socket.socket:
    """Return a listening socket. Raises PortTaken naming a free port and the option to give it with.

    patience: seconds to wait for a port in use. A server that was stopped or killed a moment ago may still hold it.
    """
    end = monotonic() + patience
    while True:
        try:
            return _listening(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or monotonic() > end:
                raise _refused(host, port, option, error) from None
            time.sleep(0.05)


def passed_socket(host: str, port: int) -> socket.socket | None:
    """Return the listening socket that systemd passed to this process (socket activation); None without one.

    systemd holds it while no server runs, so connections wait. Raises PortTaken if it is not at `host` and `port`.
    """
    if os.environ.pop("LISTEN_PID", "") != str(os.getpid()):
        return None
    if os.environ.pop("LISTEN_FDS", "") != "1":
        raise PortTaken("systemd passed more than one socket", hint="Write one `ListenStream=` in the socket unit.")
    passed = socket.socket(fileno=_FIRST_PASSED)
    at = passed.getsockname()[:2]
    if at != (host, port):
        passed.close()
        hint = "Write the same address in `ListenStream=` of the socket unit and in PAYLOOM_HOST and PAYLOOM_PORT."
        raise PortTaken(f"systemd listens on {at[0]}:{at[1]}, and the settings say {host}:{port}", hint=hint)
    return passed


def _refused(host: str, port: int, option: str, error: OSError) -> PortTaken:
    """Return what to tell when a port cannot be used."""
    if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
        return PortTaken(f"cannot listen on {host}:{port}: {error.strerror}", hint="Set `host`.")
    free = _next_free(host, port)
    reason = "is in use" if error.errno == errno.EADDRINUSE else "needs more rights"
    return PortTaken(
        f"port {port} on {host} {reason}", hint=f"Stop what uses it, or add {option} {free} (that one is free)."
    )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _next_free(host: str, port: int) -> int:
    for candidate in [*range(max(port + 10, 1024), min(port + 500, 65000), 10), 0]:
        try:
            with _listening(host, candidate) as listener:
                return int(listener.getsockname()[1])
        except OSError:
            continue
    return 0
