"""Makes and runs the image of deploy/container without a container daemon: the file's steps in folders, by chroot.

    python -m tests.topology.image BASE PROJECT WHEELS

BASE: a folder with the root of `python:3.13-slim`, or what is near to it (debootstrap and a Python). PROJECT: a folder
with payloom.yaml. WHEELS: the folder with the wheels of Payloom and its local Stripe; the rest comes from the index.
Needs root. What it can't show: layers, the registry, the runtime's own isolation.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from tests.support.processes.rehearsal import staging

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "deploy" / "container" / "Containerfile"
LENT = (Path("/etc/resolv.conf"), Path("/etc/hosts"), Path("/etc/pip.conf"), Path("/etc/ssl/certs/ca-certificates.crt"))
"""What a container runtime gives to a build: the way to the network, and here the machine's way to the index."""
USER = "10001:10001"


@dataclasses.dataclass(slots=True)
class ImageRoot:
    """A stage of the build: its root, and what holds for the next step."""

    root: Path
    variables: dict[str, str]
    folder: str = "/"
    health: list[str] = dataclasses.field(default_factory=list[str])
    command: list[str] = dataclasses.field(default_factory=list[str])


def instructions(text: str) -> list[tuple[str, str]]:
    """Return `(word, rest)` of each instruction, lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in joined.splitlines() if line.strip()]


class Build:
    """Plays the instructions. context: the folder that `COPY` reads."""

    def __init__(self, base: Path, context: Path, work: Path) -> None:
        self._base, self._context, self._work = base, context, work
        self.stages: dict[str, ImageRoot] = {}
        self.stage = ImageRoot(work, {})

    def play(self, word: str, rest: str) -> None:
        """Play one instruction."""
        match word:
            case "FROM":
                name = rest.split(" AS ")[1] if " AS " in rest else "final"
                root = self._work / name
                subprocess.run(["cp", "-a", str(self._base), str(root)], check=True)
                self.stage = self.stages[name] = ImageRoot(
                    root, {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
                )
            case "ARG" | "ENV":
                for item in shlex.split(rest):
                    name, _, value = item.partition("=")
                    self.stage.variables[name] = value.replace("$PATH", self.stage.variables["PATH"])
            case "WORKDIR":
                self.stage.folder = rest
                (self.stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "COPY":
                self._copy(shlex.split(rest))
            case "RUN":
                self._run(rest)
            case "HEALTHCHECK":
                self.stage.health = json.loads(rest.split(" CMD ")[1])
            case "ENTRYPOINT" | "CMD":
                self.stage.command += json.loads(rest)
            case _:
                assert word in {"USER", "VOLUME", "EXPOSE", "STOPSIGNAL"}, word

    def _copy(self, words: list[str]) -> None:
        source = self._context
        if words[0].startswith("--from="):
            source = self.stages[words.pop(0).removeprefix("--from=")].root
        *patterns, target = words
        there = self.stage.root / target.lstrip("/")
        for pattern in patterns:
            for path in source.glob(pattern.strip("/")) if pattern != "." else [source]:
                there.mkdir(parents=True, exist_ok=True)
                copied = f"{path}/." if path.is_dir() else str(path)
                subprocess.run(["cp", "-a", copied, str(there)], check=True)

    def _run(self, line: str) -> None:
        lent = [(path, self.stage.root / path.relative_to("/")) for path in LENT if path.exists()]
        for path, there in lent:
            there.parent.mkdir(parents=True, exist_ok=True)
            there.unlink(missing_ok=True)
            shutil.copy(path, there)
        ways = {name: value for name, value in os.environ.items() if name.startswith("PIP_") and "LINKS" not in name}
        command = f"cd {self.stage.folder} && {line}"
        variables = {**ways, **self.stage.variables}
        subprocess.run(["/usr/sbin/chroot", str(self.stage.root), "/bin/sh", "-c", command], env=variables, check=True)
        for _, there in lent:
            there.unlink()


def serve(image: ImageRoot, data: str, **variables: str) -> subprocess.Popen[bytes]:
    """Start the image's command with a read-only root, as its user. data: the folder that is written to."""
    inside = f"cd {image.folder} && exec {shlex.join(image.command)}"
    mounts = [
        f"/usr/bin/mount --bind {image.root} {image.root}",
        f"/usr/bin/mount -o remount,bind,ro {image.root}",
        f"/usr/bin/mount -t tmpfs tmpfs {image.root}/tmp",
        f"/usr/bin/mount -t tmpfs -o uid=10001,gid=10001,mode=0700 tmpfs {image.root}/{data}",
        f"/usr/bin/mount -t proc proc {image.root}/proc",
        f"/usr/bin/mount --bind /dev {image.root}/dev",
        f"exec /usr/sbin/chroot --userspec={USER} {image.root} /bin/sh -c {shlex.quote(inside)}",
    ]
    environment = {**image.variables, **variables}
    return subprocess.Popen(["/usr/bin/unshare", "--mount", "/bin/sh", "-ec", "\n".join(mounts)], env=environment)


