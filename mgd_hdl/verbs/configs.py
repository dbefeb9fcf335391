"""Verbs that read and write configurations."""

from __future__ import annotations

import json
from argparse import Namespace

from ..config import ConfigError, TrainerConfig
from ..config.summary import json_schema, presets_and_tasks, summary, summary_lines
from ..config.toml import preset_text
from ..files import write_file
from .common import any_configuration, print_json

__all__ = ["init", "list_all", "check", "schema"]


def init(args: Namespace) -> int:
    """Write the TOML of a preset."""
    file = f"{args.preset}.toml" if args.file is None else args.file
    write_file(file, preset_text(args.preset), force=args.force)
    print(f"wrote {file}")
    return 0


def list_all(args: Namespace) -> int:
    """Tell presets and tasks."""
    found = presets_and_tasks()
    if args.json:
        print_json(found)
        return 0
    print("presets")
    for name, each in found["presets"].items():
        network = "-".join(map(str, each["layers"]))
        print(f"  {name:17} {network:8} {each['parameters']:4} parameters   {each['task']}, {each['source']}")
    print("tasks")
    for name, each in found["tasks"].items():
        inputs, outputs, samples = (
            "any" if each[key] is None else each[key] for key in ("inputs", "outputs", "samples")
        )
        sources = ", ".join(each["sources"])
        print(f"  {name:17} inputs {inputs:<3} outputs {outputs:<3} samples {samples:<6} {sources}")
    return 0


def check(args: Namespace) -> int:
    """Tell all problems of a configuration, or what follows from it."""
    try:
        config = any_configuration(args.config, args.samples)
    except ConfigError as error:
        if args.json:
            problems = [{"key": p.key, "value": p.value, "allowed": p.allowed} for p in error.problems]
            print_json({"ok": False, "problems": problems})
        raise
    found, engines = summary(config), _engines(config)
    if args.json:
        print_json({"ok": True, **found, "other_engine": engines})
    else:
        print("\n".join([*summary_lines(found), *(f"  {'engine':12} {line}" for line in engines)]))
    return 0


def _engines(config: TrainerConfig) -> list[str]:
    """Where the other engine would do: of an array that no device holds, and of a bank."""
    from mgd_synth.estimate import holds, other_engine

    if config.timing.sweep is None and holds(config):
        return []
    return other_engine(config)


def schema(args: Namespace) -> int:
    """Write the JSON Schema."""
    if args.file is None:
        print_json(json_schema())
    else:
        write_file(args.file, json.dumps(json_schema(), indent=2) + "\n", force=args.force)
        print(f"wrote {args.file}")
    return 0
