"""What the curated traces are made of: the signals, and what the outside parties did meanwhile.

`python -m tests.curated` records those that are not in `traces/` yet, from the system's own code: answers and baseline
are what came of it, never written by hand. One module a folder. A trace is renewed with `harness trace refresh`, like
any other; this program then only says how its signals were made.
"""
