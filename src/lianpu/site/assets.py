"""Front-end files: named files out of ``node_modules``, served under hashed names; no bundler and no CDN.

Templates say ``{% static 'tabler/tabler.min.css' %}`` with a public name of :data:`ASSETS`. Only these files are
ever handed out: some 6 MB of the 160 MB that npm lays down.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, overload

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

_TABLER: Final = "@tabler/core/dist"
_ICONS: Final = "@tabler/icons-webfont/dist"
_TOM_SELECT: Final = f"{_TABLER}/libs/tom-select/dist"

#: Public name of a static file → its path inside ``node_modules``.
ASSETS: Final[dict[str, str]] = {
    "tabler/tabler.min.css": f"{_TABLER}/css/tabler.min.css",
    "tabler/tabler-vendors.min.css": f"{_TABLER}/css/tabler-vendors.min.css",  # Tabler's look for tom-select
    "tabler/tabler.min.js": f"{_TABLER}/js/tabler.min.js",
    "icons/tabler-icons.min.css": f"{_ICONS}/tabler-icons.min.css",
    # The style sheet names all three formats, and hashing wants every file that is named.
    "icons/fonts/tabler-icons.woff2": f"{_ICONS}/fonts/tabler-icons.woff2",
    "icons/fonts/tabler-icons.woff": f"{_ICONS}/fonts/tabler-icons.woff",
    "icons/fonts/tabler-icons.ttf": f"{_ICONS}/fonts/tabler-icons.ttf",
    "echarts/echarts.min.js": "echarts/dist/echarts.min.js",
    "tom-select/tom-select.base.min.js": f"{_TOM_SELECT}/js/tom-select.base.min.js",
    "tom-select/tom-select.bootstrap5.min.css": f"{_TOM_SELECT}/css/tom-select.bootstrap5.min.css",
}


def node_modules() -> Path:
    """Where npm put its packages: ``LIANPU_NODE_MODULES``, else ``node_modules`` at the root of the checkout."""
    named = os.environ.get("LIANPU_NODE_MODULES")
    return Path(named) if named else Path(__file__).resolve().parents[3] / "node_modules"


class NodeStorage(FileSystemStorage):
    """Reads a file of ``node_modules`` by its public name; ``KeyError`` for a name outside :data:`ASSETS`."""

    def path(self, name: str) -> str:
        return str(Path(self.location, ASSETS[name]))


class NodeFinder(BaseFinder):
    """Staticfiles finder over :data:`ASSETS`."""

    @overload
    def find(self, path: str, find_all: Literal[False] = False) -> str | None: ...
    @overload
    def find(self, path: str, find_all: Literal[True]) -> list[str]: ...
    def find(self, path: str, find_all: bool = False) -> str | list[str] | None:
        """Absolute path of the file with this public name, or None; with ``find_all`` a list of none or one."""
        place = node_modules() / ASSETS[path] if path in ASSETS else None
        found = str(place) if place and place.is_file() else None
        if find_all:
            return [found] if found else []
        return found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[tuple[str, NodeStorage]]:
        """Those of :data:`ASSETS` that no pattern excludes, with their storage, for ``collectstatic``.

        Raises ImproperlyConfigured, with the remedy, when npm has not yet laid the files down.
        """
        root = node_modules()
        absent = [file for file in ASSETS.values() if not (root / file).is_file()]
        if absent:
            raise ImproperlyConfigured(
                f"前端文件不全：{root} 中缺 {absent[0]} 等 {len(absent)} 个文件。"
                "请在项目目录运行 make up（或 npm ci），或用环境变量 LIANPU_NODE_MODULES 指明其位置。"
            )
        storage = NodeStorage(location=root)
        return [(name, storage) for name in ASSETS if not matches_patterns(name, ignore_patterns or [])]


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Hashed and compressed static files.

    The minified files end in a ``sourceMappingURL`` comment that names a map which is not shipped; Django would look
    for it and fail, so these comments stay as they are.
    """

    patterns = tuple(
        (glob, tuple(pattern for pattern in patterns if "sourceMappingURL" not in str(pattern)))
        for glob, patterns in CompressedManifestStaticFilesStorage.patterns
    )
    keep_only_hashed_files = True
