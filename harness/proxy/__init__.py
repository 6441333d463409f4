"""The embedded fault proxy: passes TCP connections on, and harms them when told to, over Toxiproxy's HTTP API.

It runs in a process of its own (`python -m harness.proxy`) and is steered over HTTP alone; `client.ProxyControl` is the
engine's side of that. It knows bytes and connections, not protocols, and it draws no conclusions.
"""
