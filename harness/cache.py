"""Where this user's caches lie: what can be made again, and only costs time when it is gone.

A folder a kind, below `${XDG_CACHE_HOME:-~/.cache}/drill-harness/`; each kind bounds its own. Nothing is
made or removed here.
"""

import os
from pathlib import Path


def cache_folder(kind: str) -> Path:
    """The folder of one kind of things; it need not be there."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "drill-harness" / kind
