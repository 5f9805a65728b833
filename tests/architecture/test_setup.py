"""The scripts that set a machine up say what is wrong in words, in Chinese and English."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support import ROOT


def bash(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("bash") or "bash", "-c", f"set -euo pipefail; . scripts/common.sh; {code}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


@pytest.fixture
def old_python(tmp_path: Path) -> Path:
    """A folder of programs whose only Python is an old one."""
    for tool in ["dirname", "awk", "df"]:
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n')
    python.chmod(0o755)
    return tmp_path


def test_an_old_python_is_refused(old_python: Path) -> None:
    told = bash("find_python", PATH=str(old_python))
    assert told.returncode == 1
    assert "需要 Python 3.11" in told.stderr
    assert "Python 3.9.2" in told.stderr
    assert "is needed" in told.stderr


def test_a_python_that_is_named_is_taken(old_python: Path) -> None:
    named = old_python / "my-python"
    named.write_text("#!/bin/sh\nexit 0\n")
    named.chmod(0o755)
    assert bash('find_python; echo "$PY"', PATH=str(old_python), PYTHON=str(named)).stdout.strip() == str(named)


@pytest.mark.parametrize(("free", "chinese", "english"), [(10, "磁盘已满", "disk is full"), (9000, "网络", "network")])
def test_a_failed_installation_is_explained(free: int, chinese: str, english: str) -> None:
    told = bash(f"free_mb() {{ echo {free}; }}; install_failed uv")
    assert told.returncode == 1
    assert chinese in told.stderr
    assert english in told.stderr


def test_pips_mirror_serves_uv_too() -> None:
    assert bash(
        'PY=false; find_mirror; echo "$UV_DEFAULT_INDEX"', PIP_INDEX_URL="http://mirror/simple"
    ).stdout.strip() == ("http://mirror/simple")
