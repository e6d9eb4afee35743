"""The windows of a stream in memory: the one that is trained on, and the next one, which a thread
reads meanwhile.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from .order import Order
from .view import ShardView

Array = np.ndarray


@dataclass(frozen=True)
class CaseWindow:
    """The training cases of some blocks, ascending, and their values by group."""

    blocks: tuple[int, ...]
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
    """

    def __init__(self, view: ShardView, seed: int) -> None:
        self.view, self.seed = view, seed
        self._order: Order | None = None
        self._held: list[CaseWindow] = []
        self._ahead: tuple[tuple[int, ...], Future[CaseWindow]] | None = None
        self._reader: ThreadPoolExecutor | None = None
        self._spare: list[dict[str, Array]] = []

    def order(self, epoch: int) -> Order:
        """The order of an epoch, which is followed from now on."""
        if self._order is None or self._order.epoch != epoch:
            self._order = Order(self.view.blocks, self.seed, epoch)
        return self._order

    def take(self, name: str, cases: Array) -> Array:
        """Values of a group for cases of the order that is followed."""
        if len(self._held) == 1:
            at = self._held[0].places(cases)
            if (at >= 0).all():
                return self._held[0].values[name][at]
        self._bring(cases)
        found = [(w, w.places(cases)) for w in self._held]
        shape, dtype = self.view.reader.kinds()[name]
        out = np.empty((len(cases), *shape), dtype)
        missing = np.ones(len(cases), bool)
        for window, at in found:
            here = at >= 0
            out[here] = window.values[name][at[here]]
            missing &= ~here
        if missing.any():  # of an order that is no longer followed
            out[missing] = self.view.take(cases[missing])[name]
        return out

    def _bring(self, cases: Array) -> None:
        """Has the windows of these cases in memory, the next one being read."""
        order = self._order
        if order is None:
            return
        wanted = np.unique(order.window_of[self.view.blocks.of(cases)])
        blocks = {int(w): tuple(map(int, order.blocks_of(w))) for w in wanted}
        for window in [w for w in self._held if w.blocks not in blocks.values()]:
            self._held.remove(window)
            self._spare.append(window.values)
        for key in blocks.values():
            if all(w.blocks != key for w in self._held):
                self._held.append(self._awaited(key))
        if len(self._held) == 1:
            self._read_ahead(order, int(wanted[-1]) + 1)

    def _awaited(self, blocks: tuple[int, ...]) -> CaseWindow:
        """A window that was read ahead, or is read now."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            found = ahead[1].result()
            if ahead[0] == blocks:
                return found
            self._spare.append(found.values)
        return self._read(blocks, self._room())

    def _read_ahead(self, order: Order, window: int) -> None:
        if window == order.windows:
            order, window = Order(self.view.blocks, self.seed, order.epoch + 1), 0
        blocks = tuple(map(int, order.blocks_of(window)))
        if any(w.blocks == blocks for w in self._held):
            return
        if self._reader is None:
            self._reader = ThreadPoolExecutor(1, "bmdsl reads ahead")
        self._ahead = blocks, self._reader.submit(self._read, blocks, self._room())

    def _room(self) -> dict[str, Array]:
        """Arrays for a window: they are used again and again."""
        if self._spare:
            return self._spare.pop()
        layout = self.view.blocks
        most = max(layout.room, int(layout.held.max()))
        rows = min(most, layout.count)
        return {
            n: np.empty((rows, *shape), dtype)
            for n, (shape, dtype) in self.view.reader.kinds().items()
        }

    def _read(self, blocks: tuple[int, ...], room: dict[str, Array]) -> CaseWindow:
        starts, reader = self.view.blocks.starts, self.view.reader
        chosen, at = [], 0
        for k in blocks:
            at += reader.fill(k, self.view.part, room, at)
            chosen.append(np.arange(starts[k], starts[k + 1]))
        return CaseWindow(blocks, np.concatenate(chosen), room)

    def close(self) -> None:
        """Waits for the reader, and lets windows and files go."""
        if self._reader is not None:
            self._reader.shutdown(wait=True, cancel_futures=True)
        self._reader = self._ahead = None
        self._held.clear()
        self._spare.clear()
        self.view.reader.source.close()
