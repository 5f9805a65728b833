"""Workers: in the foreground by ``lianpu worker``, or one kept running beside the site."""

import os
import signal
import subprocess
import sys
import threading

import click

from lianpu.cli.console import BROKEN, USAGE, refuse

PATIENCE = 10
"""Seconds that a worker has, asked to stop, to come to its job's next sign of progress."""
RESPITE = 2
"""Seconds before a worker that ended unasked is started again."""


def work(name: str, *, with_parent: bool = False) -> None:
    """Run jobs until SIGTERM or Ctrl-C, or until the process that started this one has ended."""
    from lianpu.register.jobs.worker import Worker, default_name

    if "/" in name:
        refuse(f"运行器的名称“{name}”不能含“/”。 / A worker's name holds no slash.", USAGE)
    asked = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: asked.set())
    parent = os.getppid()

    def stopping() -> bool:
        return asked.is_set() or (with_parent and os.getppid() != parent)

    try:
        Worker(name or default_name(), stopping).run()
    except FileExistsError:
        refuse(f"名为“{name}”的运行器已在运行，请另取一名。 / A worker named {name} is running already.", BROKEN)


class Companion:
    """A worker that lives beside the site: started with it, started again if it dies, ended with it."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._worker: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """To be called before the server forks: a fork while the keeper starts a worker would inherit the pipe on which
        the start waits, which then never ends."""
        self._worker = self._started()
        self._keeper.start()

    def _started(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-m", "lianpu.cli.working"])

    def _keep(self) -> None:
        while not self._ending.is_set():
            self._worker = self._worker or self._started()
            code = self._worker.wait()
            self._worker = None
            if code and not self._ending.is_set():  # 0 where Ctrl-C has reached it before the site
                click.echo(
                    f"运行器意外结束（{code}），即将重启。 / The worker ended ({code}); starting it again.", err=True
                )
            self._ending.wait(RESPITE)

    def end(self) -> None:
        """Ask it to stop; end it where it does not. The job it has is let go of by the next worker then."""
        self._ending.set()
        if (worker := self._worker) is not None:
            worker.terminate()
            try:
                worker.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                worker.kill()
        self._keeper.join(PATIENCE)


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianpu.site.settings")
    django.setup()
    work("", with_parent=True)
