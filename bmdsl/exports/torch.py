"""A PyTorch `state_dict` as a safetensors file, for `nn.Sequential(nn.Linear, activation,
nn.Linear, ...)`: `0.weight`, `0.bias`, `2.weight`, ...
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..language.vocabulary import Word
from .network import Network

WORD = Word(
    "torch",
    summary="PyTorch state_dict for nn.Sequential(Linear, activation, ...), as .safetensors",
)
SUFFIX = ".safetensors"


def write(network: Network, path: Path) -> None:
    """Weights as PyTorch has them, [out, in]. Read them with `safetensors.torch.load_file`."""
    from safetensors.numpy import save_file

    arrays = {}
    for k, layer in enumerate(network.layers):
        arrays[f"{2 * k}.weight"] = np.ascontiguousarray(layer.weight, np.float32)
        arrays[f"{2 * k}.bias"] = np.ascontiguousarray(layer.bias, np.float32)
    save_file(
        arrays,
        path,
        metadata={
            "activations": ",".join(x.activation for x in network.layers),
            "model": network.name,
        },
    )
