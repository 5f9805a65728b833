"""What may lie in the repository, and what may not."""

import re
import subprocess

import pytest

from support import ROOT

LINES = 640  # "some 600": longer code becomes a package
HOSTS = [  # of package registries, written so that this file does not name them
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmmirror", "com"),
        ("deb", "debian", "org"),
        ("tuna", "tsinghua", "edu"),
        ("mirrors", "aliyun", "com"),
    ]
]
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(work|root|home/\w+|Users/\w+)/")


def files() -> list[str]:
    """Files under version control, and new ones that are about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def text_of(name: str) -> str:
    try:
        return (ROOT / name).read_text()
    except UnicodeDecodeError:
        return ""


def test_the_repository_is_listed() -> None:
    assert "pyproject.toml" in files()


def test_no_file_names_a_registry_host() -> None:
    naming = [(name, host) for name in files() for host in HOSTS if host in text_of(name)]
    assert not naming, "leave registry addresses to the machine's own settings"


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    naming = {name: found[0] for name in files() if (found := MACHINE_PATH.search(text_of(name)))}
    assert not naming


def test_no_data_set_is_shipped() -> None:
    suffixes = (".parquet", ".npz", ".npy", ".sqlite3", ".xls", ".xlsx", ".docx", ".zip", ".whl")
    assert not [name for name in files() if name.endswith(suffixes)]
    assert not [name for name in files() if (ROOT / name).stat().st_size > 1_000_000]


def test_no_secret_is_shipped() -> None:
    assert not [name for name in files() if name.startswith("var/") or name.endswith((".pem", ".key", "secret-key"))]


@pytest.mark.parametrize("suffix", [".py", ".html", ".js", ".css"])
def test_no_code_file_has_grown_too_long(suffix: str) -> None:
    long = {
        name: lines
        for name in files()
        if name.endswith(suffix) and "/migrations/" not in name and (lines := text_of(name).count("\n")) > LINES
    }
    assert not long, "split it by what changes together"
