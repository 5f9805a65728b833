"""Only named front-end files leave node_modules, and they can be served."""

import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from lianpu.site.assets import ASSETS, NodeFinder, node_modules


@pytest.fixture
def empty_node_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIANPU_NODE_MODULES", str(tmp_path))
    return tmp_path


def test_every_named_file_is_there() -> None:
    finder = NodeFinder()
    assert [name for name, _ in finder.list(None)] == list(ASSETS)
    assert all(finder.find(name) for name in ASSETS)


def test_a_file_that_is_not_named_stays_inside() -> None:
    finder = NodeFinder()
    assert (node_modules() / "echarts/package.json").is_file()
    for name in ["echarts/package.json", "../package.json", "tabler/../echarts/package.json"]:
        assert finder.find(name) is None
        assert finder.find(name, find_all=True) == []


def test_storage_reads_by_public_name() -> None:
    for name, storage in NodeFinder().list(["*.css"]):
        assert not name.endswith(".css")
        with storage.open(name) as file:
            assert file.read(16)


def test_style_sheets_name_only_files_that_are_handed_out() -> None:
    public = {Path(name).name for name in ASSETS}
    for name, file in ASSETS.items():
        if name.endswith(".css"):
            named = re.findall(r"url\([\"']?([^)\"'?]+)", (node_modules() / file).read_text())
            assert {Path(url).name for url in named if not url.startswith(("data:", "#"))} <= public


def test_missing_packages_are_told_with_the_remedy(empty_node_modules: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="make up"):
        NodeFinder().list(None)
    assert NodeFinder().find("echarts/echarts.min.js") is None
