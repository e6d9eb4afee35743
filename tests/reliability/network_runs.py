"""Two ranks in network namespaces of their own, as on two machines, over lines of a latency or of a
bandwidth; what sums and updates take there, beside the model of `docs/scaling.md`:

    python -m tests.reliability.network_runs                    # as root: makes namespaces

The namespaces are joined by a pair of virtual cards, which `tbf` holds to a bandwidth if one is
asked for. Where a latency is, they are joined by a process that keeps every packet back for so
long: not every kernel has `netem`, and what that process takes of the processors is in the times.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPACES = ("bm-left", "bm-right")
CARDS = ("bmleft", "bmright")
NET = "10.77.0"
MTU = 65_000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
PR_SET_TIMERSLACK = 29
SIZES = (4, 4000, 120_000, 1_573_136)
"""Bytes of the sums that `tests.bench.ranks` times."""
AGENT = f"""#!/bin/sh
# What `mpirun` calls in the place of ssh: HOST COMMAND...
shift
exec ip netns exec {SPACES[1]} unshare --uts sh -c "hostname {SPACES[1]}; $*"
"""


@dataclass(frozen=True)
class Line:
    """Milliseconds that a packet takes at least, and megabits a second, 0 for no limit."""

    latency: float = 0.0
    megabits: int = 0

    def __str__(self) -> str:
        if self.megabits:
            return f"{self.megabits:,} Mbit/s"
        return f"{self.latency:g} ms" if self.latency else "no latency added"


def system(*words: str) -> None:
    """Runs a command; CalledProcessError if it fails."""
    subprocess.run(words, check=True)


def tunnel(name: str) -> int:
    """A card whose packets are read from and written to a file."""
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return file


def keep_back(files: tuple[int, int], seconds: float) -> None:
    """Hands packets from either file to the other after so long, without end."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1)  # else waits are 50 µs too long
    # ranks that wait for a message keep their processors busy with that
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    waiting = deque[tuple[float, int, bytes]]()
    other = dict(zip(files, reversed(files), strict=True))
    while True:
        left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for file in select.select(files, [], [], left)[0]:
            with suppress(BlockingIOError):
                waiting.append((time.monotonic() + seconds, other[file], os.read(file, MTU + 100)))
        while waiting and waiting[0][0] <= time.monotonic():
            _, file, packet = waiting.popleft()
            with suppress(OSError):  # a card that is not up loses packets, as cards do
                os.write(file, packet)


@contextmanager
def joined(line: Line) -> Iterator[None]:
    """Two namespaces and a line between them."""
    relay = 0
    for space in SPACES:
        system("ip", "netns", "add", space)
    try:
        if line.latency:
            files = tunnel(CARDS[0]), tunnel(CARDS[1])
            relay = os.fork()
            if not relay:
                keep_back(files, line.latency / 1e3)
        else:
            system("ip", "link", "add", CARDS[0], "type", "veth", "peer", "name", CARDS[1])
        for k, (space, card) in enumerate(zip(SPACES, CARDS, strict=True)):
            system("ip", "link", "set", card, "netns", space)
            inside = ("ip", "-n", space)
            system(*inside, "addr", "add", f"{NET}.{k + 1}/24", "dev", card)
            mtu = ("mtu", str(MTU)) if line.latency else ()
            system(*inside, "link", "set", card, *mtu, "up")
            system(*inside, "link", "set", "lo", "up")
            if line.megabits:
                rate = ("rate", f"{line.megabits}mbit", "burst", "256kb", "latency", "50ms")
                system("tc", "-n", space, "qdisc", "add", "dev", card, "root", "tbf", *rate)
        yield
    finally:
        if relay:
            os.kill(relay, signal.SIGKILL)
            os.waitpid(relay, 0)
        for space in SPACES:
            subprocess.run(["ip", "netns", "delete", space], check=False)


def timed(words: list[str], line: Line) -> dict[str, object]:
    """What `tests.bench.ranks` says of two ranks over a line."""
    with tempfile.TemporaryDirectory() as place, joined(line):
        agent = Path(place) / "agent"
        agent.write_text(AGENT)
        agent.chmod(0o755)
        settings = {
            "plm_rsh_agent": str(agent),
            "pml": "ob1",  # UCX would find memory that both can reach
            "btl": "self,tcp",
            "btl_tcp_if_include": f"{NET}.0/24",
            "oob_tcp_if_include": f"{NET}.0/24",
        }
        mpirun = ["ip", "netns", "exec", SPACES[0], "mpirun", "--allow-run-as-root", "-n", "2"]
        mpirun += ["--host", f"{NET}.1,{NET}.2", "--bind-to", "none"]
        for name, value in settings.items():
            mpirun += ["--mca", name, value]
        own = 'exec taskset -c $OMPI_COMM_WORLD_RANK "$@"'
        done = subprocess.run(
            [*mpirun, "sh", "-c", own, "sh", sys.executable, "-m", "tests.bench.ranks", *words],
            cwd=place,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
    found = [x for x in done.stdout.splitlines() if x.startswith("{")]
    if done.returncode or not found:
        raise SystemExit(f"{line}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    told: dict[str, object] = json.loads(found[-1])
    return told


def alone(words: list[str], batch: int) -> float:
    """Milliseconds of an update of one rank on one processor."""
    done = subprocess.run(
        [
            "taskset",
            "-c",
            "0",
            sys.executable,
            "-m",
            "tests.bench.ranks",
            *words,
            "--batch",
            str(batch),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout.splitlines()[-1])["update_ms"][0])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--latencies", type=float, nargs="*", default=[0.0, 0.1, 1.0])
    parser.add_argument("--megabits", type=int, nargs="*", default=[1000, 200])
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=15)
    told = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # namespaces are removed then, too
    words = ["--threads", "1", "--epochs", str(told.epochs)]
    work = alone(words, told.batch // 2)
    print(f"one rank, {told.batch // 2} cases: an update {work:.2f} ms", flush=True)
    lines = [Line(latency=x) for x in told.latencies] + [Line(megabits=x) for x in told.megabits]
    print(
        "| line | sums of " + ", ".join(f"{n:,}" for n in SIZES) + " bytes, ms | the model's"
        " | an update, ms | the model's |"
    )
    for line in lines:
        found = timed([*words, "--batch", str(told.batch)], line)
        sums = [float(found[f"sum_of_{n}_bytes_ms"][0]) for n in SIZES]  # type: ignore[index]
        # 2 ⌈log₂ p⌉ L + 2 (p − 1)/p S / β for p = 2: L from the least sum, β the line's, or else
        # from the largest sum
        speed = line.megabits * 125.0 or SIZES[-1] / max(1e-9, sums[-1] - sums[0])
        model = [sums[0] + n / speed for n in SIZES]
        update = float(found["update_ms"][0])  # type: ignore[index]
        print(
            f"| {line} | {', '.join(f'{x:.3f}' for x in sums)} |"
            f" {', '.join(f'{x:.3f}' for x in model)} ({speed / 1e6:.2f} GB/s) |"
            f" {update:.2f} | {work + model[-1]:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
