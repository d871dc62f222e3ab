"""1,000 PaymentIntent create+confirm calls over HTTP: `python bench/emulator_payments.py [15000]` (100,000 objects)."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from pathlib import Path

CALL = "amount=2000&currency=usd&confirm=true&payment_method=pm_card_visa&return_url=https%3A%2F%2Fshop.example"
HEADERS = {"Authorization": "Bearer sk_test_bench_123", "Content-Type": "application/x-www-form-urlencoded"}


def main() -> int:
    """Run the bench; exit code 1 when it misses its targets."""
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "payloom_emulator", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    port = int(server.stdout.readline().split("http://127.0.0.1:")[1].split()[0])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    print(f"start: {time.perf_counter() - began:.2f} s")
    try:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
        began = time.perf_counter()
        for number in range(count):
            connection.request("POST", "/v1/payment_intents", CALL, HEADERS)
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, body
            if number and number % 5000 == 0:
                print(number, _memory(server.pid))
        seconds = time.perf_counter() - began
        print(f"{count} create+confirm: {seconds:.2f} s; memory {_memory(server.pid)}")
        return 0 if seconds < count / 100 else 1
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            raise


def _memory(pid: int) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    sys.exit(main())
