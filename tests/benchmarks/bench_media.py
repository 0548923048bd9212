"""What a forwarded packet costs: our worker and Debian's Janus, side by side (`make bench-media`; docs/benchmarks.md).

Both get the same calls from the same clients, over real handshakes. In each group every server is started anew,
connects its calls, carries them for some seconds in each variant, and is ended; the order turns from group to group.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import structlog

from tests.benchmarks import namespace, servers
from tests.benchmarks.load import Load, Shape
from tests.benchmarks.processes import cores, cpu_model, cpu_s, on_core, rss_kb

OURS, JANUS, JANUS_ONE = "ours", "janus", "janus event_loops=1"
SERVERS: dict[str, Callable[..., AbstractAsyncContextManager[servers.Server]]] = {
    OURS: servers.ours,
    JANUS: partial(servers.janus, event_loops=0),
    JANUS_ONE: partial(servers.janus, event_loops=1),
}
TRAILER_BYTES = 29
"""What end-to-end encryption adds to a frame: 16 bytes of tag, 12 of IV, 1 of key id."""
VARIANTS = {
    "plain": Shape(),
    "e2ee": Shape(trailer_bytes=TRAILER_BYTES),
    "2 % loss": Shape(trailer_bytes=TRAILER_BYTES, loss=0.02, has_rtcp=1),
}
GROWTH = (5, 20, 30, 50, 100)
WARM_S = 1.0

RATIO_BAR, RATIO_AIM = 0.45, 0.35
LATENCY_BAR_MS, LATENCY_CALLS = 2.0, 30
MEMORY_BAR_KB = 250
ENOUGH = 0.99
"""A server that delivers less is overloaded, or the load is: its figures are marked."""


@dataclass(frozen=True, slots=True)
class Row:
    """One server in one variant, once."""

    group: int
    server: str
    profile: str
    srtp: str
    variant: str
    calls: int
    us: float
    """CPU time a forwarded packet, of all processes of the server, in microseconds."""
    us_by_process: dict[str, float]
    packets: int
    delivered: float
    """Share of the packets that reached the server and that it delivered."""
    refused: int
    """Packets that did not pass the receiver's check."""
    p50_ms: float
    p99_ms: float
    kb_a_call: float
    """Growth of resident memory with each call after the first."""
    kb_by_process: dict[str, float]
    threads: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Run:
    """One life of one server."""

    server: str
    group: int
    calls: int
    profile: str


async def measure(load: Load, run: Run, variants: Sequence[str], seconds: float) -> list[Row]:
    """Start a server, connect its calls, carry them in each variant, and end it."""
    load_core, server_core = cores()
    began = time.monotonic()
    async with SERVERS[run.server](load, run.profile, server_core) as server:
        # What only the first call costs is no call's memory: code that is loaded late, tables, the allocator's pools.
        await server.connect(1)
        await load.run(WARM_S, VARIANTS[variants[0]])
        before = {part: rss_kb(pids) for part, pids in server.pids.items()}
        await server.connect(run.calls - 1)
        took_s = time.monotonic() - began
        with on_core(load_core):
            rows = [
                await carry(load, server, run, variant, seconds, before) for variant in variants
            ]
    costs = ", ".join(f"{row.variant} {row.us:.1f} µs" for row in rows)
    say(f"  {run.server}: {run.calls} calls up in {took_s:.1f} s; {costs}")
    return rows