def healthy(image: ImageRoot, port: int | None = None) -> bool:
    """Run the image's health check, once. port: where it listens instead of 8000."""
    words = [word.replace(":8000", f":{port}") if port else word for word in image.health]
    inside = ["/usr/sbin/chroot", f"--userspec={USER}", str(image.root), *words]
    return subprocess.run(inside, env=image.variables, capture_output=True, check=False).returncode == 0


def print_fact(fact: str, value: Any) -> None:
    """Print a line of the table."""
    print(f"{fact:<44} {value}", flush=True)


def main() -> int:
    """Build the image and serve from it; print what was seen."""
    base, project, wheels = (Path(word).resolve() for word in sys.argv[1:4])
    with tempfile.TemporaryDirectory(prefix="payloom-image-") as folder:
        work = Path(folder)
        context = work / "context"
        shutil.copytree(project, context)
        shutil.copytree(wheels, context / "wheels")
        build = Build(base, context, work)
        for word, rest in instructions(CONTAINERFILE.read_text("utf-8")):
            print(f"-- {word} {rest[:100]}", flush=True)
            build.play(word, rest)
        image = build.stage
        size = subprocess.run(["du", "-sm", image.root / "opt"], capture_output=True, text=True, check=True).stdout
        print_fact("megabytes of /opt/payloom", size.split()[0])
        port = free_port()
        server = serve(
            image,
            "project/data",
            **{
                "PAYLOOM_PORT": str(port),
                **staging(),
                "PATH": image.variables["PATH"],
                "SITE_URL": "http://shop.example.test",
                "SMTP_URL": "smtp://127.0.0.1:9",
            },
        )
        try:
            began = time.monotonic()
            while not healthy(image, port):
                assert server.poll() is None, "it ended"
                assert time.monotonic() < began + 120, "it is not healthy within two minutes"
                time.sleep(0.5)
            print_fact("seconds until its health check passes", f"{time.monotonic() - began:.1f}")
            status = Path(f"/proc/{server.pid}/status").read_text("utf-8")
            rights = dict(re.findall(r"^(Uid|CapEff):\s+(\S+)", status, re.MULTILINE))
            print_fact("user", rights["Uid"])
            assert rights["Uid"] == "10001"
            assert rights["CapEff"].strip("0") == "", rights
            refused = subprocess.run(
                ["nsenter", f"--mount=/proc/{server.pid}/ns/mnt", "touch", str(image.root / "opt" / "x")],
                capture_output=True, check=False,
            )  # fmt: skip
            assert b"Read-only" in refused.stderr, refused.stderr
            print_fact("its root", "read-only, also for root")
        finally:
            server.send_signal(signal.SIGTERM)
            code = server.wait(60)
        print_fact("exit code after SIGTERM", code)
        assert code == 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
