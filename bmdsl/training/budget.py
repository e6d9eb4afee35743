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
FIRST_LOOK = 0.005
"""A guess at what a look costs of which nothing else is known, in seconds."""
LOADING = 0.04
"""Seconds that a dear look's first one loads for, once a process: a training that cannot pay for
them does without.
"""
EARLY = 1.0
"""Seconds of a training in which the first account may have the parts of those that cannot afford a
look yet.
"""


@dataclass
class Account:
    """One kind of look: seconds spent on it, and seconds that the next one is expected to take."""

    spent: float = 0.0
    expected: float = FIRST_LOOK
    looks: int = 0

    def charge(self, seconds: float) -> None:
        """Notes a look.

        The first one compiles or loads what it calls: the second one's time counts for both.
        """
        self.looks += 1
        if self.looks == 1:
            self.spent = self.expected = min(seconds, FIRST_LOOK)
            return
        self.spent = 2 * seconds if self.looks == 2 else self.spent + seconds
        self.expected = seconds


class Budget:
    """Accounts that together take at most `share` of the time that everything else takes, each an
    equal part of it in the long run.

    Only looks may depend on it, which change nothing: what a machine computes does not depend on
    the clock.
    """

    def __init__(
        self, share: float, names: Iterable[str], clock: Clock = time.perf_counter
    ) -> None:
        self.accounts = {name: Account() for name in names}
        self.all = share >= 1
        """Whether every look is taken."""
        self._share = share
        self._clock = clock
        self._looked = 0.0
        self._begun = clock()

    @property
    def trained(self) -> float:
        """Seconds of training so far, what prepared it among them, less those of looks."""
        return self._clock() - self._begun - self._looked

    @property
    def spent(self) -> float:
        """Seconds of all looks so far, less what first ones loaded."""
        return sum(x.spent for x in self.accounts.values())

    def affords(self, name: str, updates: int = 0, cost: float = 0.0, last: bool = False) -> bool:
        """Whether a look is paid for, and the last one after it.

        Before the first one, `cost` is a guess at its cost in updates, of which `updates` were
        made; FIRST_LOOK stands for none.

        The `last` look may take what all accounts have left.
        """
        if self.all:
            return True
        account, trained = self.accounts[name], self.trained
        whole = max(self._share, LAST_SHARE) if last else self._share
        looks = 1 if last else 2
        left = whole * trained - self.spent
        if cost and not account.looks:
            paid = left / trained * updates if trained > 0 else 0.0
            part = whole if last else whole / len(self.accounts)
            return looks * cost <= min(paid, part * updates) and LOADING <= part * trained
        if last:
            return account.expected <= left
        part = self._share * max(trained / len(self.accounts), min(trained, EARLY))
        return looks * account.expected <= min(left, part - account.spent)

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
