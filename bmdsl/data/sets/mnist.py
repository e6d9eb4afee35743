"""MNIST. Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits,
1998.
"""

from __future__ import annotations

from ...language.vocabulary import Word
from ..dataset import Dataset
from ..idx import IdxSet

WORD = Word(
    "mnist", summary="60,000 + 10,000 handwritten digits, 28x28, in [0, 1]; downloaded once (11 MB)"
)
FILES = IdxSet(
    name=WORD.name,
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    train=(
        (
            "train-images-idx3-ubyte.gz",
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
    ),
    test=(
        (
            "t10k-images-idx3-ubyte.gz",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
)
PARTS = ("train", "test")


def load(part: str = "train") -> Dataset:
    """float32 [60000 or 10000, 784]; grey values divided by 255."""
    return FILES.load(part)
