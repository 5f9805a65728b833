"""Serving the site in the foreground; Ctrl-C ends it cleanly."""

import os
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


def serve(host: str, port: int) -> None:
    """Become the server process, so that signals reach it directly."""
    options = {
        "interface": "wsgi",
        "host": host,
        "port": str(port),
        "workers": str(min(os.cpu_count() or 1, 4)),
        "blocking-threads": "4",
        "workers-kill-timeout": "2",  # without it a worker may outlive Ctrl-C
        "log-level": "warning",
    }
    given = [word for name, value in options.items() for word in (f"--{name}", value)]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "granian", *given, "--no-ws", "lianpu.site.wsgi:application"])  # noqa: S606
