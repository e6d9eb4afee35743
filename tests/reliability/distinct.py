"""How many different inputs there were, of any number of processes and days, without keeping them:
HyperLogLog (Flajolet et al., 2007) with 16,384 registers, whose standard error is 0.8 %.
"""

from __future__ import annotations

import base64
import math
import zlib
from hashlib import blake2b

BITS = 14
COUNT = 1 << BITS


class Distinct:
    """Registers: the most leading zeros of the hashes that fell on each."""

    def __init__(self, registers: bytes = bytes(COUNT)) -> None:
        self.registers = bytearray(registers)

    def add(self, content: bytes) -> None:
        """One more input."""
        number = int.from_bytes(blake2b(content, digest_size=8).digest(), "little")
        place = number & (COUNT - 1)
        zeros = 65 - BITS - (number >> BITS).bit_length()
        if zeros > self.registers[place]:
            self.registers[place] = zeros

    def merge(self, other: Distinct) -> None:
        """Those of another process."""
        self.registers = bytearray(map(max, self.registers, other.registers))

    def count(self) -> int:
        """An estimate of the number of different inputs."""
        empty = self.registers.count(0)
        rough = 0.7213 / (1 + 1.079 / COUNT) * COUNT**2 / sum(2.0**-x for x in self.registers)
        small = rough < 2.5 * COUNT and empty
        return round(COUNT * math.log(COUNT / empty) if small else rough)

    def as_text(self) -> str:
        """The registers, packed."""
        return base64.b85encode(zlib.compress(bytes(self.registers))).decode()

    @classmethod
    def of_text(cls, text: str) -> Distinct:
        """What `as_text` packed; of an empty text, nothing counted."""
        return cls(zlib.decompress(base64.b85decode(text))) if text else cls()
