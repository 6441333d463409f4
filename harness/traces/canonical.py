"""One spelling for each JSON document, so that equality is a comparison of bytes.

Keys are sorted, white space is left out, infinities and NaN are refused. Numbers stay as they are: 1 and 1.0 differ, as
they do for a reader of the output. It says whether, never where: `diff` does that.
"""

import hashlib
import json
from typing import Any


def canonical_json(document: Any) -> str:
    """`document` in its one spelling; ValueError when it holds what JSON has not."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(document: Any) -> str:
    """The SHA-256 of the canonical spelling, in hex."""
    return hashlib.sha256(canonical_json(document).encode("utf-8", "surrogatepass")).hexdigest()


def canonical_body(body: str) -> str:
    """A message's body in one spelling if it is JSON, else as it is."""
    try:
        return canonical_json(json.loads(body))
    except (ValueError, RecursionError):
        return body
