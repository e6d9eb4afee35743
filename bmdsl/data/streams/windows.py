"""The windows of a stream in memory: the one that is trained on, and the next one, which a thread
reads meanwhile.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from .order import Order
from .shared_reading import SharedReading
from .view import ShardView

Array = np.ndarray
Key = tuple[int, ...]


@dataclass(frozen=True)
class CaseWindow:
    """Training cases of some blocks, ascending, and their values by group, as they are held.

    `key` names the window: its blocks, after the epoch and the window's number if its cases here
    depend on these.
    """

    key: Key
    cases: Array
    values: dict[str, Array]

    def places(self, cases: Array) -> Array:
        """Where cases stand in the values; −1 of those that are not here."""
        if not len(self.cases):
            return np.full(len(cases), -1)
        at = np.minimum(np.searchsorted(self.cases, cases), len(self.cases) - 1)
        return np.where(self.cases[at] == cases, at, -1)


class Windows:
    """Windows in the order of an epoch, and of the epochs after it.

    At most two are held: that of the cases that were taken last, and the one that is read ahead, or
    the one before, where a minibatch has cases of both.

    Of a stream that ranks share, a window has the cases that this rank trains on. It reads other
    ones, and what is read ahead is changed for a window when it is brought.
    """

    def __init__(self, view: ShardView, seed: int, shared: SharedReading | None = None) -> None:
        self.view, self.seed, self.shared = view, seed, shared
        self._order: Order | None = None
        self._held: list[CaseWindow] = []
        self._ahead: tuple[Key, Future[CaseWindow]] | None = None
        self._changed: CaseWindow | None = None
        """What was read of the window that was changed last: the next one may have its blocks."""
        self._reader: ThreadPoolExecutor | None = None
        self._spare: list[dict[str, Array]] = []
        self._end: tuple[int, int] | None = None

    def ends(self, epoch: int, place: int) -> None:
        """Nothing is read ahead from the `place`-th case of an epoch's order on."""
        self._end = epoch, place

    def order(self, epoch: int) -> Order:
        """The order of an epoch, which is followed from now on."""
        if self._order is None or self._order.epoch != epoch:
            self._order = Order(self.view.blocks, self.seed, epoch)
        return self._order

    def take(self, name: str, cases: Array) -> Array:
        """Values of a group for cases of the order that is followed.

        Of a stream that ranks share, cases of this rank, in windows that were brought.
        """
        if len(self._held) == 1:
            at = self._held[0].places(cases)
            if (at >= 0).all():
                return self.view.reader.taken(name, self._held[0].values[name], at)
        if self.shared is None:
            self.bring(cases)
        found = [(w, w.places(cases)) for w in self._held]
        shape, dtype = self.view.reader.kinds()[name]
        out = np.empty((len(cases), *shape), dtype)
        missing = np.ones(len(cases), bool)
        for window, at in found:
            here = at >= 0
            out[here] = self.view.reader.taken(name, window.values[name], at[here])
            missing &= ~here
        if missing.any():  # of an order that is no longer followed
            out[missing] = self.view.take(cases[missing])[name]
        return out

    def bring(self, cases: Array) -> None:
        """Has the windows of these cases in memory, the next one being read.

        If ranks share the stream, all of them bring the same windows at the same time.
        """
        order = self._order
        if order is None:
            return
        wanted = np.unique(order.window_of[self.view.blocks.of(cases)])
        keys = {self._key(order, int(w)): int(w) for w in wanted}
        gone = [w for w in self._held if w.key not in keys]
        for held in gone:
            self._held.remove(held)
            self._spare.append(held.values)
        new = [w for key, w in keys.items() if all(x.key != key for x in self._held)]
        for window in new:
            self._held.append(self._brought(order, window))
        if len(self._held) == 1 and (gone or new):
            self._read_ahead(order, int(wanted[-1]) + 1)

    def _key(self, order: Order, window: int) -> Key:
        blocks = tuple(map(int, order.blocks_of(window)))
        return blocks if self.shared is None else (order.epoch, window, *blocks)

    def _blocks(self, order: Order, window: int) -> Key:
        """The blocks of a window that are read here."""
        if self.shared is None:
            return tuple(map(int, order.blocks_of(window)))
        return tuple(map(int, self.shared.blocks_here(order, window)))

    def _brought(self, order: Order, window: int) -> CaseWindow:
        """A window, from what was read of it."""
        blocks = self._blocks(order, window)
        if self.shared is None:
            return self._awaited(blocks)
        read = self.shared.ranks.each(lambda: self._awaited(blocks))
        cases = self.shared.own_cases(order, window)
        made = CaseWindow(self._key(order, window), cases, self._room(len(cases)))
        self.shared.exchange(order, window, read.values, made.values)
        self._changed = read
        return made

    def _awaited(self, blocks: Key) -> CaseWindow:
        """What was read ahead, or is read now."""
        if self._changed is not None:
            found, self._changed = self._changed, None
            if found.key == blocks:
                return found
            self._spare.append(found.values)
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            found = ahead[1].result()
            if ahead[0] == blocks:
                return found
            self._spare.append(found.values)
        return self._read(blocks, self._room(self._cases_of(blocks)))

    def _read_ahead(self, order: Order, window: int) -> None:
        if window == order.windows:
            order, window = Order(self.view.blocks, self.seed, order.epoch + 1), 0
        if self._end is not None and (order.epoch, int(order.starts[window])) >= self._end:
            return
        blocks = self._blocks(order, window)
        there = self._held if self._changed is None else [self._changed]
        if any(w.key == blocks for w in there):
            return
        if self._changed is not None:
            self._spare.append(self._changed.values)
            self._changed = None
        if self._reader is None:
            self._reader = ThreadPoolExecutor(1, "bmdsl reads ahead")
        room = self._room(self._cases_of(blocks))
        self._ahead = blocks, self._reader.submit(self._read, blocks, room)

    def _cases_of(self, blocks: Key) -> int:
        """Rows that cases of these blocks take; of a whole window, those of any."""
        layout = self.view.blocks
        if self.shared is not None:
            return int(layout.sizes[list(blocks)].sum())
        return min(max(layout.room, int(layout.held.max())), layout.count)

    def _room(self, rows: int) -> dict[str, Array]:
        """Arrays for a window: they are used again and again."""
        while self._spare:
            found = self._spare.pop()
            if len(next(iter(found.values()))) >= rows:
                return found
        rows += rows // 8 if self.shared is not None else 0  # the next one may have some more
        return {
            n: np.empty((rows, *shape), dtype)
            for n, (shape, dtype) in self.view.reader.held_kinds().items()
        }

    def _read(self, blocks: Key, room: dict[str, Array]) -> CaseWindow:
        starts, reader = self.view.blocks.starts, self.view.reader
        chosen, at = [np.empty(0, np.int64)], 0
        for k in blocks:
            at += reader.fill(k, self.view.part, room, at)
            chosen.append(np.arange(starts[k], starts[k + 1]))
        return CaseWindow(blocks, np.concatenate(chosen), room)

    def close(self) -> None:
        """Waits for the reader, and lets windows and files go."""
        if self._reader is not None:
            self._reader.shutdown(wait=True, cancel_futures=True)
        self._reader = self._ahead = self._changed = None
        self._held.clear()
        self._spare.clear()
        self.view.reader.source.close()
