"""One configuration object for both makers: every width, depth and latency follows from here.

What is asked for are the tables of :class:`mgd_hdl.config.asked.Asked`; what follows is in the facets of
:class:`mgd_hdl.config.derived.Derived`. ``mgd_hdl`` builds the circuit from it and ``mgd_sim`` the twin, and
neither imports the other.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from . import build
from .attached import Attached, AttachedFile
from .derived import Derived
from .errors import ConfigError, Problem
from .registers import Registers, as_asked, followed, legal, with_changes
from .sections import HostSection

__all__ = ["TrainerConfig"]


class TrainerConfig(Derived):
    """A whole trainer. Build one with :func:`mgd_hdl.config.load` or :func:`preset`."""

    @classmethod
    def build(cls, document: Any, attached: Attached = Attached()) -> TrainerConfig:  # noqa: B008 - frozen
        """From the tables of a TOML file; raises ConfigError with every problem found.

        Parameters
        ----------
        document : dict
        attached : Attached, optional
            Files that need not be read, and the folder of those that must be.
        """
        return build.built(cls, document, attached)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of a TOML file."""
        return build.json_schema(cls)

    def replaced(self, **sections: dict[str, Any] | Any) -> TrainerConfig:
        """A copy with some keys changed, checked again: ``replaced(learning={"rate": 0.25})``.

        It has the same files, without reading them again, where their names are the same.
        """
        return build.replaced(self, sections)

    def with_file(self, key: str, file: AttachedFile, **sections: dict[str, Any] | Any) -> TrainerConfig:
        """A copy whose key names this file, and with some keys changed, checked again."""
        section, _, name = key.rpartition(".")
        changed: dict[str, Any] = {name: file.name}
        if section:
            changed = {section: {**sections.get(section, {}), **changed}}
        return build.replaced(self, {**sections, **changed}, self.attached.with_file(key, file))

    def with_network(self) -> TrainerConfig:
        """The same; raises ConfigError where a device outside stands in the network's place, for whatever
        runs by itself.
        """
        if self.outside:
            told = 'does not run by itself; mgd_hdl.host.ChipInTheLoop trains it, or must be "network"'
            raise ConfigError([Problem("device.kind", '"outside"', told)])
        return self

    @property
    def bare(self) -> TrainerConfig:
        """The same trainer without what is around it for a host, and with the same clock: waits of a device
        outside are seconds.
        """
        if not self.wrapped:
            return self
        return self.replaced(host=HostSection(clock_hz=self.host.clock_hz).model_dump())

    @property
    def snapped(self) -> dict[str, tuple[float, float]]:
        """Keys whose number was moved to one the circuit has: what was given, what is used."""
        return build.snapped(self)

    @cached_property
    def _register_values(self) -> dict[str, int]:
        return as_asked(self)

    def registers(self, seed: int | None = None, **changes: int) -> Registers:
        """The run-time registers of this configuration, for another seed or with some changed.

        Raises ConfigError where the circuit cannot follow.
        """
        return with_changes(self, self._register_values, self.seed if seed is None else seed, changes)

    def followed(self, registers: Registers) -> Registers:
        """The same registers; raises ConfigError where this circuit cannot follow them."""
        self.registers(**followed(self, registers))
        return registers

    @property
    def legal_registers(self) -> dict[str, dict[str, int | str]]:
        """For each register of this circuit the configuration's value, the least and the greatest one; and
        where others decide too, how.
        """
        return legal(self, self._register_values)
