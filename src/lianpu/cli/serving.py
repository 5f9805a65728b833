"""Serving the site in the foreground, with a worker for jobs beside it; Ctrl-C ends both cleanly."""

import ctypes
import os
import signal
import socket
import sys

from lianpu.cli.console import BROKEN, refuse


def address() -> tuple[str, int]:
    """HOST and PORT from the environment."""
    port = os.environ.get("PORT", "8000")
    if not port.isdigit() or not 0 < int(port) < 65536:
        refuse(f"PORT 应为 1–65535 的数字，现为“{port}”。 / PORT must be a number.", 2)
    return os.environ.get("HOST", "127.0.0.1"), int(port)


def url(host: str, port: int) -> str:
    """The address to type into a browser."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"


def check_port(host: str, port: int) -> None:
    """Say in words that a port is taken, before minutes of work."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            refuse(
                f"不能在 {host}:{port} 上启动（{error.strerror}）：端口可能已被占用。请换一个端口，例如 PORT={port + 1} make up。\n"
                f"Cannot listen on {host}:{port} ({error.strerror}): the port may be taken. Choose another, e.g. PORT={port + 1} make up.",
                BROKEN,
            )


def serve(host: str, port: int, *, worker: bool) -> None:
    """Become the server process, so that signals reach it directly; ``worker`` keeps one that does jobs beside it."""
    sys.stdout.flush()
    sys.stderr.flush()
    words = [sys.executable, "-m", "lianpu.cli.serving", host, str(port), *(["--worker"] if worker else [])]
    os.execv(sys.executable, words)  # noqa: S606


def _serve(host: str, port: int, *, worker: bool) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from lianpu.cli.working import Companion

    server = Granian(
        "lianpu.site.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=min(os.cpu_count() or 1, 4),
        blocking_threads=4,
        workers_kill_timeout=2,  # without it a worker may outlive Ctrl-C
        websockets=False,
        log_level=LogLevels.warning,
    )
    os.register_at_fork(after_in_child=_end_with_parent)
    if worker:
        companion = Companion()
        server.on_startup(companion.start)
        server.on_shutdown(companion.end)
    server.serve()


def _end_with_parent() -> None:
    """Where the server itself is killed, the processes that answer must not hold its port (Linux; else they may)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]), worker="--worker" in sys.argv)
