"""Devices to learn on, each from published equations: stand-ins for one that you own.

They are in floating point but for transistors, which ngspice simulates. They have what any device in the loop
has, ``write(parameters)`` and ``read(inputs)``, see :class:`mgd_sim.plants.plant.Plant`; whoever trains them
does not know what is inside.
"""

from __future__ import annotations

from .analog import AnalogNetwork
from .crossbar import Crossbar
from .mesh import Mesh
from .neurons import TransistorNetwork
from .plant import Plant
from .pulses import PulseDensity
from .rings import Rings

__all__ = ["AnalogNetwork", "Crossbar", "Mesh", "Plant", "PulseDensity", "Rings", "TransistorNetwork"]
