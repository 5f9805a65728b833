"""What several test modules share: where the real data lies, and how to say that it is absent."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def lianpu_data() -> Path:
    """Folder of the real data (``LIANPU_DATA``, else ``shared/data`` beside the checkout); skips where absent."""
    place = Path(os.environ.get("LIANPU_DATA", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        pytest.skip("real data absent: set LIANPU_DATA to the folder that holds registry/, io/ …")
    return place
