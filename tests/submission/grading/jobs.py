"""Jobs that no worker of ours knows: what a worker does that has gone wrong. Run as a program, by the tests."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from cnnproj.errors import CnnprojError
from cnnproj.submission.grading.worker import serve


def refuse():
    raise CnnprojError("cli.no_language", code="xx", known="en")


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def mistake():
    raise RuntimeError("a mistake of ours")


def eat(size):
    return len(bytearray(size))


def eat_bit_by_bit():
    held = []
    while True:
        held.append(b"x" * 2**20)


def hang_with_a_helper():
    os.fork()
    time.sleep(600)


def write(path, size=1):
    try:
        Path(path).write_bytes(bytes(size))
    except OSError as error:
        return type(error).__name__
    return "written"


def connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError as error:
        return type(error).__name__
    return "connected"


def start_a_program():
    try:
        return subprocess.run(["/bin/echo", "hello"], check=False, capture_output=True, text=True).stdout
    except OSError as error:
        return type(error).__name__


def surroundings():
    limits = {name: resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_CORE", "RLIMIT_NOFILE")}
    home = [path.name for path in Path.home().iterdir()]
    return {"environment": dict(os.environ), "home": home, "folder": str(Path.cwd()), **limits}


def want(path, language):
    images = {"size": [16, 16], "resize": "stretch", "color": "gray", "near_duplicates": False, "seed": 3}
    return {"wanted": images, "threads": 2}


def check(path, references, again, threads, language):
    """The verdict that the file at ``path`` asks for, in JSON; or what else it wants to happen."""
    asked = json.loads(Path(path).read_text())
    time.sleep(asked.pop("seconds", 0))
    if job := asked.pop("job", None):
        return JOBS[job]()
    return {"file": Path(path).name, "outcome": "verified", **asked}


JOBS = {
    "echo": lambda value: value,
    "number": os.getpid,
    "sleep": lambda: time.sleep(600),
    "chatter": lambda: print('{"done": "forged"}') or sys.stdout.flush(),
    "nonsense": lambda: os.write(3, b"[" * 10**5 + b"\n"),
    **{
        job.__name__: job
        for job in (
            want,
            check,
            refuse,
            crash,
            mistake,
            eat,
            eat_bit_by_bit,
            hang_with_a_helper,
            write,
            connect,
            start_a_program,
            surroundings,
        )
    },
}

if __name__ == "__main__":
    serve(JOBS)
