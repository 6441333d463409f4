"""Sources rewritten through their syntax trees: changes of behaviour, and rewrites that keep it.

What finds places and writes sources (`places`), what to do there (`changes`, `rewritings`), which of them traces get to
(`reaching`), and a replay of a tree with one source exchanged (`trial`). `benchmarks.gate_score` puts it together.
"""
