"""`python -m tests.curated [ID...]`: records the curated traces that are not there, or those that are named.

With `--table` it writes the table of traces/README.md instead.
"""

import sys
from pathlib import Path

from harness.traces import load_trace, load_traces, save_trace
from system.replay import replay
from tests.curated.case import recorded
from tests.curated.groups import CASES
from tests.curated.table import with_table

ROOT = Path(__file__).resolve().parents[2] / "traces"


def main(named: list[str]) -> int:
    """Writes them; 2 when one is named that is none."""
    if named == ["--table"]:
        readme = ROOT / "README.md"
        readme.write_text(with_table(readme.read_text(encoding="utf-8"), load_traces(ROOT)), encoding="utf-8")
        return 0
    if strange := set(named) - {case.id for case in CASES}:
        print(f"no such case: {', '.join(sorted(strange))}", file=sys.stderr)
        return 2
    for case in CASES:
        if case.id in named or not (named or (ROOT / case.id).exists()):
            written = save_trace(recorded(case), ROOT)
            # A cassette spreads JSON over lines, and a reason may quote it: what is read back is what is replayed.
            read = load_trace(ROOT / written.id, root=ROOT)
            save_trace(read.with_baseline(replay(read.to_contract())["output"]), ROOT)
            print(case.id)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
