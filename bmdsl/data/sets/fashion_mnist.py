"""Fashion-MNIST. Source: H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017 (MIT
licence).
"""

from __future__ import annotations

from ...language.vocabulary import Word
from ..dataset import Dataset
from ..idx import IdxSet

WORD = Word(
    "fashion-mnist",
    summary="60,000 + 10,000 pieces of clothing, 28x28, in [0, 1]; downloaded once (30 MB)",
)
FILES = IdxSet(
    name=WORD.name,
    mirrors=(
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    train=(
        (
            "train-images-idx3-ubyte.gz",
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
    ),
    test=(
        (
            "t10k-images-idx3-ubyte.gz",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
)
PARTS = ("train", "test")


def load(part: str = "train") -> Dataset:
    """float32 [60000 or 10000, 784]; grey values divided by 255."""
    return FILES.load(part)
