"""The analysis of industrial chains, usable alone: frames and arrays in, frames and arrays out.

Names below are loaded when first asked for, so that importing the package costs nothing. Methods whose module bears
their own name are called through it: ``from lianpu.analysis.complexity import complexity``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lianpu.analysis.linkage import demand_shock, extraction_loss, linkages, supply_shock

_HOME = {
    "demand_shock": "linkage",
    "extraction_loss": "linkage",
    "linkages": "linkage",
    "supply_shock": "linkage",
}

__all__ = ["demand_shock", "extraction_loss", "linkages", "supply_shock"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
