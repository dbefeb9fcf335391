"""What makes a cost of the parameters: the network on the chip, or a device outside."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Mux, Signal, Value

from ..config.ports import DEVICE_FAULTS
from ..config.sections import GAIN_FRACTION
from ..cost.squared_error import SerialSquaredError
from ..delay import later
from ..device.measurement import Measurement
from ..device.reader import Reader
from ..device.sender import Sender
from ..fixed import shape
from ..kinds import loss_block
from ..network.folded import folded
from ..network.mlp import Mlp
from ..schedule import CountedTrace, EventTrace, Fact, Trace
from ..site import Site
from .engine import Engine

__all__ = ["FoldedNetwork", "OnChip", "OutsideDevice", "plant_of"]


class OnChip:
    """The network, whose latency is a number: a measurement goes through it clock by clock."""

    def __init__(self, site: Site):
        self.site, self.m, self.config = site, site.m, site.config

    def place(self) -> None:
        """The blocks from parameters to C."""
        self.network: Any = self.site.place("network", Mlp(self.config))
        self._place_loss()

    def _place_loss(self) -> None:
        loss = loss_block(self.config)
        self.loss: Any = self.site.place(loss.module, loss)

    def commands(self, mark: str) -> dict[str, Fact]:
        """What is true of measurements, when it is, and for how many clocks it is needed."""
        site, sequencer = self.site, self.site.blocks["sequencer"]
        return {
            name: (site.command(getattr(sequencer, name), name), site.metered_at)
            for name in ("measure", mark)
        }

    def trace(self, commands: dict[str, Fact], ends: dict[str, Fact], perturbed: Value) -> Trace:
        """What is known of each measurement; ``ends`` of a step with the command of its last one."""
        if self.config.facts.counted:
            return CountedTrace(self.m, commands, ends)
        return EventTrace(self.m, commands, ends, self.site.command(perturbed, "perturbed"))

    def meets(self, target: Value) -> Value:
        """The targets of the outputs that come: kept, or behind their sample where samples overlap."""
        if not self.config.facts.overlapping:
            return target
        clocks = self.config.timing.layer_offset(len(self.config.shape.layers)) - 1
        return later(self.m, target, "target", clocks)

    def shows(self, engine: Engine, shown: Value) -> None:
        """Inputs, in the clock after the command of a measurement, and parameters."""
        self.m.d.comb += self.network.x.as_value().eq(later(self.m, shown, "x", engine.x_wait))
        engine.weights(self.site, self.network)

    @property
    def y(self) -> Any:
        """Its outputs."""
        return self.network.y

    def costs(self, target: Value, cost: Signal) -> list[Any]:
        """The statements that make ``cost``."""
        return [
            self.loss.y.eq(self.y),
            self.loss.target.as_value().eq(target),
            # t + R
            cost.eq(self.loss.cost),
        ]

    def passing(self, clock: int) -> tuple[Value, Value | None, Value]:
        """Of a measurement that was commanded so many clocks ago: that there is one that may overlap others,
        that it is the reference or, two-sided, the other side, and that nothing is shaken in it.
        """
        trace, mark = self.site.trace, self.site.change.MARK
        reference = trace.at(mark, clock) if mark == "reference" else None
        return trace.at("measure", clock), reference, Const(0, 1)

    def ends(self, clock: int, measured: Value) -> Value:
        """The measurement that passes a layer is the last with its code."""
        return self.site.ends("hold_end", clock, measured)

    def enters(self, measured: Value) -> Value:
        """Something comes to a layer's cells."""
        return measured


