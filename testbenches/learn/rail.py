"""What a parameter becomes when a word meets it, in plain whole numbers."""

from __future__ import annotations

from mgd_hdl.config import Format

__all__ = ["taken"]


def taken(
    parameter: Format,
    theta: int,
    word: int,
    *,
    enable: bool,
    clear: bool,
    clamp: float = 0.0,
    resets: bool = False,
) -> int:
    """T one clock later; a cell that ``resets`` is cleared whatever else there is."""
    if clear and resets:
        return 0
    half = round(clamp * 2**parameter.fraction_bits) or 1 << (parameter.width - 2)
    refused = word >= 0 if theta >= half else word < 0 if theta < -half else False
    if refused or not enable:
        return theta
    return 0 if clear else theta + word
