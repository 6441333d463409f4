"""Makes the scorecard of each partner once its week is over, and sends it: nobody has to remember to.

A week of which a partner has sent nothing makes none. What was made is kept, and stays unsent in the database until it
is in the queue of the notices, so a restart in between loses none; at most half of that queue is theirs, so that a week
of many partners pushes no other notice out.
"""

import logging
from functools import partial
from typing import Any

from system.analytics.scorecard import WEEK, days_of, scorecard_of
from system.clock import Clock
from system.monitor.delivery import WAITING_MAX, Delivery
from system.settings import Settings
from system.storage import DatabaseUnavailable, Partner, Storage
from system.storage.blocking import RunBlocking, in_thread
from system.storage.quality_reviews import week_of
from system.storage.scorecards import KeptScorecard

WEEKS_BACK = 4
"""How many weeks that are over are looked at after a start: what was missed before that stays missed."""

_log = logging.getLogger(__name__)


class WeeklyScorecards:
    """For one event loop; `delivery` is addressed, `calendar` says which weeks are over."""

    def __init__(
        self,
        storage: Storage,
        delivery: Delivery,
        settings: Settings,
        calendar: Clock,
        *,
        run_blocking: RunBlocking = in_thread,
    ) -> None:
        self._storage, self._delivery, self._settings, self._calendar = storage, delivery, settings, calendar
        self._run_blocking = run_blocking
        self._made: set[str] = set()
        self._blind = False

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            await self.step()
            await self._calendar.sleep_s(self._settings.trust_interval_s)

    async def step(self) -> None:
        """Makes what is due, and sends what is not sent."""
        try:
            await self._run_blocking(self._make)
            room = WAITING_MAX // 2 - len(self._delivery.waiting)
            for one, url in await self._run_blocking(lambda: self._unsent(room)) if room > 0 else ():
                self._delivery.send({"url": url, "body": notice_of(one)})
                await self._run_blocking(partial(self._storage.scorecards.mark_sent, one, self._calendar.now()))
        except Exception as error:
            # Whatever it is: the process has more to look after, and this is tried again.
            if not self._blind:
                _log.warning("cannot make scorecards: %s", error, exc_info=not isinstance(error, DatabaseUnavailable))
            self._blind = True
        else:
            self._blind = False

    def _make(self) -> None:
        now = self._calendar.now()
        for weeks_ago in range(WEEKS_BACK, 0, -1):
            week = week_of(now - weeks_ago * WEEK)
            if week in self._made:
                continue
            there = {one.partner_id for one in self._storage.scorecards.of_week(week)}
            for partner in self._storage.partners.all():
                if not partner.steered_clock and partner.id not in there:
                    self._make_one(partner, week)
            self._made.add(week)

    def _make_one(self, partner: Partner, week: str) -> None:
        made = scorecard_of(self._storage, self._settings, partner, week)
        if made.outcomes:
            document = {**made.as_json(), "message": made.sentence}
            self._storage.scorecards.keep(week, partner.id, document, at=self._calendar.now())

    def _unsent(self, limit: int) -> list[tuple[KeptScorecard, str | None]]:
        unsent = self._storage.scorecards.unsent(limit)
        urls = {partner.id: partner.notice_url for partner in self._storage.partners.all()} if unsent else {}
        return [(one, urls.get(one.partner_id)) for one in unsent]


def notice_of(one: KeptScorecard) -> dict[str, Any]:
    """The notice's body."""
    start, end = days_of(one.week)
    scorecard = {name: value for name, value in one.document.items() if name != "message"}
    return {
        "kind": "weekly_scorecard",
        "partner": one.partner_id,
        "week": one.week,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "message": one.document.get("message", ""),
        "scorecard": scorecard,
    }
