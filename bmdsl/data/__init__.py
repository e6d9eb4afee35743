"""Data sets, file readers, transforms, and the checks that data must pass before a model sees it.

Diagnostics here have codes BM701 to BM739:
BM701 no such set or file, BM702 unknown format, BM703 unreadable file, BM704 array inside a file,
BM705 bad CSV cell or row, BM706 a package is missing, BM707 download failed or a file is damaged,
BM708 unknown part, BM710 not numbers, BM711 wrong shape, BM712 no cases, BM713 missing value, BM714
infinite value, BM715 outside the domain, BM716 bad state number, BM720 transform, BM730 split,
BM731 weights.
"""

from .series import windows

__all__ = ["windows"]
