"""Makes and runs the image of emulator/container without a container daemon: the file's steps in folders, by chroot.

    python -m tests.topology.emulator_image BASE WHEELS

BASE: a folder with the root of `python:3.13-slim`, or what is near to it (debootstrap and a Python). WHEELS: the folder
with the wheel of the local Stripe; the rest comes from the index. Needs root.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.topology.image import ROOT, Build, healthy, instructions, print_fact, serve

FOLDER = ROOT / "emulator" / "container"


def main() -> int:
    """Build the image and start it; print what was seen."""
    base, wheels = (Path(word).resolve() for word in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="emulator-image-") as folder:
        work = Path(folder)
        context = work / "context"
        shutil.copytree(FOLDER, context)
        shutil.copytree(wheels, context / "wheels")
        build = Build(base, context, work)
        for word, rest in instructions((FOLDER / "Containerfile").read_text("utf-8")):
            print(f"-- {word} {rest[:100]}", flush=True)
            build.play(word, rest)
        image = build.stage
        size = subprocess.run(["du", "-sm", image.root / "opt"], capture_output=True, text=True, check=True).stdout
        print_fact("megabytes of /opt/emulator", size.split()[0])
        server = serve(image, "data")
        try:
            began = time.monotonic()
            while not healthy(image):
                assert server.poll() is None, "it ended"
                assert time.monotonic() < began + 30, "it is not healthy within half a minute"
            print_fact("seconds until its health check passes", f"{time.monotonic() - began:.1f}")
            body = b"amount=2000&currency=usd&confirm=true&payment_method=pm_card_visa&return_url=https://shop.example"
            request = urllib.request.Request("http://127.0.0.1:12111/v1/payment_intents", body)
            request.add_header("Authorization", "Bearer sk_test_123")
            with urllib.request.urlopen(request, timeout=20) as response:
                print_fact("a payment", response.status)
            request = urllib.request.Request("http://127.0.0.1:12111/v1/customers", headers={"Host": "stripe:12111"})
            request.add_header("Authorization", "Bearer sk_test_123")
            with urllib.request.urlopen(request, timeout=20) as response:
                print_fact("a call under the name `stripe`", response.status)
        finally:
            server.send_signal(signal.SIGTERM)
            code = server.wait(30)
        print_fact("exit code after SIGTERM", code)
        assert code == 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
