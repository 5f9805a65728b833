"""The arrows of the house hold, and the analysis stays pure."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ROOT

PACKAGE = ROOT / "src" / "lianpu"
CONTEXTS = ("places", "enterprises", "chains", "projects", "promotion", "monitoring", "desk", "demo")
UNFIT_FOR_ANALYSIS = {
    "os",
    "time",
    "random",
    "socket",
    "subprocess",
    "urllib",
    "http",
    "sqlite3",
    "logging",
}


def imports(file: Path) -> Iterator[str]:
    """Full names of the modules that a file imports at run time, also inside functions; ``from a import b`` gives both.

    What stands under ``if TYPE_CHECKING`` is left out: it draws no arrow.
    """
    tree = ast.parse(file.read_text(), str(file))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules_after(code: str) -> set[str]:
    """Top-level modules present in a fresh interpreter that has run ``code``."""
    show = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_linter_contracts_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_analysis_runs_without_django() -> None:
    present = modules_after(
        "import importlib, pkgutil, lianpu.analysis as a\n"
        "for found in pkgutil.walk_packages(a.__path__, 'lianpu.analysis.'): importlib.import_module(found.name)"
    )
    assert "lianpu" in present
    assert not present & {"django", "ninja"}


def test_analysis_asks_no_clock_network_or_chance() -> None:
    unfit = {
        f"{file.relative_to(PACKAGE)}: {name}"
        for file in (PACKAGE / "analysis").rglob("*.py")
        for name in imports(file)
        if name.partition(".")[0] in UNFIT_FOR_ANALYSIS
    }
    assert not unfit


def test_web_process_starts_without_heavy_libraries() -> None:
    present = modules_after(
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'lianpu.site.settings'\n"
        "import importlib, django; django.setup()\n"
        "from django.conf import settings; importlib.import_module(settings.ROOT_URLCONF)\n"
        "importlib.import_module(settings.WSGI_APPLICATION.rpartition('.')[0])"
    )
    assert "django" in present
    assert not present & {"polars", "scipy", "pandas", "docx"}, "import these inside the functions that use them"


def test_only_url_lists_import_views() -> None:
    importers = {
        f"{file.relative_to(PACKAGE)}: {name}"
        for file in PACKAGE.rglob("*.py")
        if file.name != "urls.py" and "views" not in file.relative_to(PACKAGE).with_suffix("").parts
        for name in imports(file)
        if name.startswith("lianpu.") and "views" in name.split(".")
    }
    assert not importers


@pytest.mark.parametrize("context", CONTEXTS)
def test_models_views_and_declarations_name_foreign_tables_by_string(context: str) -> None:
    """Reading another context's tables is for queries and services."""
    elsewhere = {
        f"{file.relative_to(PACKAGE)}: {name}"
        for other in CONTEXTS
        if other != context
        for file in (PACKAGE / other).rglob("*.py")
        if {"models", "registers", "urls", "views"} & set(file.relative_to(PACKAGE).with_suffix("").parts)
        for name in imports(file)
        if name in (f"lianpu.{context}.models", f"lianpu.{context}.views")
    }
    assert not elsewhere


def test_workbooks_are_made_in_one_place() -> None:
    """Only there is it seen to that no text of a sheet runs as a formula."""
    makers = [str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py") if "xlsxwriter" in imports(file)]
    assert makers == ["register/sheets.py"]


def test_the_command_line_asks_for_one_thread_of_linear_algebra_before_numpy_is_there() -> None:
    code = "import lianpu.cli.main, os; assert os.environ['OPENBLAS_NUM_THREADS'] == '1'"
    assert "numpy" not in modules_after(f"import os; os.environ.pop('OPENBLAS_NUM_THREADS', None); {code}")
