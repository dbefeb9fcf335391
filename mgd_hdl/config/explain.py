"""From what pydantic found to one line per problem, in the words of the TOML file."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .errors import Problem, did_you_mean, shown

__all__ = ["describe", "explain"]

Node = dict[str, Any]  # a node of a JSON schema


def describe(node: Node) -> str:
    """What a key may hold, from its node of the JSON schema: ``a whole number from 1 to 24``."""
    if "oneOf" in node:
        return ", or ".join(map(describe, node["oneOf"]))
    if "enum" in node:
        return "one of " + ", ".join(map(shown, node["enum"]))
    if "const" in node:
        return shown(node["const"])
    if node.get("type") == "array":
        least, most = node.get("minItems"), node.get("maxItems")
        size = "entries"
        if least is not None:
            size = f"{least} entries" if least == most else f"{least} to {most} entries"
        return f"a list of {size}, each {describe(node['items'])}"
    if node.get("type") == "integer":
        return f"a whole number from {node['minimum']} to {node['maximum']}"
    if node.get("type") == "boolean":
        return "true or false"
    if node.get("type") == "number":
        if "maximum" in node:
            return f"a number from {node['minimum']} to {node['maximum']}"
        return f"a finite number above {node['exclusiveMinimum']}"
    if node.get("type") == "boolean":
        return "true or false"
    if "examples" in node:
        return f"text such as {shown(node['examples'][0])}"
    return "text" if node.get("type") == "string" else "a table of keys"


def explain(error: ValidationError, schema: Node) -> list[Problem]:
    """One problem per key, in the order of the file; ``schema`` is the model's JSON schema."""
    found: dict[str, Problem] = {}
    for item in error.errors(include_url=False, include_context=False):
        path = [part for part in item["loc"] if part not in ("single", "list")]
        if item["type"] == "too_short" and len(item["input"]) >= _least(_node(schema, path)):
            continue  # only because entries are wrong, which is reported
        problem = _problem(item, path, schema)
        found.setdefault(problem.key, problem)
    return list(found.values())


def _problem(item: ErrorDetails, path: list[int | str], schema: Node) -> Problem:
    key = _key(path) or "configuration"
    if item["type"] == "missing":
        return Problem(key, "", f"is missing; must be {describe(_node(schema, path))}")
    value = shown(item["input"])
    if item["type"] == "extra_forbidden":
        return Problem(key, value, _unknown(path, schema))
    if item["type"] == "value_error":
        return Problem(key, value, item["msg"].removeprefix("Value error, "))
    if item["type"] == "invalid_key":
        return Problem(key, "", "must be text")
    node = _node(schema, path)
    near = ""
    if item["type"] == "literal_error" and isinstance(item["input"], str):
        near = did_you_mean(item["input"], node.get("enum", ()))
    return Problem(key, value, f"must be {describe(node)}{near}")


def _key(path: list[int | str]) -> str:
    key = ""
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def _node(schema: Node, path: list[int | str]) -> Node:
    node = schema
    for part in path:
        if "oneOf" in node:
            node = next(choice for choice in node["oneOf"] if choice.get("type") == "array")
        node = node["items"] if isinstance(part, int) else node["properties"][part]
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _least(node: Node) -> int:
    """How many entries the list has at least, which may be one of several things that can stand here."""
    found: int = next(each["minItems"] for each in (node, *node.get("oneOf", ())) if "minItems" in each)
    return found


def _unknown(path: list[int | str], schema: Node) -> str:
    """An unknown key: the nearest name, the section it belongs to, or all that is allowed here."""
    name, here = str(path[-1]), _node(schema, path[:-1])["properties"]
    homes = [
        f"[{section}]"
        for section in schema["properties"]
        if name in _node(schema, [section]).get("properties", ())
    ]
    if homes:
        return f"unknown key; it belongs to section {' or '.join(homes)}"
    if name in schema["properties"]:
        return "unknown key; it belongs to the top of the file, before the first section"
    kind = "key" if len(path) > 1 else "key or section"
    return f"unknown {kind}{did_you_mean(name, here)}; allowed here: {', '.join(here)}"
