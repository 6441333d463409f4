"""Takes secrets and personal data out of a trace, before it is written.

Headers that are not known to be harmless are left out. Every value that is found is replaced by its pseudonym,
everywhere in the trace: first all places in which a value stands under a name of its own are looked through, then all
that is known is replaced, also where no name says what it is. So what was joined by a value is joined still.

Replacing can change what the system decides: an order to the model may stand in a name. `keep` has the redacted trace
replayed, and refuses it if so. It cannot see into what is no text (pictures, archives), nor know a name that stands
nowhere under a name of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.traces.cassette import Cassette, Failure, Interaction, Request, Response
from harness.traces.diff import difference
from harness.traces.pseudonyms import Pseudonyms, Sort
from harness.traces.redaction_rules import RedactionRules
from harness.traces.rules import Comparison
from harness.traces.searching import Search, Unredactable
from harness.traces.sensitive import Known, person_words
from harness.traces.trace import Trace

_RANKS: Mapping[Sort, int] = {"secret": 0, "email": 1, "phone": 2, "person": 3, "name": 4}
_LINES_MAX = 10


class DecisionMoved(Unredactable):
    """The system decides otherwise about the redacted trace, so it is no record of what happened; says where."""


class Redactor:
    """Redacts traces by a project's rules and with a key; the same key gives the same pseudonyms."""

    def __init__(self, rules: RedactionRules, key: bytes) -> None:
        self._rules = rules
        self._pseudonyms = Pseudonyms(key)

    def of(self, trace: Trace, *documents: Any) -> "Redaction":
        """The redaction of one trace, and of what belongs to it."""
        return Redaction(self._rules, self._pseudonyms, trace, documents)

    def redact(self, trace: Trace) -> Trace:
        """`trace` without its secrets and personal data; Unredactable where that cannot be told."""
        return self.of(trace).trace()

    def keep(self, trace: Trace, replay: Callable[[Trace], Any], comparison: Comparison | None = None) -> Trace:
        """The redacted trace with the output of its own replay, if the system decides as it did; else DecisionMoved.

        `replay` gives the output of a trace, and raises where there is none.
        """
        before = replay(trace)
        redaction = self.of(trace, before)
        redacted = redaction.trace()
        after = replay(redacted)
        if self._rules.decision is None:
            moved = difference(redaction.document(before), after, comparison)
        else:
            moved = difference(self._rules.decision(before), self._rules.decision(after), comparison)
        if moved:
            lines = redaction.text("; ".join(str(one) for one in moved[:_LINES_MAX]))
            raise DecisionMoved(f"{trace.id}: without its secrets and personal data it is decided otherwise: {lines}")
        return redacted.with_baseline(after)


class Redaction:
    """One trace, looked through once; then anything of it can be redacted alike."""

    def __init__(
        self, rules: RedactionRules, pseudonyms: Pseudonyms, trace: Trace, documents: Iterable[Any] = ()
    ) -> None:
        self._rules, self._pseudonyms, self._trace = rules, pseudonyms, trace
        self._found: dict[str, Sort] = {}
        self._persons: set[str] = set()
        looking = Search(rules, self._notice)
        self._within(trace, looking)
        for document in documents:
            looking.document(document)
        known: list[tuple[Sort, str]] = [
            ("person", word) for one in sorted(self._persons) for word in person_words(one)
        ]
        known += [(sort, value) for value, sort in self._found.items()]
        self._search = Search(rules, self._pseudonym, Known(known).find)

    def trace(self) -> Trace:
        """The trace."""
        return self._within(self._trace, self._search)

    def document(self, document: Any) -> Any:
        """Plain data, such as an output."""
        return self._search.document(document)

    def text(self, text: str) -> str:
        """Any text."""
        return self._search.text(text)

    def _notice(self, sort: Sort, value: str) -> str:
        if value in self._rules.public:
            return value
        known = self._found.get(value)
        if known is None or _RANKS[sort] < _RANKS[known]:
            self._found[value] = sort
        if sort == "person":
            self._persons.add(value)
        return value

    def _pseudonym(self, sort: Sort, value: str) -> str:
        if value in self._rules.public:
            return value
        return self._pseudonyms.of(self._found.get(value, sort), value)

    def _within(self, trace: Trace, search: Search) -> Trace:
        try:
            return self._each(trace, search)
        except Unredactable as error:
            raise Unredactable(f"{trace.id}: {error}") from error

    def _each(self, trace: Trace, search: Search) -> Trace:
        source, faults = search.text(trace.made.source), tuple(search.text(one) for one in trace.made.faults)
        interactions = tuple(self._interaction(one, search) for one in trace.cassette.interactions)
        return replace(
            trace,
            title=search.text(trace.title),
            made=replace(trace.made, source=source, faults=faults),
            partners=tuple(search.document(dict(one), ("partners",)) for one in trace.partners),
            inputs=tuple(replace(one, body=search.text(one.body)) for one in trace.inputs),
            cassette=Cassette(interactions=interactions),
            baseline=search.document(trace.baseline),
        )

    def _interaction(self, one: Interaction, search: Search) -> Interaction:
        asked = Request(
            method=one.request.method,
            uri=search.uri(one.request.uri),
            headers=self._headers(one.request.headers, search),
            body=search.text(one.request.body),
        )
        failure = one.failure
        if failure is not None:
            part = None if failure.part is None else self._response(failure.part, search)
            failure = Failure(kind=failure.kind, after_s=failure.after_s, part=part)
        response = None if one.response is None else self._response(one.response, search)
        return Interaction(request=asked, response=response, failure=failure)

    def _response(self, answer: Response, search: Search) -> Response:
        return replace(answer, headers=self._headers(answer.headers, search), body=search.text(answer.body))

    def _headers(self, headers: Mapping[str, str], search: Search) -> dict[str, str]:
        kept: dict[str, str] = {}
        for name, value in headers.items():
            if self._rules.keeps_header(name):
                kept[name] = search.text(value)
            elif self._rules.sort_of((name,)) == "secret":
                for credential in _credentials(name.lower(), value):
                    search.text(credential, sort="secret")  # known from now on, wherever else it stands
        return kept


def _credentials(name: str, value: str) -> Iterable[str]:
    """What is secret in a header that is left out: its cookies, or all of it and what stands after a scheme."""
    if name.endswith("cookie"):
        cookies = value.split(";")[: 1 if name.startswith("set-") else None]
        yield from (cookie.partition("=")[2].strip() for cookie in cookies)
    else:
        yield value
        yield value.partition(" ")[2].strip()
