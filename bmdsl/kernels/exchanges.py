"""Replicas that exchange their places: compiled twins of the kinds of op of these names."""

from __future__ import annotations

import numpy as np

from .table import kernel

LEAST = 0.01


@kernel()
def exchange(x, first, uniforms, betas, place, accepted, tried):  # type: ignore[no-untyped-def]  # typed by numba
    replicas = place.shape[1]
    for k in range(first, len(betas) - 1, 2):
        for c in range(place.shape[0]):
            a, b = 0, 0
            for r in range(replicas):
                if place[c, r] == k:
                    a = r
                elif place[c, r] == k + 1:
                    b = r
            gain = (betas[k] - betas[k + 1]) * (x[c * replicas + b] - x[c * replicas + a])
            if np.log(uniforms[(k - first) // 2, c]) < gain:
                place[c, a], place[c, b] = k + 1, k
                accepted[k] += 1
        tried[k] += place.shape[0]


@kernel()
def respace(update, every, betas, accepted, tried):  # type: ignore[no-untyped-def]  # typed by numba
    if update % every == every - 1:
        count = len(betas)
        barrier = np.zeros(count)
        for k in range(count - 1):
            refused = 1 - accepted[k] / max(tried[k], 1.0)
            barrier[k + 1] = barrier[k] + max(refused, LEAST)
        before, last, j = betas.copy(), barrier[-1], 0
        for k in range(count):
            x = k * (last / (count - 1)) if k < count - 1 else last
            while j < count - 1 and barrier[j + 1] <= x:
                j += 1
            betas[k] = before[j]
            if j < count - 1:
                slope = (before[j + 1] - before[j]) / (barrier[j + 1] - barrier[j])
                betas[k] = slope * (x - barrier[j]) + before[j]
        accepted[:] = 0
        tried[:] = 0


@kernel()
def take_betas(betas, place, out):  # type: ignore[no-untyped-def]  # typed by numba
    replicas = place.shape[1]
    for c in range(place.shape[0]):
        for r in range(replicas):
            out[c * replicas + r] = betas[place[c, r]]


@kernel()
def find_rows(place, k, rows):  # type: ignore[no-untyped-def]  # typed by numba
    replicas = place.shape[1]
    for c in range(place.shape[0]):
        for r in range(replicas):
            if place[c, r] == k:
                rows[c] = c * replicas + r


@kernel()
def take_figures(x, chosen, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(len(chosen)):
        out[r] = x[chosen[r]]


@kernel()
def take_rows(x, chosen, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(len(chosen)):
        own, into = x[chosen[r]], out[r]
        for p in range(len(into)):
            into[p] = own[p]


@kernel()
def count_trips(betas, place, was_hot, trips):  # type: ignore[no-untyped-def]  # typed by numba
    hot, cold = np.argmin(betas), np.argmax(betas)
    for c in range(place.shape[0]):
        for r in range(place.shape[1]):
            if place[c, r] == cold:
                trips[0] += was_hot[c, r]
                was_hot[c, r] = 0
            if place[c, r] == hot:
                was_hot[c, r] = 1
