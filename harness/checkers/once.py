"""What was done was done once, and a name means one thing."""

from collections import Counter
from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import Told, acknowledgements, rows_of, snapshot, some
from harness.history import Event, History
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedExactlyOnce(Claim):
    """Where a row says that it had an effect outside, the outside holds that one effect, and nothing holds two.

    Rows of `snapshot` name their effect in `effect_id`; effects stand in the snapshot `effects`, under `field`, each
    with the same `effect_id` and, in `effect_key`, what `key` is in a row.
    """

    key: str
    snapshot: str = "rows"
    effects: str
    field: str
    effect_key: str
    effect_id: str

    def check(self, history: History) -> Verdict:
        rows, effects = snapshot(history, self.snapshot), snapshot(history, self.effects)
        if rows is None or effects is None:
            return self._unknown(f"no snapshot {self.effects if rows else self.snapshot} was taken")
        done = rows_of(effects, self.field)
        if not done:
            return self._unknown("nothing had an effect")
        evidence: list[Event] = [rows, effects]
        several = [key for key, count in Counter(str(one[self.effect_key]) for one in done).items() if count > 1]
        if several:
            return self._fail(f"{len(several)} were applied more than once: {some(several)}", evidence)
        named = [row for row in rows_of(rows) if row.get(self.effect_id) is not None]
        if not named:
            return self._unknown(f"no row of {self.snapshot} names its effect", evidence)
        there = {str(one[self.effect_key]): str(one[self.effect_id]) for one in done}
        wrong = [
            f"{row[self.key]} says {row[self.effect_id]}, there is {there.get(str(row[self.key]), 'none')}"
            for row in named
            if there.get(str(row[self.key])) != str(row[self.effect_id])
        ]
        if wrong:
            return self._fail(f"{len(wrong)} rows name an effect that is not there: {some(wrong)}", evidence)
        return self._pass(f"{len(done)} effects, one for each {self.key}", evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdsNameOneThing(Claim):
    """No id that a client was given stands for two things, in all that was ever answered."""

    write: str
    id_field: str
    key: str = "identity"

    def check(self, history: History) -> Verdict:
        meanings: dict[str, dict[str, int]] = {}
        for told in acknowledgements(history, self.write, self.key):
            if (given := told.result.get(self.id_field)) is not None:
                meanings.setdefault(str(given), {}).setdefault(told.key, told.event.number)
        if not meanings:
            return self._unknown(f"no {self.write} was answered with an id")
        shared = {given: things for given, things in meanings.items() if len(things) > 1}
        if shared:
            listed = [f"{given} is {' and '.join(things)}" for given, things in shared.items()]
            evidence = [number for things in shared.values() for number in things.values()]
            return self._fail(f"{len(shared)} ids name more than one thing: {some(listed, 3)}", evidence)
        return self._pass(f"{len(meanings)} ids, each one thing", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatsAnsweredAlike(Claim):
    """What was sent again was answered as the thing that it is: with the one id, and as new at most once.

    `new` are the words under `status` that say that a thing was not known before. Where nothing was acknowledged twice
    nothing can be said.
    """

    write: str
    id_field: str
    key: str = "identity"
    status: str = "status"
    new: str = "accepted"

    def check(self, history: History) -> Verdict:
        answers: dict[str, list[Told]] = {}
        for told in acknowledgements(history, self.write, self.key):
            answers.setdefault(told.key, []).append(told)
        repeated = {key: told for key, told in answers.items() if len(told) > 1}
        if not repeated:
            return self._unknown(f"no {self.write} was acknowledged twice")
        wrong: dict[str, str] = {}
        for key, several in repeated.items():
            ids = list(dict.fromkeys(str(told.result.get(self.id_field)) for told in several))
            anew = sum(told.result.get(self.status) == self.new for told in several)
            if len(ids) > 1:
                wrong[key] = f"{key} is {some(ids, 3)}"
            elif anew > 1:
                wrong[key] = f"{key} was {self.new} {anew} times"
        if wrong:
            evidence = [told.event for key in wrong for told in repeated[key]]
            return self._fail(f"{len(wrong)} of {len(repeated)} that came again: {some(wrong.values(), 3)}", evidence)
        times = sum(map(len, repeated.values()))
        return self._pass(f"{len(repeated)} came again, {times} answers, each with the one id of its {self.key}", ())
