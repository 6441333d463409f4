"""What a project says about its secrets and personal data, beside what the engine knows of any.

The engine knows headers, field names and forms that are the same everywhere. Which parts of a project's own messages
say who somebody is, it is told here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from harness.traces.pseudonyms import Sort

KEPT_HEADERS = frozenset({"content-type", "accept", "retry-after", "idempotency-key", "idempotent-replayed"})
"""The headers that are written down, small letters; every other one is left out."""

_SECRET_ENDS = (
    *("password", "passwd", "passphrase", "secret", "token", "credential", "authorization", "cookie", "signature"),
    *("apikey", "accesskey", "secretkey", "privatekey", "sessionid", "bearer"),
)
_FIELDS: Mapping[str, Sort] = {
    **dict.fromkeys(("email", "emails", "emailaddress", "mail"), "email"),
    **dict.fromkeys(("phone", "phones", "phonenumber", "telephone", "mobile", "cell", "cellphone", "fax"), "phone"),
    **dict.fromkeys(("firstname", "lastname", "fullname", "surname", "contactname", "contactperson"), "person"),
    **dict.fromkeys(("pwd", "sig", "auth", "otp", "secrets", "credentials"), "secret"),
}
_ALL_INSIDE = ("secrets", "credentials")
ANY_ITEM = "[*]"


class Sensitive(NamedTuple):
    """A stretch of a text that must not be written down."""

    start: int
    end: int
    sort: Sort


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionRules:
    """`headers` are kept beside the engine's own. `fields` say by name what a field of JSON, a form or a query holds.

    A name may have more before it, as in `stops[*].name`: it then means a field of that name in such a place. `spans`
    finds what is sensitive in a message of the project's own format, wherever in a text that stands. `public` values
    are everybody's to know. `decision` reduces an output to what the system decided, which redacting must not change;
    without one, the whole output must be the same but for pseudonyms.
    """

    headers: frozenset[str] = frozenset()
    fields: Mapping[str, Sort] = field(default_factory=dict)
    spans: Callable[[str], Iterable[Sensitive]] | None = None
    public: frozenset[str] = frozenset()
    decision: Callable[[Any], Any] | None = None

    def keeps_header(self, name: str) -> bool:
        """Whether a header is written down."""
        return name.lower() in KEPT_HEADERS or name.lower() in {kept.lower() for kept in self.headers}

    def sort_of(self, path: tuple[str, ...]) -> Sort | None:
        """What the field at `path` (names and `[*]`) holds, if its name says that it is sensitive."""
        names = tuple(_bare(step) for step in path if step != ANY_ITEM)
        if not names:
            return None
        for name, sort in self.fields.items():
            wanted = _wanted(name)
            if names[-len(wanted) :] == wanted:
                return sort
        if names[-1].endswith(_SECRET_ENDS) or any(name in _ALL_INSIDE for name in names):
            return "secret"
        return _FIELDS.get(names[-1])


@lru_cache(maxsize=4_096)
def _bare(name: str) -> str:
    """A name as it is compared: `Phone-Number` is `phonenumber`."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


@lru_cache(maxsize=256)
def _wanted(name: str) -> tuple[str, ...]:
    return tuple(_bare(one) for one in name.replace(ANY_ITEM, "").split("."))
