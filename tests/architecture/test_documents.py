"""What the documents promise is there: commands, options, files, targets of make."""

import re
from collections.abc import Iterator

import click
import pytest

from lianpu.cli.main import main
from support import ROOT

PAGES = sorted(
    str(path.relative_to(ROOT))
    for folder in [ROOT, *(path for path in (ROOT / "docs").rglob("*") if path.is_dir()), ROOT / "docs"]
    for path in folder.glob("*.md")
)
REFERENCE = (ROOT / "docs/reference/cli.md").read_text()


def commands(group: click.Group = main, before: str = "lianpu") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, such as ``lianpu reference load``."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


def test_the_pages_are_found() -> None:
    assert {"README.md", "README.zh.md", "docs/tutorial.md", "docs/reference/cli.md"} <= set(PAGES)


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_reference_names_every_command_and_option(name: str, command: click.Command) -> None:
    row = next((line for line in REFERENCE.splitlines() if line.startswith(f"| `{name}")), "")
    assert row, f"docs/reference/cli.md has no row for {name}"
    options = {option for each in command.params if isinstance(each, click.Option) for option in each.opts}
    assert {option for option in options - {"--json"} if f"`{option}" not in row} == set()


@pytest.mark.parametrize("page", PAGES)
def test_page_names_only_commands_that_exist(page: str) -> None:
    known = {name for name, _ in commands()}
    code = re.findall(
        r"^```(?:sh|console)?\n(.*?)^```|`([^`\n]+)`", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL
    )
    lines = [line for pair in code for line in "".join(pair).splitlines()]
    called = [
        match[1].strip() for line in lines for match in re.finditer(r"(?:^|bin/)(lianpu(?: [a-z][a-z-]*){0,2})", line)
    ]
    unknown = [call for call in called if " " in call and not any(f"{call} ".startswith(f"{name} ") for name in known)]
    assert not unknown


@pytest.mark.parametrize("page", PAGES)
def test_page_names_only_targets_of_make_that_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / page).read_text(), re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith("docs/")])
def test_links_lead_somewhere(page: str) -> None:
    """Links inside docs/ are checked by mkdocs."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text())
    assert not [link for link in links if not (ROOT / link).exists()]


def test_the_readmes_name_folders_that_exist() -> None:
    for page in ["README.md", "README.zh.md", "CONTRIBUTING.md"]:
        named = re.findall(r"`((?:src|docs|tests|scripts|benchmarks)/[\w./-]+)`", (ROOT / page).read_text())
        assert not [name for name in named if not (ROOT / name).exists() and "platforms" not in name]
