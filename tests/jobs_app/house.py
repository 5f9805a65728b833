"""A house of its own for tests that start real processes: a home, a database that they all reach, and the processes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from django.core.management import call_command
from django.db import connections
from django.db.utils import load_backend
from django.test import override_settings

import jobs_app.jobs  # noqa: F401 — so that this process too knows the jobs
from support import ROOT

PATIENCE = 180


def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait until something holds, and give it; fails in words where it does not come to hold."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.03)
    raise AssertionError(f"waited in vain: {what}")


class House:
    """Started processes see ``home`` and its database; what still runs at the end is killed."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self.home = home
        self.environment = {**os.environ, **environment}
        self.processes: list[subprocess.Popen[bytes]] = []

    def lianpu(self, *words: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start a command; its process group is its own, as that of a terminal's foreground job."""
        log = (self.home / "processes.log").open("ab")
        started = subprocess.Popen(
            [sys.executable, "-m", "lianpu.cli.main", *words],
            cwd=ROOT,
            env={**self.environment, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.processes.append(started)
        return started

    def said(self) -> str:
        return (self.home / "processes.log").read_text()

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@contextmanager
def house(home: Path) -> Iterator[House]:
    """Within, this process too reads and writes the house's database, instead of the one that tests roll back."""
    usual = connections["default"]
    values = {**usual.settings_dict, "CONN_MAX_AGE": 0}
    environment = {
        "LIANPU_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "jobs_app.settings",
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests"))),
    }
    if usual.vendor == "postgresql":
        values["NAME"] = f"{values['NAME']}_house"
        with usual._nodb_cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(f'DROP DATABASE IF EXISTS "{values["NAME"]}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{values["NAME"]}"')
        at = {word: values[word] for word in ("USER", "PASSWORD", "HOST", "PORT", "NAME")}
        environment["LIANPU_DATABASE"] = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**at)
    else:
        values["NAME"] = str(home / "lianpu.sqlite3")
        environment["LIANPU_DATABASE"] = ""
    own = load_backend(values["ENGINE"]).DatabaseWrapper(values, "default")
    made = House(home, environment)
    connections["default"] = own
    try:
        with override_settings(LIANPU_HOME=home, LIANPU_JOBS="worker"):
            call_command("migrate", verbosity=0)
            yield made
    finally:
        made.end()
        own.close()
        connections["default"] = usual
        if usual.vendor == "postgresql":
            with usual._nodb_cursor() as cursor:  # type: ignore[attr-defined]
                cursor.execute(f'DROP DATABASE "{values["NAME"]}" WITH (FORCE)')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def serve(at: House, *words: str) -> "tuple[subprocess.Popen[bytes], str]":
    """``lianpu up`` in a house, and the address at which it answers."""
    port = free_port()
    process = at.lianpu("up", "--empty", *words, PORT=str(port), HOST="127.0.0.1")
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(f"{url}/sign-in/") or process.poll() is not None, "the site answers")
        assert process.poll() is None
    except AssertionError as failed:
        raise AssertionError(at.said()) from failed
    return process, url
