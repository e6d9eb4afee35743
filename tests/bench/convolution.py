"""The first two layers of the multinary paper's stack: field, field back and filter gradient,
a routine of bmdsl's ops beside PyTorch's functions (oneDNN).

python -m tests.bench.convolution
"""

from __future__ import annotations

import numpy as np

from . import harness

CASES = [
    {"layers": [[3, 64, 64]]},
    {"layers": [[64, 128, 32]]},
    {"layers": [[3, 64, 64], [64, 128, 32]]},
]
"""Channels in and out, and the image's side: 4×4 filters, stride 2, an edge of one."""
BATCH_SIZE = 128
TEXT = """model c {{ visible v[{a},{n},{n}] : multinary(255)  hidden h[{b},{m},{m}] : multinary(255)
  param W[{a},{b},4,4] energy = - W[c,k,p,q] v[c,pad(2*x+p-1),pad(2*y+q-1)] h[k,x,y] }}"""


def _arrays(a, b, n):
    generator = np.random.default_rng(0)
    w = 0.01 * generator.normal(size=(a, b, 4, 4))
    return tuple(
        x.astype("f")
        for x in (
            w,
            generator.random((BATCH_SIZE, a, n, n)),
            generator.random((BATCH_SIZE, b, n // 2, n // 2)),
        )
    )


def bmdsl(settings):
    """A routine of the product's own ops: both fields and the filters' gradient of every layer."""
    import bmdsl
    from bmdsl.runtime.binding import BoundRoutine
    from bmdsl.runtime.threads import one_pool
    from bmdsl.schedule.builder import Builder, Gradient, Phase
    from bmdsl.schedule.routines.phases import given_means
    from bmdsl.schedule.routines.terms import terms_of
    from bmdsl.schedule.values import BATCH, Content, Number

    calls = []
    for a, b, n in settings["layers"]:
        machine = bmdsl.parse(TEXT.format(a=a, b=b, n=n, m=n // 2)).compile()
        w, v, h = _arrays(a, b, n)
        machine.params["W"] = w
        build = Builder(machine.program.plan, "sums", "Fields of both groups, and a gradient")
        terms, phase = terms_of(build), Phase(given_means(build, ("v", "h")), Number("1.0"))
        terms.prepare(build)
        for name in ("h", "v"):
            terms.change_field(build, name, phase, ("v", "h"), build.eta_of(name, BATCH), BATCH)
        slope = build.value("d_W", Content.GRADIENT, build.params["W"].shape)
        build.do("clear", slope)
        for term in terms.interactions:
            term.add_moment(build, phase, Gradient({"W": slope}), 1.0)
        routine = BoundRoutine.of(build.composition(), machine.program, machine.params, 0)
        passed = {
            ("data", "v"): v.reshape(BATCH_SIZE, -1),
            ("data", "h"): h.reshape(BATCH_SIZE, -1),
        }
        # scratch arrays are the routine's own: as updates have them, made once
        arguments = routine._arguments(BATCH_SIZE)
        calls.append((routine, arguments, passed))
    harness.KEEP.enter_context(one_pool())

    def update():
        for routine, arguments, passed in calls:
            routine._kept[BATCH_SIZE] = arguments
            routine(BATCH_SIZE, passed)

    return update


def torch(settings):
    """Its own convolution, transposed convolution and filter gradient."""
    import torch

    layers = [tuple(torch.from_numpy(x) for x in _arrays(*layer)) for layer in settings["layers"]]
    layers = [(w.transpose(0, 1).contiguous(), v, h) for w, v, h in layers]

    def update():
        with torch.no_grad():
            for w, v, h in layers:
                torch.nn.functional.conv2d(v, w, stride=2, padding=1)
                torch.nn.functional.conv_transpose2d(h, w, stride=2, padding=1)
                torch.nn.grad.conv2d_weight(v, w.shape, h, stride=2, padding=1)

    return update


def products(settings):
    """The matrix products that it comes to, all cases side by side, by NumPy's BLAS."""
    sums = []
    for a, b, n in settings["layers"]:
        sites = (n // 2) ** 2
        w, x, y = (np.ones(s, "f") for s in ((b, 16 * a), (16 * a, 8 * sites), (b, 8 * sites)))
        sums.append((w, x, y))

    def update():
        for w, x, y in sums:
            for _ in range(BATCH_SIZE // 8):
                np.dot(w, x), np.dot(w.T, y), np.dot(y, x.T)

    return update


CONTENDERS = {"bmdsl": bmdsl, "torch": torch, "products": products}


def main():
    for settings in CASES:
        times = harness.compare("tests.bench.convolution", list(CONTENDERS), settings)
        print(
            settings,
            {n: f"{1e3 * t:.1f} ms" for n, t in times.items()},
            f"{times['bmdsl'] / times['torch']:.2f} of PyTorch's time,"
            f" {times['bmdsl'] / times['products']:.2f} of the products' time",
        )


if __name__ == "__main__" and not harness.served(CONTENDERS):
    main()