async def carry(
    load: Load,
    server: servers.Server,
    run: Run,
    variant: str,
    seconds: float,
    kb_before: Mapping[str, float],
) -> Row:
    """One server in one variant."""
    shape = VARIANTS[variant]
    await load.run(WARM_S, shape)
    load.ways_s()
    before = {part: cpu_s(pids) for part, pids in server.pids.items()}
    counts = await load.run(seconds, shape)
    spent = {part: cpu_s(pids) - before[part] for part, pids in server.pids.items()}
    ways = load.ways_s()
    received = max(1, counts.received)
    grown = {
        part: (rss_kb(pids) - kb_before[part]) / max(1, run.calls - 1)
        for part, pids in server.pids.items()
    }
    return Row(
        group=run.group,
        server=run.server,
        profile=run.profile,
        srtp=server.profile,
        variant=variant,
        calls=run.calls,
        us=1e6 * sum(spent.values()) / received,
        us_by_process={part: 1e6 * cpu / received for part, cpu in spent.items()},
        packets=counts.received,
        delivered=counts.received / max(1, counts.sent),
        refused=counts.refused,
        p50_ms=1e3 * percentile(ways, 50),
        p99_ms=1e3 * percentile(ways, 99),
        kb_a_call=sum(grown.values()),
        kb_by_process=grown,
        threads=sum(len(os.listdir(f"/proc/{pid}/task")) for pid in server.all_pids),
        counts=asdict(counts),
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """By nearest rank."""
    if not ordered:
        return float("nan")
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


async def compare(load: Load, options: argparse.Namespace) -> list[Row]:
    """All groups of the comparison."""
    rows: list[Row] = []
    for profile in options.profiles:
        for group in range(options.repeats):
            say(f"{profile}, group {group + 1} of {options.repeats}")
            turn = group % len(options.servers)
            for name in (*options.servers[turn:], *options.servers[:turn]):
                run = Run(name, group, options.calls, profile)
                rows += await measure(load, run, options.variants, options.seconds)
    return rows


async def grow(load: Load, options: argparse.Namespace) -> list[Row]:
    """How cost grows with the number of calls, in the last profile and the last variant."""
    rows: list[Row] = []
    for calls in options.growth:
        say(f"{calls} calls")
        for name in options.servers:
            run = Run(name, 0, calls, options.profiles[-1])
            rows += await measure(load, run, options.variants[-1:], options.seconds)
    return rows


# ---- tables ---------------------------------------------------------------------------------------------------------


def table(rows: Sequence[Row]) -> list[str]:
    """The comparison, medians over the groups, as Markdown."""
    lines = [
        "| SRTP | load | server | µs a packet | against Janus | calls a core | added ms p50 / p99 | kB a call |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for profile, variant, name in dict.fromkeys((r.profile, r.variant, r.server) for r in rows):
        own = [r for r in rows if (r.profile, r.variant, r.server) == (profile, variant, name)]
        us = median(own, "us")
        calls = 1e6 / (us * 2 * VARIANTS[variant].packets_a_second)
        ratio = ratios(rows, own)
        lines.append(
            f"| {own[0].srtp} | {variant} | {name}{marks(own)} | {us:.1f} ({least(own)}) |"
            f" {statistics.median(ratio) if ratio else float('nan'):.2f} | {calls:.0f} |"
            f" {median(own, 'p50_ms'):.2f} / {median(own, 'p99_ms'):.2f} | {median(own, 'kb_a_call'):.0f} |"
        )
    return lines


def parts(rows: Sequence[Row]) -> list[str]:
    """What of our cost is whose, medians over the groups."""
    lines = []
    for profile, variant in dict.fromkeys((r.profile, r.variant) for r in rows if r.server == OURS):
        own = [r for r in rows if (r.profile, r.variant, r.server) == (profile, variant, OURS)]
        shares = [
            f"{part} {statistics.median(r.us_by_process[part] for r in own):.1f} µs and"
            f" {statistics.median(r.kb_by_process[part] for r in own):.0f} kB"
            for part in own[0].us_by_process
        ]
        lines.append(f"ours, {profile}, {variant}: {', '.join(shares)}")
    return lines


def growth_table(rows: Sequence[Row]) -> list[str]:
    """How cost grows, as Markdown."""
    names = list(dict.fromkeys(row.server for row in rows))
    lines = [
        "| calls | " + " | ".join(f"{name}: µs, ms p99, kB a call" for name in names) + " |",
        "| --- |" + " --- |" * len(names),
    ]
    for calls in dict.fromkeys(row.calls for row in rows):
        own = {row.server: row for row in rows if row.calls == calls}
        cells = [
            f"{own[name].us:.1f}, {own[name].p99_ms:.2f}, {own[name].kb_a_call:.0f}{marks([own[name]])}"
            for name in names
        ]
        lines.append(f"| {calls} | " + " | ".join(cells) + " |")
    return lines


def bars(rows: Sequence[Row], grown: Sequence[Row]) -> list[str]:
    """What issue and operator ask for, and whether it was met; on a shared machine a miss is not a failure."""
    lines = []
    for profile, variant in dict.fromkeys((r.profile, r.variant) for r in rows):
        own = [r for r in rows if (r.profile, r.variant, r.server) == (profile, variant, OURS)]
        if ratio := ratios(rows, own):
            at = statistics.median(ratio)
            lines.append(
                f"{profile}, {variant}: {at:.2f} × Janus over {len(ratio)} groups; bar {RATIO_BAR}"
                f" ({verdict(at <= RATIO_BAR)}), aim {RATIO_AIM} ({verdict(at <= RATIO_AIM)})"
            )
    lines += [
        f"added latency at {row.calls} calls, {row.variant}: p99 {row.p99_ms:.2f} ms;"
        f" bar {LATENCY_BAR_MS:g} ({verdict(row.p99_ms <= LATENCY_BAR_MS)})"
        for row in [*rows, *grown]
        if (row.server, row.calls) == (OURS, LATENCY_CALLS)
    ]
    if own := [row for row in rows if row.server == OURS]:
        most = max(own, key=lambda row: row.kb_a_call)
        lines.append(
            f"memory a call: {most.kb_a_call:.0f} kB at most, {most.kb_by_process.get('worker', 0):.0f} of them the"
            f" worker's; bar {MEMORY_BAR_KB} ({verdict(most.kb_a_call <= MEMORY_BAR_KB)})"
        )
    return lines


def ratios(rows: Sequence[Row], own: Sequence[Row]) -> list[float]:
    """Each row's cost over that of Janus in the same group."""
    janus = {(r.group, r.profile, r.variant): r.us for r in rows if r.server == JANUS}
    return [
        row.us / janus[key]
        for row in own
        if (key := (row.group, row.profile, row.variant)) in janus
    ]


def median(rows: Sequence[Row], field: str) -> float:
    """Of one column."""
    return statistics.median(getattr(row, field) for row in rows)


def least(rows: Sequence[Row]) -> str:
    """From where to where the cost went."""
    return f"{min(row.us for row in rows):.1f}–{max(row.us for row in rows):.1f}"


def marks(rows: Sequence[Row]) -> str:
    """What makes figures doubtful."""
    delivered = min(row.delivered for row in rows)
    refused = sum(row.refused for row in rows)
    return (f" (delivered {100 * delivered:.0f} %!)" if delivered < ENOUGH else "") + (
        f" ({refused} refused!)" if refused else ""
    )


def verdict(is_met: bool) -> str:
    """As a word."""
    return "met" if is_met else "missed"


# ---- a run ----------------------------------------------------------------------------------------------------------


def python() -> str:
    """The Python of this run. Debian's is optimised with a profile; one without takes a fifth more."""
    whose = "Debian's" if sys.base_prefix == "/usr" else "not Debian's"
    return f"Python {sys.version.split()[0]} ({whose})"


def describe(options: argparse.Namespace) -> list[str]:
    """Where and with what it was measured."""
    shape = VARIANTS["plain"]
    return [
        f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; {cpu_model()}, {os.cpu_count()} cores,"
        f" Linux {os.uname().release}, {python()}, load {os.getloadavg()[0]:.1f}",
        f"ours: aiortc {version('aiortc')}, pylibsrtp {version('pylibsrtp')} with its own libsrtp on OpenSSL;"
        " node, worker and store are counted",
        servers.janus_is_made_of()
        if len(options.servers) > 1 or options.servers[0] != OURS
        else "",
        f"{options.calls} calls, {shape.packets_a_second:g} packets a second each way:"
        f" {shape.frames_a_second:g} frames of {shape.packets_a_frame:g} × {shape.video_bytes:g} B"
        f" and {shape.sounds_a_second:g} × {shape.sound_bytes:g} B;"
        f" {options.repeats} groups of {options.seconds:g} s",
    ]


async def run(options: argparse.Namespace) -> int:
    """Everything, in the namespace."""
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="mg-bench-") as scratch:
        load = Load(Path(scratch))
        rows = await compare(load, options)
        grown = await grow(load, options)
    print("\n".join(describe(options)), f"load before {before:.1f}\n", sep="\n")
    print("\n".join([*table(rows), "", *parts(rows)]))
    if grown:
        variant = options.variants[-1]
        print(f"\nHow cost grows ({grown[0].srtp}, {variant}):\n")
        print("\n".join(growth_table(grown)))
    print()
    print("\n".join(bars(rows, grown)))
    if options.json is not None:
        with options.json.open("a") as file:
            file.writelines(json.dumps(asdict(row)) + "\n" for row in [*rows, *grown])
    return 0


def say(words: str) -> None:
    """Progress, to standard error."""
    print(words, file=sys.stderr, flush=True)


def prepare_namespace() -> None:
    """Give the namespace the address for Janus, which takes no loopback, and as many files as may be."""
    namespace.prepare(servers.ADDRESS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def words(text: str) -> list[str]:
    """A list with commas."""
    return [each.strip() for each in text.split(",") if each.strip()]


def read_options() -> argparse.Namespace:
    """The command line; CALLS, SECONDS and REPEATS may come from the environment, as make passes them on."""
    parser = argparse.ArgumentParser(prog="bench_media", description=__doc__.splitlines()[0])
    given = os.environ.get
    parser.add_argument("--calls", type=int, default=int(given("CALLS", "20")))
    parser.add_argument("--seconds", type=float, default=float(given("SECONDS", "8")))
    parser.add_argument("--repeats", type=int, default=int(given("REPEATS", "3")))
    parser.add_argument("--servers", type=words, default=list(SERVERS), help=", ".join(SERVERS))
    parser.add_argument("--profiles", type=words, default=list(servers.PROFILES))
    parser.add_argument("--variants", type=words, default=list(VARIANTS))
    parser.add_argument(
        "--growth", type=lambda text: [*map(int, words(text))], default=None,
        help="numbers of calls; default 5,20,30,50,100, and none when there are fewer than 20 calls",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, help="append every single measurement to this file")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name, known in (
        ("servers", SERVERS),
        ("profiles", servers.PROFILES),
        ("variants", VARIANTS),
    ):
        if unknown := [each for each in getattr(options, name) if each not in known]:
            parser.error(f"--{name}: {', '.join(unknown)}? Known: {', '.join(known)}")
    if options.growth is None:
        options.growth = GROWTH if options.calls >= 20 else ()
    return options


def main() -> int:
    """Go into namespaces of our own, which end with us whatever happens, and run there."""
    options = read_options()
    if not options.inside:
        namespace.enter("tests.benchmarks.bench_media")
    prepare_namespace()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return asyncio.run(run(options))
    except KeyboardInterrupt:
        say("interrupted")
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
