"""What follows from a configuration, as a person or a script wants to read it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import one_line
from .number import Format, power_of_two
from .options import asked_for
from .sections import HIGH_PASS
from .tasks import TASKS, Task
from .toml import PRESETS, preset
from .trainer import TrainerConfig

__all__ = ["json_schema", "presets_and_tasks", "step_text", "summary", "summary_lines"]


def summary(config: TrainerConfig) -> dict[str, Any]:
    """Sizes, formats, numbers that were snapped, latencies and placement; JSON types only."""
    sweep, series = config.timing.sweep, config.timing.series
    return {
        "name": config.name,
        "task": {
            "name": config.task.name,
            "source": config.task.source,
            "order": config.task.order if config.task.source == "memory" else None,
        },
        "files": config.attached.as_json(),
        "samples": _samples(config) if config.shape.task_data.file else None,
        "parameters": config.parameters,
        "given": {
            "least": config.words.parameter.value(config.given.least),
            "most": config.words.parameter.value(config.given.most),
            "rounded": config.given.rounded,
            "clipped": config.given.clipped,
            "rounds": config.given.rounds,
        }
        if config.given
        else None,
        "layers": [
            {
                "inputs": layer.inputs,
                "neurons": layer.neurons,
                "activation": layer.activation,
                "parameters": layer.parameters,
                "sum": _format(layer.sum),
                "output": _format(layer.output),
                "latency": layer.latency if sweep is None else None,
            }
            for layer in config.shape.layers
        ],
        "formats": {
            name: _format(getattr(config.words, name))
            for name in ("parameter", "visible", "weight", "error", "cost", "cost_change", "hold", "update")
            if name != "error" or config.judges_error
        },
        "loss": {"name": config.loss, "error": config.curves.loss_error},
        "guard_bits": config.words.guard_bits,
        "gain": config.levels.gain,
        "amplitude": {
            "value": 2.0**-config.amplitude_shift,
            "shift": config.amplitude_shift,
            "root_mean_square": _root_mean_square(config),
            "last_shift": config.amplitude_shift + config.amplitude_halvings,
        },
        "rate": {
            "value": 2.0**-config.learning_shift,
            "shift": config.learning_shift,
            "largest_shift": config.levels.max_learning_shift,
        },
        "snapped": {key: {"given": given, "used": used} for key, (given, used) in config.snapped.items()},
        "high_pass": config.levels.high_pass / (1 << HIGH_PASS.width) if config.analog else None,
        "decay": 2.0 ** power_of_two(config.learning.decay) if config.decays else None,
        "rail": 2.0 ** (config.levels.rail - config.words.parameter.fraction_bits),
        "low_pass": 2.0**-config.follow if config.follow else None,
        "shadow": config.shadow,
        "leaves": config.placement.leaves,
        "leaf_cells": config.leaf_cells,
        "early": config.early,
        "reset": config.resets,
        "starts_unknown": config.facts.starts_unknown,
        "options": [option.name for option in asked_for(config) if not option.form],
        "layerwise": config.layerwise,
        "turn_codes": _met_in_turns(config),
        "nodes": config.nodes,
        "latency": {
            "measure": config.timing.measure_latency + (0 if sweep is None else sweep.answered),
            "step": config.timing.step_latency,
        },
        "clocks_per_step": float(config.timing.clocks_per_step),
        "measurements_per_step": float(config.timing.measurements_per_step),
        "judge": config.judge.model_dump() if config.judged else None,
        "rows": config.placement.rows,
        "columns": config.placement.columns,
        "tiles": len(config.placement.tiles),
        "sweep": {"lanes": config.engine.lanes, "words": config.timing.lane.depth}
        if sweep or series
        else None,
    }


def presets_and_tasks() -> dict[str, Any]:
    """All presets and tasks with their sizes, null where they follow the network; JSON types only."""
    configs = {name: preset(name) for name in PRESETS}
    return {
        "presets": {
            name: {
                "layers": list(config.network.layers),
                "parameters": config.parameters,
                "task": config.task.name,
                "source": config.task.source,
            }
            for name, config in configs.items()
        },
        "tasks": {
            task.name: {
                "inputs": task.inputs,
                "outputs": task.outputs,
                "samples": task.count,
                "sources": _sources(task),
            }
            for task in TASKS.values()
        },
    }


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a TOML file, for editors."""
    schema: dict[str, Any] = _untitled(TrainerConfig.json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "mgd_hdl trainer",
        "description": "What mgd-hdl builds: network, number formats, perturbation, learning rule, task.",
    }


