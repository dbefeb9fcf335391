"""Building a configuration from a document: every problem is found, and what was snapped is told."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema

from .attached import Attached
from .derived import Derived
from .errors import ConfigError, Problem
from .explain import explain
from .number import Format, power_of_two
from .relations import relation_problems
from .sections import GAIN_FRACTION, HIGH_PASS, Section

__all__ = ["built", "json_schema", "problems_of_keys", "replaced", "snapped"]

_Config = TypeVar("_Config", bound=Derived)


class _SchemaGenerator(GenerateJsonSchema):
    """Shows defaults as the TOML file would spell them."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, Section):
            return dft.model_dump(mode="json")
        return str(dft) if isinstance(dft, Format) else super().encode_default(dft)


def _without(document: Any, error: ValidationError) -> dict[str, Any]:
    """A copy of the document without the keys in error, so that the others can still be checked."""
    kept = dict(document) if isinstance(document, dict) else {}
    for item in error.errors(include_url=False):
        section, *key = item["loc"][:2] or [None]
        if isinstance(kept.get(section), dict) and key:
            kept[section] = {name: value for name, value in kept[section].items() if name != key[0]}
        else:
            kept.pop(section, None)
    kept["network"] = {"layers": [1, 1], **kept.get("network", {})}
    return kept


def built(kind: type[_Config], document: Any, attached: Attached) -> _Config:
    """From the tables of a TOML file; raises ConfigError with every problem found.

    Files that are attached under the names that the tables give need not be there; all others are read.
    """
    try:
        config, problems = kind.model_validate(document), []
    except ValidationError as error:
        problems = explain(error, json_schema(kind))
        document = _without(document, error)
        config = kind.model_validate(document)
    files, unread = attached.following(config)
    config.attach(files)
    problems += unread
    problems += relation_problems(config, {problem.key.partition("[")[0] for problem in problems})
    if problems:
        raise ConfigError(problems)
    return config


def json_schema(kind: type[Derived]) -> dict[str, Any]:
    """The JSON Schema of a TOML file."""
    return kind.model_json_schema(schema_generator=_SchemaGenerator)


def problems_of_keys(
    kind: type[Derived], document: dict[str, Any], sections: dict[str, Any]
) -> list[Problem]:
    """What is wrong with these keys alone, in a document that is right: unknown ones, and values that they
    never take.
    """
    try:
        kind.model_validate(_with(document, sections))
    except ValidationError as error:
        return explain(error, json_schema(kind))
    return []


def _with(document: dict[str, Any], sections: dict[str, Any]) -> dict[str, Any]:
    """A copy of the document with some keys changed."""
    found = dict(document)
    for key, value in sections.items():
        old = found.get(key)
        found[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return found


def replaced(config: _Config, sections: dict[str, Any], attached: Attached | None = None) -> _Config:
    """A copy with some keys changed, checked again; and with other files where some are given."""
    document = _with(config.model_dump(mode="json"), sections)
    return built(type(config), document, config.attached if attached is None else attached)


def snapped(config: Derived) -> dict[str, tuple[float, float]]:
    """Keys whose number was moved to one the circuit has: what was given, what is used."""
    given = {
        "perturbation.amplitude": (config.perturbation.amplitude, 2.0**-config.amplitude_shift),
        "learning.rate": (config.learning.rate, 2.0**-config.learning_shift),
    }
    if config.perturbation.share != 1:
        given["perturbation.share"] = (config.perturbation.share, 2.0**-config.share_shift)
    optional = {
        "learning.last_rate": config.learning.last_rate,
        "learning.decay": config.learning.decay,
        "learning.clamp": config.learning.clamp,
        "perturbation.last_amplitude": config.perturbation.last_amplitude,
    }
    given |= {key: (value, 2.0 ** power_of_two(value)) for key, value in optional.items() if value}
    if config.cost_noisy:
        noise = config.imperfections.cost_noise
        given["imperfections.cost_noise"] = (noise, 2.0 ** power_of_two(noise))
    if config.update_noisy:
        noise = config.imperfections.update_noise
        given["imperfections.update_noise"] = (noise, 2.0 ** power_of_two(noise))
    if config.analog:
        used = config.levels.high_pass / ((1 << HIGH_PASS.width) - config.levels.high_pass)
        given["learning.tau_hp"] = (config.learning.tau_hp, used)
    for index, initial in enumerate(config.initials):
        given[f"network.initial[{index}]"] = (initial, 2.0 ** power_of_two(initial))
    if config.loss == "hinge":
        margin = config.cost_section.margin
        given["cost.margin"] = (margin, config.words.output.value(config.words.margin))
    if config.second_cost:
        weight = config.converters.second_weight / (1 << GAIN_FRACTION)
        given["device.second_weight"] = (config.device.second_weight, weight)
    for key, register in (("limit", config.levels.change_limit), ("gate", config.levels.change_gate)):
        size = getattr(config.cost_section, key)
        if size:
            given[f"cost.{key}"] = (size, config.words.cost_change.value(register))
    return {key: pair for key, pair in given.items() if pair[0] != pair[1]}
