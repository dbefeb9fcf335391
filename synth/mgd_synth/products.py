"""Where there are more products than multipliers: so many become blocks, the others tables."""

from __future__ import annotations

__all__ = ["chosen", "limited"]

#: Products as wide as they need be; what is narrower than this result is made of tables anyway.
_NARROWED = (
    "proc; flatten; opt_expr; opt_clean; opt -nodffe -nosdff; wreduce; peepopt; opt_clean; wreduce t:$mul"
)
_LEAST_BITS = 11

#: A type that no rule knows, for a while.
_SHELF = "$__product_of_tables"


def chosen(most: int) -> str:
    """Yosys: flatten, and select as ``blocks`` so many of the products, at random; the tool's random
    numbers are the same in every run.
    """
    return f"{_NARROWED}; select -set blocks t:$mul r:Y_WIDTH>={_LEAST_BITS} %i %R{most}"


def limited(run: str, most: int, end: str = "") -> str:
    """Yosys: a device's own passes, ``run`` from a stage to a stage, up to ``end``, that see no other
    products while they make blocks. The others are products again afterwards, and sums are made of them.
    """
    others = f"{chosen(most)}; chtype -set {_SHELF} t:$mul @blocks %d"
    again = f"chtype -set $mul t:{_SHELF}; alumacc; opt; opt_clean"
    return f"{run} :coarse; {others}; {run} coarse:map_ram; {again}; {run} map_ram:{end}"
