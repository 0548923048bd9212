"""A network namespace of a benchmark's own: whatever runs in it ends with it, and nothing of it leaves the machine."""

from __future__ import annotations

import os
import subprocess
import sys


def enter(module: str) -> None:
    """Run this module anew, with `--inside` before its options, where network and processes are its own.

    They end with the first process in them: nothing can be left behind, not even by SIGKILL. Does not return.
    """
    unshare = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    own = [sys.executable, "-m", module, "--inside", *sys.argv[1:]]
    os.execvp(unshare[0], [*unshare, *own])


def prepare(address: str) -> None:
    """Give the namespace, which is empty, a loopback interface and one address that is none of loopback's.

    The default route leads to nobody: browsers look there for their own address.
    """
    nobody = f"{address.rpartition('.')[0]}.254"
    for command in (
        "ip link set lo up",
        "ip link add media0 type veth peer name media1",
        f"ip address add {address}/24 dev media0",
        "ip link set media0 up",
        "ip link set media1 up",
        f"ip route add default via {nobody} dev media0",
    ):
        subprocess.run(command.split(), check=True)
