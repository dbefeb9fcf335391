"""How large and fast would a trainer be? From its configuration alone, in a moment.

Cells, clocks per step and all that follows from them are exact. What a block takes is a sum of its
:mod:`mgd_synth.features`, each times a coefficient. The coefficients were fitted to the trainers of
``runs.FIT``; how far off they are on those of ``runs.JUDGED``, which no coefficient has seen, goes with
every estimate. So with the clock rate, see :mod:`mgd_synth.delays`.

:mod:`mgd_synth.fit` fits them anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mgd_hdl.config import ConfigError, TrainerConfig, preset
from mgd_hdl.config.errors import did_you_mean
from mgd_hdl.config.timing import steps_per_second

from .delays import delays, fabric, period
from .features import IN_BANK, Features, features, reason_against
from .flow import COUNTED, DEVICES
from .process import SynthError
from .report import Report, Resource

__all__ = [
    "COEFFICIENTS",
    "Fit",
    "SUPPLY",
    "as_json",
    "check_target",
    "chooses",
    "clock",
    "coefficients",
    "estimate",
    "estimated_sizes",
    "fits",
    "fits_table",
    "holds",
    "keys",
    "notes",
    "other_engine",
    "rate",
    "short_of_multipliers",
    "totals",
    "unknown",
]

COEFFICIENTS = Path(__file__).with_name("coefficients.json")

#: What each device has; registers count where they are not part of a logic cell.
SUPPLY: dict[str, dict[str, int]] = {
    "ice40-up5k": {"logic cells": 5280, "BRAM": 30, "SPRAM": 4, "DSP": 8},
    "ice40-hx8k": {"logic cells": 7680, "BRAM": 32, "DSP": 0},
    "ecp5-25k": {"logic cells": 24288, "FF": 24288, "BRAM": 56, "DSP": 28},
    "ecp5-45k": {"logic cells": 43848, "FF": 43848, "BRAM": 108, "DSP": 72},
    "ecp5-85k": {"logic cells": 83640, "FF": 83640, "BRAM": 208, "DSP": 156},
    "gowin-gw1nr9": {"logic cells": 8640, "FF": 6480, "BRAM": 26, "DSP": 20},
}

#: Devices of one fabric have the same coefficients.
_FAMILY = {
    target: {"ecp5": "ecp5-25k", "ice40": "ice40-up5k"}.get(target.partition("-")[0], target)
    for target in SUPPLY
}

#: A device that is fuller than this is hard to route.
_FULL = 0.9

_MOST_NEURONS = 4096
_MOST_LANES = 64

# ---- coefficients --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """What the synthesizer does, in numbers.

    Attributes
    ----------
    tool : str
        The release whose netlists were fitted.
    families : mapping
        For each device that was measured, kind of block and resource: feature to coefficient.
    tables : mapping
        The same for products without multipliers, of devices that have some.
    errors : mapping
        For each device and resource: the median and the largest error over the judged trainers, as a part
        of the size.
    options : mapping
        Every key that chooses, and what the fitted trainers had there.
    free : sequence of str
        All other keys.
    periods : mapping
        For each fabric that trainers were placed on, features of the slowest path to nanoseconds.
    rate_errors : mapping
        For each of these that some were judged on: how many, and the median and the largest error of the
        clock rate, as a part of it.
    bank_errors, bank_options, bank_periods : mapping
        The same of trainers with a bank.
    """

    tool: str
    families: Mapping[str, Mapping[str, Mapping[str, Features]]]
    tables: Mapping[str, Mapping[str, Mapping[str, Features]]]
    errors: Mapping[str, Mapping[str, tuple[float, float]]]
    options: Mapping[str, Sequence[Any]]
    free: Sequence[str]
    periods: Mapping[str, Features]
    rate_errors: Mapping[str, tuple[int, float, float]]
    bank_errors: Mapping[str, Mapping[str, tuple[float, float]]]
    bank_options: Mapping[str, Sequence[Any]]
    bank_periods: Mapping[str, Features]

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(target for target, family in _FAMILY.items() if family in self.families)

    def targets_of(self, config: TrainerConfig) -> tuple[str, ...]:
        """Devices for which there are coefficients of all its blocks."""
        errors = self.bank_errors if _in_bank(config) else self.families
        return tuple(target for target in self.targets if _FAMILY[target] in errors)


@cache
def coefficients() -> Fit:
    """Those that come with this package."""
    return Fit(**json.loads(COEFFICIENTS.read_text(encoding="utf-8")))


#: Blocks of memory are counted, not fitted, where no fitted trainer had any: none has many samples.
#: Of what comes input by input registers are counted too, and tables as they were seen of 784 inputs.
_COUNTED: dict[str, dict[str, Features]] = {
    "samples memory": {"BRAM": {"memories": 1.0}},
    "samples pages": {
        "FF": {"one": 4.0, "place": 1.0, "targets": 1.0},
        "LUT": {"one": 9.0, "place": 3.0},
        "logic cells": {"one": 12.0, "place": 3.0, "targets": 1.0},
    },
    "answers of pages": {
        "FF": {"one": 4.0, "place": 1.0, "outputs": 1.0},
        "LUT": {"one": 14.0, "place": 3.0},
        "logic cells": {"one": 17.0, "place": 3.0, "outputs": 1.0},
    },
}

#: Where a product of a bank has no multiplier, each of its bits takes what it does in an array's block.
_LIKE = {"folded": "neuron", "products by nodes": "neuron", "squares in turn": "squared_error"}

#: And those of a bank always, since how many there are is known.
_EXACT: dict[str, dict[str, Features]] = {
    "lane": {"BRAM": {"memories": 1.0}, "SPRAM": {"large": 1.0}, "LUT RAM": {"slices": 1.0}},
    "folded": {"BRAM": {"memories": 1.0}, "LUT RAM": {"slices": 1.0}},
    "samples pages": {"BRAM": {"memories": 1.0}, "LUT RAM": {"slices": 1.0}},
    "answers of pages": {"BRAM": {"memories": 1.0}, "LUT RAM": {"slices": 1.0}},
    "products by nodes": {"BRAM": {"memories": 1.0}, "LUT RAM": {"slices": 1.0}, "DSP": {"one": 1.0}},
    f"cross_entropy{IN_BANK}": {"BRAM": {"memories": 1.0}},
}


def _wished(config: TrainerConfig, target: str, fit: Fit) -> dict[str, dict[str, float]]:
    """Sizes with as many multipliers as there are products."""
    found: dict[str, dict[str, float]] = {kind: {} for kind in ("logic cells", *DEVICES[target].mapped)}
    for name, (block, given) in features(config, target).items():
        fitted = _of(fit.families[_FAMILY[target]], block)
        counted = {kind: terms for kind, terms in _EXACT.get(block, {}).items() if kind in found}
        for kind, terms in {**_COUNTED.get(block, {}), **fitted, **counted}.items():
            found[kind][name] = _sum(terms, given)
    return found


def estimated_sizes(
    config: TrainerConfig, target: str, fit: Fit | None = None
) -> dict[str, dict[str, float]]:
    """Every resource by block, as ``runs.measured`` measures it, with the multipliers that the device has.

    Products beyond these become tables; which ones, chance decides, so each block has its share.
    """
    fit = coefficients() if fit is None else fit
    sizes = _wished(config, target, fit)
    wanted, most = sum(sizes["DSP"].values()), DEVICES[target].multipliers
    if wanted > most:
        tables = fit.tables[_FAMILY[target]]
        for name, (block, given) in features(config, target).items():
            if name in sizes["DSP"]:
                for kind, blocks in sizes.items():
                    whole = blocks.get(name, 0)
                    if block.removesuffix(IN_BANK) in tables:
                        without = _sum(_of(tables, block).get(kind, {}), given)
                    else:
                        bits = tables[_LIKE[block]].get(kind, {}).get("product_bits", 0)
                        without = 0 if kind == "DSP" else whole + bits * given["product_bits"]
                    blocks[name] = whole + (1 - most / wanted) * (without - whole)
        # Rounded so that they are no more than there are.
        left = float(most)
        for name, number in sizes["DSP"].items():
            sizes["DSP"][name] = round(left) - round(left - number)
            left -= number
    # Two narrow products share a multiplier of a Gowin device.
    halves = {"DSP"} if target.startswith("gowin") else {}
    return {
        kind: {
            name: size
            for name, number in blocks.items()
            if (size := round(2 * number) / 2 if kind in halves else round(number))
        }
        for kind, blocks in sizes.items()
    }


def _of(found: Mapping[str, Mapping[str, Features]], block: str) -> Mapping[str, Features]:
    """The coefficients of a kind of block, in a bank by default those of the array's."""
    return found.get(block, found.get(block.removesuffix(IN_BANK), {}))