def summary_lines(found: dict[str, Any]) -> Iterator[str]:
    """What :func:`summary` found, for people."""

    def line(key: str, text: str) -> str:
        return f"  {key:12} {text}"

    def number(key: str) -> str:
        each = found["formats"][key]
        return f"{each['format']}, {each['bits']} bits"

    yield f"{found['name']}: ok"
    yield line("task", ", ".join(text for text in found["task"].values() if text is not None))
    for key, file in found["files"].items():
        yield line(
            "file", f"{key}: {file['file']}, {file['bytes']:,} bytes, SHA-256 {file['sha256'][:16]}..."
        )
    for key, text in () if found["samples"] is None else _sample_lines(found["samples"]):
        yield line(key, text)
    yield line("parameters", str(found["parameters"]))
    given = found["given"]
    if given is not None:
        within = f"{given['least']:g} to {given['most']:.6g}"
        clipped = f"{given['clipped']} of {found['parameters']} clipped to {within}"
        yield line("start from", f"the file's, rounded by {given['rounded']:.2g} at most; {clipped}")
    for index, layer in enumerate(found["layers"]):
        yield line(
            f"layer {index}",
            f"{layer['inputs']} -> {layer['neurons']} {layer['activation']}, sum {layer['sum']['format']},"
            f" output {layer['output']['format']}"
            + ("" if layer["latency"] is None else f", {layer['latency']} clocks"),
        )
    yield line("parameter", f"{number('parameter')}: {found['formats']['visible']['bits']} visible")
    yield line("loss", f"{found['loss']['name']}, off by {found['loss']['error']:.2g} at most")
    for key in ("weight", "error", "cost", "cost_change", "hold", "update"):
        if key in found["formats"]:
            yield line(key, number(key))
    amplitude, effective = found["amplitude"], found["amplitude"]["root_mean_square"]
    more = "" if effective in (None, amplitude["value"]) else f", root mean square {effective:.4g}"
    if amplitude["last_shift"] > amplitude["shift"]:
        more += f", later 2**{-amplitude['last_shift']}"
    yield line("amplitude", f"2**{-amplitude['shift']}{more}")
    rate = found["rate"]
    yield line("rate", f"2**-{rate['shift']}, at run time 1 to 2**-{rate['largest_shift']}")
    if found["decay"] is not None:
        yield line("decay", f"{found['decay']:g} at each update, changed at run time")
    if found["high_pass"] is not None:
        yield line("analog", f"high-pass a = {found['high_pass']:.4g}, changed at run time")
    if found["low_pass"] is not None:
        b = found["low_pass"]
        yield line("follow", f"b = {b:g}, time constant {1 / b - 1:g} times tau_theta, momentum {1 - b:g}")
    for key, pair in found["snapped"].items():
        yield line("snapped", f"{key} = {pair['given']} is used as {pair['used']}")
    measured = "from what was measured " if found["measurements_per_step"] else ""
    yield line(
        "latency",
        f"{found['latency']['measure']} clocks {measured}to a cost, {found['latency']['step']} to its update",
    )
    yield line("step", f"{step_text(found)}, while samples are there in time")
    leaves = f"leaf registers for {found['leaf_cells']} cells each"
    words = {"shadow": "shadow copy", "leaves": leaves, "early": "early enables"}
    words |= {"layerwise": "layer by layer", "nodes": "node by node"}
    extras = [text for key, text in words.items() if found[key]]
    if found["options"]:
        yield line("options", ", ".join(found["options"]))
    if (codes := found["turn_codes"]) is not None:
        each, met, least = codes["all"], codes["met"], len(found["layers"]) | 1
        yield line(
            "codes",
            f"a layer meets {met:,} of {each:,} in its turns; all with an odd tau_layer of {least} or more",
        )
    judge = found["judge"]
    if judge is not None:
        misses = f"at most {judge['misses']} at {judge['limit']} or above"
        yield line("judge", f"solved after {judge['window']} references with {misses}")
    start = "from whatever registers hold, unknown values (X) too"
    if not found["starts_unknown"]:
        start = 'from any zeros and ones; from unknown values (X) only with engine.reset = "yes"'
    yield line("start", start)
    sweep = found["sweep"]
    if sweep is not None:
        lanes = "1 lane" if sweep["lanes"] == 1 else f"{sweep['lanes']} lanes"
        yield line("bank", f"{sweep['words']} words on {lanes}")
        return
    yield line(
        "array", ", ".join([f"{found['rows']} rows of {found['columns']} in {found['tiles']} tiles", *extras])
    )


def step_text(found: Mapping[str, Any]) -> str:
    """What a step takes: clocks, and measurements of a device outside, which come on top."""
    clocks, count = f"{found['clocks_per_step']:.6g} clocks", found["measurements_per_step"]
    if not count:
        return clocks
    return f"{clocks} and {count:.6g} measurement{'s' * (count != 1)} of the device"


