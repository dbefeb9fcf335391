"""What a device outside needs of everything else."""

from __future__ import annotations

from collections.abc import Iterator

from ..derived import Derived
from ..errors import Problem, shown
from ..sections import CLOCKS_BITS, GAIN_FRACTION, DeviceSection
from .relation import Relations

__all__ = ["RELATIONS"]

RELATIONS = relation = Relations()

_KEYS = tuple(key for key in DeviceSection.model_fields if key != "kind")


@relation("device.kind", *(f"device.{key}" for key in _KEYS))
def _needs_a_device(config: Derived) -> Iterator[Problem]:
    """A key that nobody would read is a mistake."""
    if config.outside:
        return
    for key in _KEYS:
        value = getattr(config.device, key)
        if value != DeviceSection.model_fields[key].default:
            yield Problem(f"device.{key}", shown(value), 'needs device.kind = "outside"')


@relation("device.parameters", "network.layers")
def _shape(config: Derived) -> Iterator[Problem]:
    """Hidden layers of a device that tells its parameters would mean nothing."""
    if config.device.parameters and len(config.network.layers) > 2:
        yield Problem(
            "network.layers",
            shown(config.network.layers),
            f"must be [inputs, outputs], here [{config.inputs}, {config.outputs}], with device.parameters",
        )


@relation("device.parameters", "network.parameters")
def _given(config: Derived) -> Iterator[Problem]:
    """A file is of weights and biases of dense layers."""
    if config.device.parameters and config.given:
        yield Problem(
            "network.parameters",
            shown(config.network.parameters),
            'must be "" with device.parameters: files are of dense layers; ChipInTheLoop.load takes others',
        )


@relation("device.kind", "device.parameters", "engine.kind", "engine.lanes", "engine.memory", "device.sends",
          "perturbation.share", "perturbation.granularity", "network.layers")  # fmt: skip
def _bank(config: Derived) -> Iterator[Problem]:
    """A device takes one parameter at a time, and a row of all would be registers for each of them."""
    if not config.outside or not config.bank:
        return
    lanes, sends = config.engine.lanes, config.device.sends
    if lanes != 1:
        yield Problem(
            "engine.lanes",
            shown(lanes),
            'must be 1 with engine.kind = "bank" and device.kind = "outside": parameters go out one by one',
        )
    if sends not in ("changes", "all"):
        yield Problem(
            "device.sends",
            shown(sends),
            'must be "changes" or "all" with engine.kind = "bank", which has no row of all parameters',
        )
    if config.single_port and any(layer.parameters % 2 for layer in config.shape.layers[:-1]):
        yield Problem(
            "engine.memory",
            '"single_port"',
            'must be "dual_port" where a layer of the device, other than the last, has an odd number of'
            " parameters: even words are in one memory, odd ones in another, which take turns",
        )
    outside = 'with engine.kind = "bank" and device.kind = "outside", whose words all leave alike'
    if config.sparse:
        yield Problem("perturbation.share", shown(config.perturbation.share), f"must be 1 {outside}")
    if config.layerwise:
        yield Problem("perturbation.granularity", '"layer"', f'must be "network" {outside}')


@relation("device.kind", "imperfections.activation_spread")
def _spread(config: Derived) -> Iterator[Problem]:
    if config.outside and config.imperfections.activation_spread:
        spread = config.imperfections.activation_spread
        yield Problem(
            "imperfections.activation_spread",
            shown(spread),
            "must be 0: a device outside has defects of its own",
        )


@relation("device.kind", "device.gives", "task.accuracy")
def _accuracy(config: Derived) -> Iterator[Problem]:
    if config.given_cost and config.task.accuracy:
        yield Problem(
            "task.accuracy", "true", 'must be false with device.gives = "cost": no outputs are known'
        )


@relation("device.kind", "device.parameters", "device.gives", "network.layers", "device.dac_gain",
          "device.dac_offset", "device.adc_gain", "device.adc_offset")  # fmt: skip
def _one_for_each(config: Derived) -> Iterator[Problem]:
    channels = {"dac": config.parameters, "adc": config.converters.channels}
    for way, count in channels.items():
        for what in ("gain", "offset"):
            given = getattr(config.device, f"{way}_{what}")
            if isinstance(given, tuple) and len(given) != count:
                yield Problem(
                    f"device.{way}_{what}",
                    shown(given),
                    f"must be a single number, or a list of {count}: one for each "
                    + ("parameter" if way == "dac" else "channel"),
                )


@relation("device.dac_bits", "device.dac_gain", "perturbation.amplitude")
def _amplitude_vanishes(config: Derived) -> Iterator[Problem]:
    """A perturbation below the converter's last bit would mostly change no code."""
    if (out := config.converters.out) is None:
        return
    least = min(abs(gain) for gain in out.gains)
    codes = least * 2.0 ** (out.bits - 1 - GAIN_FRACTION - config.amplitude_shift)
    if codes < 1:
        yield Problem(
            "device.dac_gain",
            shown(config.device.dac_gain),
            f"is too small: an amplitude of 2**-{config.amplitude_shift} is {codes:.3g} codes;"
            " raise it, the amplitude or device.dac_bits",
        )


@relation("device.settle", "device.pause", "device.time_out", "host.clock_hz")
def _waits(config: Derived) -> Iterator[Problem]:
    """A circuit counts clocks in 32 bits."""
    for key in ("settle", "pause", "time_out"):
        seconds = getattr(config.device, key)
        if config.outside and config.converters.clocks(seconds) >> CLOCKS_BITS:
            most = ((1 << CLOCKS_BITS) - 1) / config.host.clock_hz
            yield Problem(
                f"device.{key}",
                shown(seconds),
                f"must be at most {most:.6g}, with host.clock_hz = {config.host.clock_hz}",
            )


@relation("device.adc_bits", "device.adc_gain")
def _deaf(config: Derived) -> Iterator[Problem]:
    back = config.converters.back
    if back is not None and not all(back.gains):
        yield Problem(
            "device.adc_gain", shown(config.device.adc_gain), "must not be 0: nothing would be measured"
        )