def _sum(terms: Features, given: Features) -> float:
    return sum(value * given[feature] for feature, value in terms.items())


def totals(sizes: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Of the trainer, without the harness."""
    return {
        kind: sum(number for block, number in blocks.items() if block != "harness")
        for kind, blocks in sizes.items()
    }


def keys(config: TrainerConfig) -> Iterator[tuple[str, list[Any]]]:
    """Every key of the tables, and its values: of each layer, or one."""
    for section, table in config.model_dump(mode="json").items():
        if isinstance(table, dict):
            for key, value in table.items():
                yield f"{section}.{key}", value if isinstance(value, list) else [value]


#: Choices that change constants, or that features know.
_CONSTANTS = {
    "engine.leaves", "engine.sample", "learning.last_rate", "imperfections.device",
    "imperfections.noisy_reference", "task.name", "task.file", "task.labels", "task.test", "task.test_labels",
    "task.target", "task.skip", "task.header", "task.answers", "task.scale", "task.target_scale",
    "task.test_share", "task.split", "task.goal",
}  # fmt: skip


def chooses(key: str, usual: Sequence[Any]) -> bool:
    """Whether a key chooses one of a few, or is usually 0 for off. All others are numbers of features."""
    if key.startswith("formats.") or key in _CONSTANTS or not usual:
        return False
    return isinstance(usual[0], str | bool) or usual[0] == 0


def unknown(config: TrainerConfig, fit: Fit) -> list[str]:
    """Choices that no fitted trainer had, so that their blocks may be anything."""
    usual = dict(keys(preset("xor")))
    options = fit.bank_options if _in_bank(config) else fit.options

    def seen(key: str, value: Any) -> bool:
        # A key that is younger than the fit was at its default there. A number is on or off.
        fitted = options.get(key, usual[key])
        switch = usual[key] == [0] and key in options
        return value in fitted or (switch and bool(value) in map(bool, fitted))

    return sorted(
        {
            f"{key} = {json.dumps(value)}"
            for key, values in keys(config)
            for value in values
            if key not in fit.free and key not in _CONSTANTS and not seen(key, value)
        }
    )


def _in_bank(config: TrainerConfig) -> bool:
    return config.timing.sweep is not None


# ---- the estimate --------------------------------------------------------------------------------


def check_target(target: str, config: TrainerConfig | None = None) -> None:
    """Raises SynthError unless there are coefficients, by default for arrays."""
    fit = coefficients()
    targets = fit.targets if config is None else fit.targets_of(config)
    if target not in targets:
        hint = ", which synth counts" if target in COUNTED else did_you_mean(target, targets)
        raise SynthError(f"no estimates for target {target!r}{hint}; there are {', '.join(targets)}")


def short_of_multipliers(config: TrainerConfig, target: str, fit: Fit) -> bool:
    """Whether the device has multipliers, and fewer than there are products."""
    return 0 < DEVICES[target].multipliers < round(sum(_wished(config, target, fit)["DSP"].values()))


def clock(config: TrainerConfig, target: str, cells: float, fit: Fit | None = None) -> float | None:
    """The clock rate of a trainer of so many logic cells, megahertz; None if nothing like it was placed."""
    fit = coefficients() if fit is None else fit
    periods = fit.bank_periods if _in_bank(config) else fit.periods
    if (terms := periods.get(fabric(target))) is None:
        return None
    found = period(terms, delays(config, cells, short_of_multipliers(config, target, fit)))
    return None if found is None else 1000 / found


def rate(config: TrainerConfig, target: str) -> float | None:
    """The clock rate at the size that is estimated, megahertz; None where either is not."""
    try:
        cells = totals(estimated_sizes(config, target))["logic cells"]
    except SynthError:
        return None
    return clock(config, target, cells)


def estimate(config: TrainerConfig, target: str) -> Report:
    """As ``flow.synthesize``, without synthesis."""
    if reason := reason_against(config):
        raise SynthError(reason)
    check_target(target, config)
    fit = coefficients()
    supply = SUPPLY[target]
    found = estimated_sizes(config, target)
    resources = tuple(Resource.of(kind, blocks, supply.get(kind)) for kind, blocks in found.items())
    return Report(
        design=config.name,
        target=target,
        title=f"Estimate for {DEVICES[target].title}",
        parameters=config.parameters,
        tools=(f"coefficients of {fit.tool}",),
        resources=resources,
        clocks_per_step=config.timing.clocks_per_step,
        fmax=clock(config, target, totals(found)["logic cells"]),
        notes=(*notes(config), *_device_notes(config, target, fit)),
        common=(),
    )


def notes(config: TrainerConfig, fit: Fit | None = None) -> list[str]:
    """What holds for every device."""
    strange = unknown(config, coefficients() if fit is None else fit)
    told = ["Parameters and clocks per step are exact, the latter while samples are there in time."]
    if strange:
        told.append(f"No fitted trainer had {', '.join(strange)}: what that adds is not in the sizes.")
    return told


def _device_notes(config: TrainerConfig, target: str, fit: Fit) -> Iterator[str]:
    wanted, most = round(sum(_wished(config, target, fit)["DSP"].values())), DEVICES[target].multipliers
    if wanted > most > 0:
        yield f"Products want {wanted} multipliers, and there are {most}: the others are tables."
    in_bank = _in_bank(config)
    errors = (fit.bank_errors if in_bank else fit.errors)[_FAMILY[target]]
    told = ", ".join(f"{kind} {middle:.1%} and {most:.1%}" for kind, (middle, most) in errors.items())
    judged = DEVICES[_FAMILY[target]].title
    yield f"Sizes are estimates; median and largest error over trainers outside the fit, on {judged}: {told}."
    if fabric(target) not in (fit.bank_periods if in_bank else fit.periods):
        return
    if clock(config, target, 1, fit) is None:
        yield "No trainer with as many stages was placed on this device: its clock rate is not estimated."
    elif fabric(target) in fit.rate_errors and not in_bank:
        count, middle, most_wrong = fit.rate_errors[fabric(target)]
        yield (
            f"So is the clock rate; median and largest error over {count} placed trainers outside the fit, on"
            f" {DEVICES[fabric(target)].title}: {middle:.1%} and {most_wrong:.1%}."
        )
    else:
        yield "So is the clock rate, from a few trainers that were placed: how good it is was not judged."


# ---- what fits -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fitting:
    """How much of a device a trainer takes, and how far it can grow.

    Attributes
    ----------
    target : str
    fits : bool
    share : float
        Of the logic cells.
    short : tuple of str
        Resources of which there are too few.
    hidden : int or None
        The largest size of all hidden layers; None without any, 0 where not even one neuron fits.
    parameters : int or None
        Of that trainer.
    lanes : int or None
        Of a bank, the most lanes, with everything else as it is; 0 where not even one fits.
    """

    target: str
    fits: bool
    share: float
    short: tuple[str, ...]
    hidden: int | None
    parameters: int | None
    lanes: int | None = None


def _short(config: TrainerConfig, target: str) -> tuple[float, tuple[str, ...]]:
    """The share of logic cells, and what is too scarce."""
    used, supply = totals(estimated_sizes(config, target)), SUPPLY[target]
    limits = {kind: number * _FULL if kind == "logic cells" else number for kind, number in supply.items()}
    short = tuple(kind for kind, limit in limits.items() if used[kind] > limit)
    return used["logic cells"] / supply["logic cells"], short


def holds(config: TrainerConfig) -> bool:
    """Whether there is a device that it fits, as far as that is estimated."""
    if reason_against(config):
        return True
    return any(not _short(config, target)[1] for target in coefficients().targets_of(config))


def _grown(config: TrainerConfig, hidden: int) -> TrainerConfig | None:
    """The same with so many neurons in every hidden layer; None where that is no trainer."""
    first, *between, last = config.network.layers
    return _changed(config, network={"layers": [first, *[hidden] * len(between), last]})


def _changed(config: TrainerConfig, **changes: Mapping[str, Any]) -> TrainerConfig | None:
    try:
        return config.replaced(**changes)
    except ConfigError:
        return None


def _most(most: int, suits: Callable[[int], bool]) -> int:
    """Doubled until it does not fit, then halved to the last that does; 0 where not even one fits."""
    low, high = 0, 1
    while high <= most and suits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle <= most and suits(middle) else (low, middle)
    return low


def fits(config: TrainerConfig, targets: Sequence[str] | None = None) -> list[Fitting]:
    """For each device: does the trainer fit, and how many hidden neurons would."""
    found = []
    for target in coefficients().targets_of(config) if targets is None else targets:
        share, short = _short(config, target)
        hidden = parameters = lanes = None

        def suits(changed: TrainerConfig | None, target: str = target) -> bool:
            return changed is not None and not _short(changed, target)[1]

        if len(config.network.layers) > 2:
            hidden = _most(_MOST_NEURONS, lambda neurons: suits(_grown(config, neurons)))
            largest = _grown(config, hidden) if hidden else None
            parameters = None if largest is None else largest.parameters
        if _in_bank(config):
            lanes = _most(_MOST_LANES, lambda count: suits(_changed(config, engine={"lanes": count})))
        found.append(Fitting(target, not short, share, short, hidden, parameters, lanes))
    return found


#: Banks that are tried in place of an array, the fastest first.
_TRIED_LANES = (64, 32, 16, 8, 4, 2, 1)


def other_engine(config: TrainerConfig, targets: Sequence[str] | None = None) -> list[str]:
    """Where the other engine would do, one line a device: a bank where an array does not fit, and an array in
    place of a bank, which makes more steps a second.
    """
    if reason_against(config):
        return []
    known = coefficients().targets if targets is None else targets
    if _in_bank(config):
        array = _changed(config, engine={"kind": "array", "lanes": 4})
        tried = [] if array is None else [(array, "an array would fit")]
    else:
        banks = [(each, _changed(config, engine={"kind": "bank", "lanes": each})) for each in _TRIED_LANES]
        tried = [
            (bank, f'engine.kind = "bank" with engine.lanes = {lanes} would fit')
            for lanes, bank in banks
            if bank is not None
        ]
    lines = []
    for target in known:
        if not _in_bank(config) and not _short(config, target)[1]:
            continue
        for other, told in tried:
            if target in coefficients().targets_of(other) and not _short(other, target)[1]:
                speed = _speed(other, rate(other, target))
                lines.append(f"{target}: {told}" + (f", {speed} steps a second" if speed else ""))
                break
    return lines


def _speed(config: TrainerConfig, megahertz: float | None) -> str:
    """Steps a second, for people to read."""
    if megahertz is None:
        return ""
    return f"{steps_per_second(config.timing.clocks_per_step, megahertz * 1e6):,.0f}"


# ---- as text -------------------------------------------------------------------------------------


def fits_table(config: TrainerConfig, found: Sequence[Fitting]) -> str:
    """One line a device, in Markdown."""
    lanes = _in_bank(config)
    lines = [
        "| device | logic cells | fits | clock | steps per second | largest hidden | parameters |"
        + " most lanes |" * lanes,
        "| --- | ---: | --- | ---: | ---: | ---: | ---: |" + " ---: |" * lanes,
    ]
    for each in found:
        clock_rate = rate(config, each.target)
        speed = _speed(config, clock_rate)
        fit = "yes" if each.fits else f"no: too few {', '.join(each.short)}"
        cells = [
            each.target,
            f"{each.share:.0%}",
            fit,
            "" if clock_rate is None else f"{clock_rate:.0f} MHz",
            speed,
            "" if each.hidden is None else f"{each.hidden:,}" if each.hidden else "none",
            "" if each.parameters is None else f"{each.parameters:,}",
            *([f"{each.lanes}" if each.lanes else "none"] if lanes else []),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def as_json(config: TrainerConfig, found: Sequence[Fitting]) -> list[dict[str, Any]]:
    """JSON types only; rates in hertz."""
    rows = []
    for each in found:
        megahertz = rate(config, each.target)
        fmax = None if megahertz is None else megahertz * 1e6
        rows.append(
            {
                "target": each.target,
                "fits": each.fits,
                "share": each.share,
                "short": list(each.short),
                "fmax": fmax,
                "steps_per_second": None
                if fmax is None
                else steps_per_second(config.timing.clocks_per_step, fmax),
                "largest_hidden": each.hidden,
                "parameters": each.parameters,
                **({} if each.lanes is None else {"most_lanes": each.lanes}),
            }
        )
    return rows