def _samples(config: TrainerConfig) -> dict[str, Any]:
    """How many there are of the user's own, what they were scaled from, and what did not fit."""
    data = config.data
    parts = {"train": data.train, "test": data.test}

    def limits(found: Any) -> dict[str, list[float]] | None:
        return None if found is None else {"low": found.low.tolist(), "high": found.high.tolist()}

    inputs, targets = data.ranges
    return {
        **{name: 0 if part is None else len(part) for name, part in parts.items()},
        "codes": _met(config),
        "classes": list(data.classes),
        "inputs": list(data.samples.inputs),
        "input": _format(config.formats.input),
        "scale": limits(inputs),
        "target_scale": limits(targets),
        "clipped": {
            name: {"inputs": part.clipped[0], "targets": part.clipped[1]}
            for name, part in parts.items()
            if part is not None
        },
        "bits": len(data.train) * config.shape.sample_words[1] if config.task.source == "memory" else None,
    }


def _met(config: TrainerConfig) -> dict[str, int] | None:
    """Walsh codes: after how many perturbations they repeat, and how many of them each sample meets in one
    order, where these are fewer.
    """
    task, learning, code = config.task, config.learning, config.codes.walsh_code
    in_order = task.source == "stream" or task.order == "plain"
    if config.perturbation.family != "walsh" or not in_order or learning.tau_x % learning.tau_p:
        return None
    met = code.met(config.data.count, learning.tau_x // learning.tau_p)
    return {"repeat": code.repeats, "met": met} if met < code.repeats else None


def _met_in_turns(config: TrainerConfig) -> dict[str, int] | None:
    """Walsh codes, layer by layer: how many there are, and how many each layer meets, if fewer."""
    if config.perturbation.family != "walsh" or not config.layerwise:
        return None
    code = config.codes.walsh_code
    met = code.met_in_turns(len(config.shape.layers), config.perturbation.tau_layer)
    return {"all": code.period // 2, "met": met} if met < code.period // 2 else None


def _sample_lines(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What :func:`_samples` found, for people."""
    aside = f"{found['test']:,} to test with" if found["test"] else "none to test with: accuracy is of these"
    stored = "" if found["bits"] is None else f"; {found['bits']:,} bits of memory"
    yield "samples", f"{found['train']:,} to learn from, {aside}{stored}"
    if (codes := found["codes"]) is not None:
        repeat, met = codes["repeat"], codes["met"]
        yield "codes", f"repeat after {repeat:,}: in one order each sample meets {met:,} of them"
    if found["classes"]:
        yield "classes", _listed(found["classes"])
    scale = found["scale"]
    if scale is None:
        yield "inputs", f"{_listed(found['inputs'])}: as they are"
    else:
        spans = [f"{low:.6g} to {high:.6g}" for low, high in zip(scale["low"], scale["high"], strict=True)]
        alike = len(spans) > 1 and len(set(spans)) == 1
        columns = [f"{name} {span}" for name, span in zip(found["inputs"], spans, strict=True)]
        yield "inputs", f"{len(spans):,}, each {spans[0]}" if alike else _listed(columns)
    bits = found["input"]["bits"]
    yield "input", f"{found['input']['format']}, {bits} {'bit' if bits == 1 else 'bits'}"
    for name, clipped in found["clipped"].items():
        for what, number in clipped.items():
            if number:
                yield "clipped", f"{number:,} of the {what} of the {name} samples, beyond their format"


def _listed(names: list[str]) -> str:
    """Some names, and how many more there are."""
    shown = [one_line(name, 40) for name in names[:8]]
    return ", ".join(shown) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")


def _root_mean_square(config: TrainerConfig) -> float | None:
    """Of one parameter's perturbation over time; of codes from outside unknown."""
    power = config.codes.perturbation_power
    return None if power is None else 2.0**-config.amplitude_shift * math.sqrt(power)


def _format(given: Format) -> dict[str, Any]:
    return {"format": str(given), "bits": given.width}


def _sources(task: Task) -> list[str]:
    has = {"memory": task.stored or task.file or None, "generator": task.generator, "stream": True}
    return [source for source, there in has.items() if there is not None]


def _untitled(node: Any) -> Any:
    """Without the titles that only repeat the keys."""
    if isinstance(node, dict):
        return {
            key: _untitled(value)
            for key, value in node.items()
            if key != "title" or not isinstance(value, str)
        }
    return [_untitled(entry) for entry in node] if isinstance(node, list) else node
