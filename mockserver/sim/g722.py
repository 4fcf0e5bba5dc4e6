"""An encoder of G.722, the wideband codec of telephones: 16,000 samples a second become 8,000 bytes.

ITU-T G.722 at 64 kbit/s: a filter splits the sound into two bands, and each is sent as the steps of an adaptive
predictor. The tables and the arithmetic are the recommendation's.
"""

from __future__ import annotations

from collections.abc import Sequence

_FILTER = (3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11)
_LOW_LEVELS = (
    *(0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219),
    *(1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919),
)
_LOW_NEGATIVE = (0, 63, 62, *range(31, 3, -1))
_LOW_POSITIVE = (0, *range(61, 31, -1))
_LOW_GROWS = (-60, -30, 58, 172, 334, 538, 1198, 3042)
_LOW_GROUP = (0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0)
_SCALES = (
    *(2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834),
    *(2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008),
)
_LOW_VALUES = (
    *(0, -20456, -12896, -8968, -6288, -4240, -2584, -1200),
    *(20456, 12896, 8968, 6288, 4240, 2584, 1200, 0),
)
_HIGH_VALUES = (-7408, -1616, 7408, 1616)
_HIGH_NEGATIVE, _HIGH_POSITIVE = (0, 1, 0), (0, 3, 2)
_HIGH_GROWS, _HIGH_GROUP = (0, -214, 798), (2, 1, 2, 1)


class _Band:
    """The adaptive predictor of one band."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.growth = 0
        self.guess = 0
        self.zeros_guess = 0
        self.poles = [0, 0]
        self.zeros = [0] * 6
        self.rebuilt = [0, 0]
        self.partly = [0, 0]
        self.steps = [0] * 6

    def scale(self, growth: int, highest: int, shift: int) -> None:
        """Let the size of a step follow the sound."""
        self.growth = max(0, min(highest, (self.growth * 127 >> 7) + growth))
        index, exponent = (self.growth >> 6) & 31, shift - (self.growth >> 11)
        self.step = (_SCALES[index] << -exponent if exponent < 0 else _SCALES[index] >> exponent) << 2

    def learn(self, difference: int) -> None:
        """Take in a step, and predict the next sample."""
        rebuilt, partly = _clip(self.guess + difference), _clip(self.zeros_guess + difference)
        first, second = self.poles
        same = [(partly < 0) == (before < 0) for before in self.partly]
        change = _clip(first << 2)
        change = min(32767, -change if same[0] else change) >> 7
        second = max(-12288, min(12288, change + (128 if same[1] else -128) + (second * 32512 >> 15)))
        bound = 15360 - second
        first = max(-bound, min(bound, (192 if same[0] else -192) + (first * 32640 >> 15)))
        pull = 0 if difference == 0 else 128
        self.zeros = [
            (pull if (difference < 0) == (before < 0) else -pull) + (zero * 32640 >> 15)
            for zero, before in zip(self.zeros, self.steps, strict=True)
        ]
        self.steps = [difference, *self.steps[:5]]
        self.poles, self.rebuilt, self.partly = [first, second], [rebuilt, self.rebuilt[0]], [partly, self.partly[0]]
        poles_guess = _clip(
            sum(pole * _clip(2 * before) >> 15 for pole, before in zip(self.poles, self.rebuilt, strict=True))
        )
        self.zeros_guess = _clip(
            sum(zero * _clip(2 * before) >> 15 for zero, before in zip(self.zeros, self.steps, strict=True))
        )
        self.guess = _clip(poles_guess + self.zeros_guess)


def encode(samples: Sequence[int]) -> bytes:
    """Encode samples of 16 bits, 16,000 a second and even in number, from the beginning of a transmission."""
    low, high = _Band(32), _Band(8)
    heard = [0] * 24
    coded = bytearray()
    for at in range(0, len(samples), 2):
        heard = [*heard[2:], samples[at], samples[at + 1]]
        even = sum(heard[2 * tap] * weight for tap, weight in enumerate(_FILTER))
        odd = sum(heard[2 * tap + 1] * weight for tap, weight in enumerate(reversed(_FILTER)))
        coded.append(_high(high, (odd - even) >> 14) << 6 | _low(low, (even + odd) >> 14))
    return bytes(coded)


def _low(band: _Band, sample: int) -> int:
    error = _clip(sample - band.guess)
    size = error if error >= 0 else -(error + 1)
    level = next((level for level in range(1, 30) if size < _LOW_LEVELS[level] * band.step >> 12), 30)
    code: int = (_LOW_NEGATIVE if error < 0 else _LOW_POSITIVE)[level]
    coarse = code >> 2
    difference = band.step * _LOW_VALUES[coarse] >> 15
    band.scale(_LOW_GROWS[_LOW_GROUP[coarse]], 18432, 8)
    band.learn(difference)
    return code


def _high(band: _Band, sample: int) -> int:
    error = _clip(sample - band.guess)
    size = error if error >= 0 else -(error + 1)
    level = 2 if size >= 564 * band.step >> 12 else 1
    code = (_HIGH_NEGATIVE if error < 0 else _HIGH_POSITIVE)[level]
    difference = band.step * _HIGH_VALUES[code] >> 15
    band.scale(_HIGH_GROWS[_HIGH_GROUP[code]], 22528, 10)
    band.learn(difference)
    return code


def _clip(value: int) -> int:
    return max(-32768, min(32767, value))
