"""How much of a training's time looks at it may take: each account has a share of it, and affords a
look when that share pays for one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Clock = Callable[[], float]
LAST_SHARE = 0.05
"""What all looks with the last one may take, if their share is less: it says what the machine has
become.
"""
FIRST_LOOK = 0.01
"""A guess at what a look costs of which nothing else is known, in seconds."""


@dataclass
class Account:
    """One kind of look: seconds spent on it, and seconds that the next one is expected to take."""

    spent: float = 0.0
    expected: float = 0.0
    looks: int = 0

    def charge(self, seconds: float) -> None:
        """Notes a look.

        The first one compiles or loads what it calls: the second one's time counts for both.
        """
        self.looks += 1
        if self.looks > 1:
            self.spent += seconds * (2 if self.looks == 2 else 1)
            self.expected = seconds


class Budget:
    """Accounts that together take at most `share` of the time that everything else takes, each an
    equal part of it.

    Only looks may depend on it, which change nothing: what a machine computes does not depend on
    the clock.
    """

    def __init__(
        self, share: float, names: Iterable[str], clock: Clock = time.perf_counter
    ) -> None:
        self.accounts = {name: Account() for name in names}
        self.all = share >= 1
        """Whether every look is taken."""
        self._whole = max(share, LAST_SHARE)
        self.share = share / len(self.accounts)
        self._clock = clock
        self._looked = 0.0
        self.begin()

    def begin(self, grace: float = 0.0) -> None:
        """Training begins now. All looks may take `grace` seconds more, however short it is."""
        self._begun = self._clock()
        self._grace = grace / len(self.accounts)

    @property
    def trained(self) -> float:
        """Seconds of training so far, less those of looks."""
        return self._clock() - self._begun - self._looked

    def affords(self, name: str, updates: int = 0, cost: float = 0.0, last: bool = False) -> bool:
        """Whether a look is paid for, and the last one after it.

        Before the first one, `cost` is a guess at its cost in updates, of which `updates` were
        made; FIRST_LOOK stands for none.

        The `last` look may take what all accounts have left.
        """
        account, trained = self.accounts[name], self.trained
        if self.all:
            return True
        if last:
            spent = sum(x.spent for x in self.accounts.values())
            grace = self._grace * len(self.accounts)
            if account.looks:
                return spent + account.expected <= self._whole * trained + grace
            left = self._whole - (max(0.0, spent - grace) / trained if trained > 0 else 0.0)
            return cost <= left * updates
        if account.looks:
            return account.spent + 2 * account.expected <= self.share * trained + self._grace
        if cost:
            return 2 * cost <= self.share * updates
        return 2 * FIRST_LOOK <= self.share * trained + self._grace

    @contextmanager
    def spending(self, name: str) -> Iterator[None]:
        """What is done inside goes on this account, less what inside it goes on another one."""
        begun, before = self._clock(), self._looked
        try:
            yield
        finally:
            seconds = self._clock() - begun - (self._looked - before)
            self._looked += seconds
            self.accounts[name].charge(seconds)