class FoldedNetwork(OnChip):
    """The network on a few lanes, whose measurements come with the sweep of a step."""

    def place(self) -> None:
        self.network: Any = self.site.place("network", folded(self.config))
        self._place_loss()

    def _place_loss(self) -> None:
        """Squares are taken one after the other, all other losses of all outputs together."""
        self.serial = self.config.loss == "squared_error"
        if not self.serial:
            super()._place_loss()
            return
        self.loss = self.site.place("squared_error", SerialSquaredError(self.config))

    def commands(self, mark: str) -> dict[str, Fact]:
        clocks = self.site.metered_at
        return {"measure": (self.network.measured, clocks), mark: (self.network.reference, clocks)}

    def trace(self, commands: dict[str, Fact], ends: dict[str, Fact], perturbed: Value) -> Trace:
        """Where a step begins before the outputs of the one before are there, what is known of it waits."""
        if not self.config.sweeps_ahead:
            return super().trace(commands, ends, perturbed)
        m, perturbed = self.m, self.site.command(perturbed, "perturbed")
        shown: dict[str, Fact] = {}
        for name, (signal, clocks) in ends.items():
            waits, now = Signal(name=f"{name}_waits"), Signal(name=f"{name}_shown")
            with m.If(perturbed):
                m.d.sync += waits.eq(signal)
            with m.If(self.network.turns):
                m.d.sync += now.eq(Mux(perturbed, signal, waits))
            shown[name] = now, clocks
        return CountedTrace(m, commands, shown)

    def meets(self, target: Value) -> Value:
        if not self.config.sweeps_ahead:
            return super().meets(target)
        shown = Signal.like(target, name="target_shown", reset_less=True)
        with self.m.If(self.network.turns):
            self.m.d.sync += shown.eq(target)
        return shown

    def shows(self, engine: Engine, shown: Value) -> None:
        self.m.d.comb += Value.cast(self.network.x).eq(shown)
        engine.weights(self.site, self.network)

    @property
    def y(self) -> Any:
        """Outputs together, where somebody asks for them."""
        return self.network.y if self.network.together else None

    def costs(self, target: Value, cost: Signal) -> list[Any]:
        if not self.serial:
            return super().costs(target, cost)
        return [
            *(
                getattr(self.loss, name).eq(getattr(self.network, f"each_{name}"))
                for name in ("y", "plus", "neuron")
            ),
            self.loss.valid.eq(self.network.each),
            self.loss.target.as_value().eq(target),
            cost.eq(self.loss.cost),
        ]

    def passing(self, clock: int) -> tuple[Value, Value | None, Value]:
        """A sweep knows by itself what it passes."""
        return Const(0, 1), None, Const(0, 1)

    def ends(self, clock: int, measured: Value) -> Value:
        return measured


