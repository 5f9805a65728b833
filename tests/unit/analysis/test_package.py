"""The package as a notebook meets it."""

import subprocess
import sys

import pytest

import lianpu.analysis


def test_every_name_on_offer_can_be_had() -> None:
    for name in lianpu.analysis.__all__:
        assert callable(getattr(lianpu.analysis, name))
        assert name in dir(lianpu.analysis)


def test_a_name_not_on_offer_is_missed_as_usual() -> None:
    with pytest.raises(AttributeError, match="no attribute 'linkeages'"):
        _ = lianpu.analysis.linkeages


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, lianpu.analysis; print([m for m in ('numpy', 'polars', 'scipy', 'django') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
