"""All proxies of one process, by name. Changes happen one after the other; looking never waits."""

import asyncio
from collections.abc import Callable, Iterable

from harness.clock import sleep_s
from harness.proxy.errors import ApiError, proxy_already_exists, proxy_not_found
from harness.proxy.proxy import Proxy
from harness.proxy.specs import ProxySpec


class Proxies:
    """`seed` decides every draw of every toxic."""

    def __init__(self, *, seed: int = 0) -> None:
        self._seed = seed
        self._proxies: dict[str, Proxy] = {}
        self._changing = asyncio.Lock()

    def all(self) -> tuple[Proxy, ...]:
        """The proxies in the order they were made."""
        return tuple(self._proxies.values())

    def get(self, name: str) -> Proxy:
        """The proxy of that name; raises ApiError (404)."""
        if name not in self._proxies:
            raise proxy_not_found()
        return self._proxies[name]

    async def create(self, spec: ProxySpec) -> Proxy:
        """Raises ApiError: 409 for a name that is taken, 500 when the address cannot be had."""
        async with self._changing:
            if spec.name in self._proxies:
                raise proxy_already_exists()
            return await self._add(spec)

    async def update(self, name: str, change: Callable[[ProxySpec], ProxySpec]) -> Proxy:
        """Make a proxy what `change` makes of what it is when its turn has come.

        Raises ApiError: 404, whatever `change` raises, or 500 when the address cannot be had.
        """
        async with self._changing:
            proxy = self.get(name)
            await proxy.update(change(proxy.spec()))
            await _sockets_closed()
            return proxy

    async def remove(self, name: str) -> None:
        """Raises ApiError (404)."""
        async with self._changing:
            proxy = self.get(name)
            proxy.disable()
            del self._proxies[name]
            await _sockets_closed()

    async def cut(self, name: str, number: int | None = None) -> int:
        """Reset the open connections of a proxy, or one of them; returns how many. Raises ApiError (404)."""
        count = self.get(name).cut(number)
        await _sockets_closed()
        return count

    async def populate(self, specs: Iterable[ProxySpec]) -> tuple[tuple[Proxy, ...], ApiError | None]:
        """Make the proxies that are missing, replace those with other addresses, leave the rest as they are.

        Returns those that are there now, and the error that stopped it before the end, if one did.
        """
        done: list[Proxy] = []
        async with self._changing:
            for spec in specs:
                existing = self._proxies.get(spec.name)
                try:
                    if existing is None:
                        done.append(await self._add(spec))
                    elif existing.upstream == spec.upstream and await existing.listens_on(spec.listen):
                        done.append(existing)
                    else:
                        existing.disable()
                        done.append(await self._add(spec))
                except ApiError as error:
                    return tuple(done), error
        return tuple(done), None

    async def reset(self) -> None:
        """Enable every proxy and remove every toxic, of all that can be enabled and of those that cannot.

        Raises ApiError (500), the first of them, when a proxy's address could not be had.
        """
        errors: list[ApiError] = []
        async with self._changing:
            for proxy in self.all():
                for name in list(proxy.toxics):
                    proxy.remove_toxic(name)
                try:
                    await proxy.enable()
                except ApiError as error:
                    errors.append(error)
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Close every listener and reset every connection; for the end of the process."""
        for proxy in self.all():
            proxy.disable()

    async def _add(self, spec: ProxySpec) -> Proxy:
        proxy = Proxy(spec, seed=self._seed)
        if spec.enabled:
            await proxy.enable()
        self._proxies[spec.name] = proxy
        return proxy


async def _sockets_closed() -> None:
    """Sockets that were aborted are closed in the next turn of the loop: whoever is answered after it finds them so."""
    await sleep_s(0)
