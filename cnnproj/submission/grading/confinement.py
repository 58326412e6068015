"""What a worker gives up before it reads a stranger's file, as far as the system lets it; it never comes back.

On Linux: the network, by a network namespace of its own with nothing in it (user_namespaces(7)); writing anywhere but
into its own folder and starting any program, by Landlock (landlock(7), Linux 5.13 and newer). On every Unix: limits on
memory, file size, open files and processor time, and no core dumps (getrlimit(2)). On Windows none of this: there the
process that asks ends what takes too long. Nothing else may run in the process yet, as all of it holds for threads
that are started afterwards.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path

# linux/sched.h, linux/prctl.h and the system calls' numbers, which are the same on every architecture since 2019
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_SET_DEATH_SIGNAL, _NO_NEW_PRIVILEGES, _KILL = 1, 38, 9
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
# linux/landlock.h: rights by the bits that each version of it knows
_WRITE_FILE, _EXECUTE, _READS = 1 << 1, 1 << 0, (1 << 2) | (1 << 3)
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
_TCP, _TCP_SINCE = 0b11, 4
_OTHERS, _OTHERS_SINCE = 0b11, 6  # signals and abstract sockets that reach other processes
OPEN_FILES = 256


def confine(folder: Path, *, memory: int, seconds: int, file_size: int) -> dict[str, bool]:
    """Give up what reading a submission does not need.

    Args:
        folder: the only one that can be written to from here on.
        memory: bytes of data that the process may have.
        seconds: of processor time in its life.
        file_size: bytes that a file it writes may have.

    Returns:
        What holds: ``limits``, ``no_network`` and ``no_writing``.
    """
    limited = _limit(memory, seconds, file_size)
    if sys.platform != "linux":
        return {"limits": limited, "no_network": False, "no_writing": False}
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_DEATH_SIGNAL, _KILL, 0, 0, 0)  # it dies with the process that asks
    alone = libc.unshare(_NEW_USER | _NEW_NETWORK) == 0 or libc.unshare(_NEW_NETWORK) == 0
    version = _landlock(libc, folder)
    return {"limits": limited, "no_network": alone or version >= _TCP_SINCE, "no_writing": version > 0}


def _limit(memory: int, seconds: int, file_size: int) -> bool:
    if sys.platform == "win32":
        return False
    import resource

    limits = {
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        hard = resource.getrlimit(kind)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (bound, bound))
        except ValueError:  # macOS has no limit on data
            return False
    return True


def _landlock(libc: ctypes.CDLL, folder: Path) -> int:
    """Restrict this process to reading, and to writing below ``folder``; the version in force, or 0."""
    version = int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1))
    if version < 1:
        return 0
    rights = _RIGHTS[min(version, max(_RIGHTS))] & ~_READS
    handled = [rights, _TCP if version >= _TCP_SINCE else 0, _OTHERS if version >= _OTHERS_SINCE else 0]
    known = handled[: 1 if version < _TCP_SINCE else 2 if version < _OTHERS_SINCE else 3]
    attributes = struct.pack(f"={len(known)}Q", *known)
    rules = int(libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    if rules < 0:
        return 0
    allowed = {folder: rights & ~_EXECUTE, Path(os.devnull): _WRITE_FILE}
    for path, right in allowed.items():
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        libc.syscall(_ADD_RULE, rules, 1, struct.pack("=Qi", right, place), 0)
        os.close(place)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    restricted = libc.syscall(_RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return version if restricted else 0
