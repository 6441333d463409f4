"""Finds the commit that changed what a trace gives: a search through the first parents from a good commit to a bad one.

Commits whose code is that of the commit before cannot have changed anything, and are not tried. Those that do not run
are passed over and named: when nothing but such commits lies before the first bad one, each of them may be the one. It
asks for as few replays as a search by halves needs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from harness.replaying.compare import between
from harness.replaying.comparison import ReplayResult, TraceOutcome, TraceVerdict, judge
from harness.replaying.repository import Commit, RevisionError
from harness.replaying.revisions import Revision, Revisions
from harness.traces import Comparison, Trace


class CannotBisect(RevisionError):
    """There is nothing to be found between these two; says which of them is not what it was said to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One commit that was tried: `good` (it gives what the good one gives), `bad`, or `skipped` with the reason."""

    commit: Commit
    outcome: str
    reason: str = ""

    def to_json(self) -> dict[str, str]:
        return {**self.commit.to_json(), "outcome": self.outcome, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bisection:
    """What was found. `suspects` holds the commit that did it; more than one where those before it do not run.

    `verdict` is the difference between the last good and the first bad commit. `note` says what is odd about the two
    that were given.
    """

    trace: str
    good: Commit
    bad: Commit
    commits: int
    replays: int
    tried: tuple[Tried, ...]
    suspects: tuple[Commit, ...]
    verdict: TraceVerdict
    note: str | None = None

    def document(self) -> dict[str, Any]:
        """As the command prints it with `--json`."""
        return {
            "trace": self.trace,
            "good": self.good.to_json(),
            "bad": self.bad.to_json(),
            "commits": self.commits,
            "replays": self.replays,
            "suspects": [commit.to_json() for commit in self.suspects],
            "verdict": self.verdict.to_json(),
            "skipped": [one.to_json() for one in self.tried if one.outcome == "skipped"],
            "tried": [one.to_json() for one in self.tried],
            "note": self.note,
        }


def bisect(session: Revisions, trace: Trace, good: str, bad: str, rules: Comparison) -> Bisection:
    """Search from `good` to `bad`; CannotBisect or RevisionError where that makes no sense."""
    repository = session.repository
    first, last = repository.commit(good), repository.commit(bad)
    commits = repository.first_parents(first, last)
    at = session.all_at([first, *commits])
    search = _Search(session=session, trace=trace, rules=rules)
    note = search.check_ends(replace(at[0], name=good), replace(at[-1], name=bad))
    groups = _groups(at)
    from_group, to_group = halve(len(groups) - 1, lambda number: search.is_bad(at[groups[number]]))
    suspects = [commits[groups[number] - 1] for number in range(from_group + 1, to_group + 1)]
    return Bisection(
        trace=trace.id,
        good=first,
        bad=last,
        commits=len(commits),
        replays=session.replays,
        tried=tuple(search.tried),
        suspects=tuple(suspects),
        verdict=search.difference(at[groups[from_group]], at[groups[to_group]]),
        note=note,
    )


def _groups(revisions: list[Revision]) -> list[int]:
    """Where code begins that differs from the revision's before; the good one's first."""
    return [
        number
        for number, revision in enumerate(revisions)
        if number == 0 or revision.code is None or revision.code != revisions[number - 1].code
    ]


def halve(last: int, is_bad: Callable[[int], bool | None]) -> tuple[int, int]:
    """Between 0, which is good, and `last`, which is bad: a good number and the next bad one that can be told.

    `is_bad` says None for a number that nobody can tell; all that lies between the two that are returned is such. After
    one of them the search goes on at another place, since they come in rows.
    """
    good, bad = 0, last
    untold: set[int] = set()
    while True:
        left = [number for number in range(good + 1, bad) if number not in untold]
        if not left:
            return good, bad
        missed = sum(good < number < bad for number in untold)
        wanted = good + (bad - good) * _spread(missed + 1)
        number = min(left, key=lambda one: (abs(one - wanted), one))
        answer = is_bad(number)
        if answer is None:
            untold.add(number)
        elif answer:
            bad = number
        else:
            good = number


def _spread(number: int) -> float:
    """1/2, 1/4, 3/4, 1/8, 5/8, ...: places that lie far from those before."""
    place, step = 0.0, 0.5
    while number:
        place += step * (number & 1)
        number >>= 1
        step /= 2
    return place


@dataclass(slots=True, kw_only=True)
class _Search:
    """Replays commits and remembers what they gave."""

    session: Revisions
    trace: Trace
    rules: Comparison
    tried: list[Tried] = field(default_factory=list)
    results: dict[str, ReplayResult] = field(default_factory=dict)
    good: ReplayResult = field(init=False)
    raises: bool = False

    def check_ends(self, good: Revision, bad: Revision) -> str | None:
        """Whether the two are what they were said to be; CannotBisect, or a note about what is odd about them."""
        first, last = self._result(good), self._result(bad)
        for name, revision, result in (("good", good, first), ("bad", bad, last)):
            if result.error is not None and not result.raised:
                raise CannotBisect(f"{name} is not known to be {name}: {revision} gives no result: {result.error}")
        self.good, self.raises = first, first.raised or last.raised
        difference = between(self.trace, first, last, self.rules)
        if difference.outcome is TraceOutcome.PASS:
            raise CannotBisect(f"bad is not bad: {bad} gives what {good} gives{self._and_the_baseline(first)}")
        if self.trace.baseline is None:
            return "there is no baseline: the good commit's output is taken for right"
        first_passes, last_passes = (self._passes(result) for result in (first, last))
        if not first_passes and not last_passes:
            told = "; ".join(judge(self.trace, first, self.rules).lines[:3]) or first.error or "its calls do not fit"
            raise CannotBisect(
                f"good is not good: {good} does not give the baseline either ({told}); name an older one"
            )
        if last_passes:
            return f"the baseline is what {bad} gives: it was refreshed since {good}"
        return None

    def is_bad(self, revision: Revision) -> bool | None:
        """Whether it gives something else than the good one; None when it does not run."""
        result = self._result(revision)
        assert revision.commit is not None
        if result.error is not None and not (result.raised and self.raises):
            self._note(revision.commit, "skipped", result.error)
            return None
        outcome = between(self.trace, self.good, result, self.rules).outcome
        if outcome is TraceOutcome.UNKNOWN:
            self._note(revision.commit, "skipped", "what it gives cannot be compared")
            return None
        self._note(revision.commit, "good" if outcome is TraceOutcome.PASS else "bad", "")
        return outcome is not TraceOutcome.PASS

    def difference(self, good: Revision, bad: Revision) -> TraceVerdict:
        """How the first bad one differs from the last good one."""
        return between(self.trace, self._result(good), self._result(bad), self.rules)

    def _result(self, revision: Revision) -> ReplayResult:
        assert revision.commit is not None
        same_code = revision.code or revision.commit.id
        if same_code not in self.results:
            self.session.progress(f"replaying {revision.commit.short} {revision.commit.subject}")
            ((_, self.results[same_code]),) = self.session.replay(revision, [self.trace])
        return self.results[same_code]

    def _passes(self, result: ReplayResult) -> bool:
        return judge(self.trace, result, self.rules).outcome is TraceOutcome.PASS

    def _and_the_baseline(self, result: ReplayResult) -> str:
        if self.trace.baseline is None:
            return ""
        if self._passes(result):
            return ", which is the baseline"
        return ", and neither is the baseline: the change is older than both"

    def _note(self, commit: Commit, outcome: str, reason: str) -> None:
        self.tried.append(Tried(commit=commit, outcome=outcome, reason=reason))
        self.session.progress(f"{commit.short} {outcome}{f': {reason.splitlines()[0][:200]}' if reason else ''}")
