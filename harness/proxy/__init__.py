"""The embedded fault proxy: passes TCP connections on, and harms them when told to, over Toxiproxy's HTTP API.

It runs in a process of its own (`harness proxy`, `python -m harness.proxy`) and is steered over HTTP alone;
`client.ProxyControl` is the engine's side of that, for this proxy and for Toxiproxy. It knows bytes and connections,
not protocols, and it draws no conclusions.

A drop-in for Toxiproxy 2.12: the same routes, verbs, statuses and bodies, so its clients work unchanged. Where it
differs, it does so on purpose.

Beyond Toxiproxy:

* A seed decides toxicity, jitter, sizes and losses. A connection keeps its draw for as long as the toxic is there:
  others that come, go or change do not roll it again, and neither does a change of its own. (There it is drawn again
  whenever the toxic behind it comes or goes.)
* `GET /proxies/NAME/connections` lists what is open and which toxics it has, with all counts; `DELETE` cuts all, or one
  (`/connections/ID`). `/metrics` always answers, and counts bytes while a connection is open.
* A toxic can be removed at any time, also from a connection whose receiver no longer reads: the API never waits for it.
* A changed upstream leaves the listener open. A listener that cannot be had changes nothing.
* `packet_loss`, from a later Toxiproxy.

Otherwise than Toxiproxy:

* A half-close passes as a half-close: a client that has sent its last byte still gets its answer. A reset passes as
  a reset. An upstream that cannot be reached, a proxy that is disabled, and one that moves reset their clients.
* `latency` and `bandwidth` add up in either order: a line takes time for the bytes, and then for the way.
* `timeout` and `reset_peer` count from when they get hold of a connection, not from its last or first bytes: a pool of
  idle connections cannot hide from them.
* A changed `latency`, `bandwidth` or `slow_close` times what waits anew; in Toxiproxy what waits goes at once.
* What cannot work is refused with 400 when it is said, not accepted: an address that is none, an attribute that the
  toxic does not have, a value out of range, a `slicer` without `average_size`. Messages begin with Toxiproxy's words.
* An absent host is loopback, in `listen` too. Errors are `application/json`. `{"proxies": []}` is never `null`.
"""

API_VERSION = "2.12.0"
"""The Toxiproxy whose API this is."""
