"""Redis keeps nothing unless asked, listens on loopback, and takes its memory limit from the options."""

from harness.services.redis import Redis
from tests.harness.services.placements import placement


def settings(**options: str) -> dict[str, str]:
    words = list(Redis().command(placement(options=options)).argv[1:])
    return {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}


def test_by_default_nothing_is_kept_and_memory_is_without_limit() -> None:
    found = settings()
    assert (found["save"], found["appendonly"], found["maxmemory"]) == ("", "no", "0")
    assert (found["bind"], found["port"]) == ("127.0.0.1", "20000")


def test_options_set_memory_policy_and_persistence() -> None:
    found = settings(maxmemory="4mb", maxmemory_policy="allkeys-lru", persistence="append")
    assert (found["maxmemory"], found["maxmemory-policy"], found["appendonly"]) == ("4mb", "allkeys-lru", "yes")


def test_in_a_container_it_listens_for_its_network_and_takes_the_programs_of_the_image() -> None:
    contained = placement(image="sha256:one", bind="0.0.0.0")
    argv = Redis().command(contained).argv
    assert argv[0] == "redis-server"
    assert argv[argv.index("--bind") + 1] == "0.0.0.0"
    assert argv[argv.index("--protected-mode") + 1] == "no"