class OutsideDevice(OnChip):
    """A device outside, whose measurements are over when they are over.

    Cells are told level by level how to shake, until the measurement is over; what follows it is counted from
    the clock in which it is.
    """

    def place(self) -> None:
        site, config = self.site, self.config
        self.measurement: Any = site.place("measurement", Measurement(config))
        self.sender: Any = site.place("sender", Sender(config))
        self.reader: Any = site.place("reader", Reader(config))
        site.free = self.measurement.free
        site.holds.append(self.measurement.resting)
        self.door = site.door("device")
        if config.second_cost:
            self.second = Signal(shape(config.words.given_cost), name="second", reset_less=True)
        if not config.given_cost:
            self._place_loss()

    def commands(self, mark: str) -> dict[str, Fact]:
        measurement, sequencer, clocks = (
            self.measurement,
            self.site.blocks["sequencer"],
            self.site.metered_at,
        )
        self.m.d.comb += [
            measurement.restart.eq(self.site.restart),
            measurement.measure.eq(sequencer.measure),
            getattr(measurement, mark).eq(getattr(sequencer, mark)),
            self.site.change.ignore.eq(measurement.ignore),
            self.door.asks.eq(measurement.asks),
            self.door.inside.eq(measurement.telling),
            self.door.owes.eq(0),
            measurement.open.eq(self.door.open),
        ]
        return {"measure": (measurement.measured, clocks), mark: (measurement.mark, clocks)}

    def shows(self, engine: Engine, shown: Value) -> None:
        m, config, ports = self.m, self.config, self.site.ports
        measurement, sender, reader = self.measurement, self.sender, self.reader
        engine.tells(self.site, sender)
        m.d.comb += [
            sender.go.eq(measurement.go),
            *([sender.number.eq(measurement.number + 1)] if "number" in sender.signature.members else []),
            measurement.sending.eq(sender.busy),
        ]
        if config.facts.delivery.marked:
            # Those of all layers come together.
            marks = {
                end: [getattr(engine.array, f"{end}_{layer.index}") for layer in config.shape.layers]
                for end in ("first", "last")
            }
            m.d.comb += [
                sender.first.eq(Cat(*marks["first"]).any()),
                sender.last.eq(Cat(*marks["last"]).any()),
            ]
        held_up = ports.m_axis_parameters_tvalid & ~ports.m_axis_parameters_tready
        if "every" in sender.signature.members:
            m.d.comb += sender.every.eq(measurement.every)
        if "codes_tdata" in sender.signature.members:
            self._stream(sender, "codes_", "m_axis_codes")
            held_up = held_up | (ports.m_axis_codes_tvalid & ~ports.m_axis_codes_tready)
        self._stream(sender, "", "m_axis_parameters", "tlast")
        m.d.comb += measurement.held_up.eq(held_up)

        # A request: the inputs as they are, kept until they are taken.
        inputs = Signal(len(shown), reset_less=True)
        with m.If(measurement.load):
            m.d.sync += inputs.eq(shown)
        m.d.comb += [
            ports.m_axis_inputs_tdata.eq(inputs),
            ports.m_axis_inputs_tid.eq(measurement.number),
            ports.m_axis_inputs_tvalid.eq(measurement.inputs_tvalid),
            measurement.inputs_tready.eq(ports.m_axis_inputs_tready),
            ports.s_axis_readings_tready.eq(1),
            *(getattr(measurement, name).eq(getattr(ports, f"s_axis_readings_{name}")) for name in _READING),
            reader.tdata.eq(ports.s_axis_readings_tdata),
            *(getattr(reader, name).eq(getattr(measurement, name)) for name in ("take", "first", "last")),
            measurement.done.eq(reader.done),
            reader.average.eq(ports.device_average),
            *(
                getattr(measurement, name).eq(getattr(ports, f"device_{name}"))
                for name in ("settle", "pause", "time_out", "average", "repeats", "give_up")
            ),
            measurement.go_on.eq(ports.go_on),
        ]
        for name, register in {
            "low": "low",
            "high": "high",
            "spread": "spread",
            "stuck_after": "stuck",
        }.items():
            if name in reader.signature.members:
                m.d.comb += getattr(reader, name).eq(getattr(ports, f"device_{register}"))
        for kind in measurement.checked:
            m.d.comb += getattr(measurement, kind).eq(getattr(reader, kind))
        if "again" in reader.signature.members:
            m.d.comb += reader.again.eq(measurement.again)
        self._tells()

    def _stream(self, block: Any, prefix: str, port: str, *more: str) -> None:
        """A stream of the sender to outside."""
        m, ports = self.m, self.site.ports
        m.d.comb += [
            getattr(ports, f"{port}_{name}").eq(getattr(block, prefix + name))
            for name in ("tdata", "tid", *more, "tvalid")
            if prefix + name in block.signature.members
        ]
        m.d.comb += getattr(block, f"{prefix}tready").eq(getattr(ports, f"{port}_tready"))

    def _tells(self) -> None:
        """Sticky faults, counters, whether it rests."""
        m, ports, measurement = self.m, self.site.ports, self.measurement
        clipped = [getattr(block, "clipped", Const(0, 1)) for block in (self.sender, self.reader)]
        if self.config.second_cost:
            # The highest number stands for all beyond it, as a converter's highest code does.
            clipped[1] = clipped[1] | (measurement.second_counts & self.second.all())
        # Behind a bus they last one clock: the bank remembers them, bit by bit.
        with m.If(Const(1, 1) if self.config.on_bus else ports.go_on):
            m.d.sync += ports.device_faults.eq(0)
        for bit, event in enumerate([*measurement.faults, *clipped]):
            with m.If(event):
                m.d.sync += ports.device_faults[bit].eq(1)
        assert len(DEVICE_FAULTS) == len(measurement.faults) + len(clipped)
        m.d.comb += [
            getattr(ports, name).eq(getattr(measurement, name))
            for name in ("resting", "asked_count", "taken_count", "dropped_count")
        ]

    @property
    def y(self) -> Any:
        return self.reader.y

    def costs(self, target: Value, cost: Signal) -> list[Any]:
        config = self.config
        first: Value = self.reader.y.as_value() if config.given_cost else self.loss.cost
        made = [] if config.given_cost else super().costs(target, cost)[:-1]
        return [*made, cost.eq(self._both(first) if config.second_cost else first)]

    def _both(self, first: Value) -> Value:
        """C of the first cost and of what the second counts, limited, one clock later."""
        m, config, ports, measurement = self.m, self.config, self.site.ports, self.measurement
        second = self.second
        counted = Signal(len(second) + len(ports.device_second) - GAIN_FRACTION, reset_less=True)
        both = Signal(shape(config.words.cost), name="both_costs", reset_less=True)
        m.d.comb += [
            ports.s_axis_second_tready.eq(1),
            measurement.second_tvalid.eq(ports.s_axis_second_tvalid),
            measurement.second_tid.eq(ports.s_axis_second_tid),
        ]
        with m.If(measurement.second_take):
            m.d.sync += second.eq(ports.s_axis_second_tdata)
        m.d.sync += counted.eq((second * ports.device_second) >> GAIN_FRACTION)
        total = first + counted
        m.d.sync += both.eq(Mux(total > config.words.cost.max, config.words.cost.max, total))
        return both

    def passing(self, clock: int) -> tuple[Value, Value | None, Value]:
        measurement, config = self.measurement, self.config
        never = Const(0, 1)  # none overlaps another
        if config.two_sided:
            return never, measurement.minus, measurement.rest
        return never, None if config.analog else measurement.rest, measurement.rest

    def enters(self, measured: Value) -> Value:
        return self.sender.passes if self.config.facts.delivery.marked else measured


#: Of a reading, what says whether it is the one.
_READING = ("tvalid", "tid", "tuser")


def plant_of(site: Site) -> OnChip:
    """What stands behind the parameters in this configuration."""
    if site.config.outside:
        return OutsideDevice(site)
    return OnChip(site) if site.config.timing.sweep is None else FoldedNetwork(site)
