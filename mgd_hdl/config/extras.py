"""Which extra of this package brings what is missing here?

The one origin is the package's own metadata, which an installer writes from ``pyproject.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata

__all__ = ["PACKAGES", "extra_of", "missing", "missing_module"]

_OWN = "mgd-hdl"

#: Modules that are not called as the package that brings them is.
PACKAGES = {"cocotb_tools": "cocotb", "serial": "pyserial"}


def extra_of(packages: Iterable[str]) -> str | None:
    """The smallest extra that brings all these packages; None where none does."""
    wanted = {_plain(package) for package in packages}
    fitting = [(len(brought), extra) for extra, brought in _extras().items() if wanted <= brought]
    return min(fitting)[1] if fitting else None


def missing(*packages: str) -> str | None:
    """What to say where one of these packages is not installed; None where all are.

    The extra named is one that brings them all, so that whoever follows the advice need not ask again.
    """
    absent = [package for package in dict.fromkeys(packages) if not _installed(package)]
    if not absent:
        return None
    are, them = ("is", "it") if len(absent) == 1 else ("are", "them")
    extra = extra_of(packages)
    what = " ".join(absent) if extra is None else f"'{_OWN}[{extra}]'"
    return f"{' and '.join(absent)} {are} missing; install {them} with: pip install {what}"


def missing_module(error: ModuleNotFoundError) -> str | None:
    """The same for a module that an extra brings; None for any other, whose absence is a fault."""
    module = (error.name or "").partition(".")[0]
    package = PACKAGES.get(module, module.replace("_", "-"))
    extra = extra_of([package])
    if extra is None:
        return None
    return f"{package} is missing; install it with: pip install '{_OWN}[{extra}]'"


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _plain(package: str) -> str:
    """Names of packages that differ in case and in what separates their words are the same."""
    return re.sub(r"[-_.]+", "-", package).lower()


@cache
def _extras() -> dict[str, frozenset[str]]:
    """Every extra's packages, those of the extras that it includes too."""
    direct: dict[str, set[str]] = {}
    included: dict[str, set[str]] = {}
    for line in metadata.requires(_OWN) or ():
        found = re.match(r"([\w.-]+)(?:\[([\w.,\s-]+)\])?.*;.*\bextra == [\"']([\w.-]+)[\"']", line)
        if found is None:
            continue
        package, others, extra = _plain(found[1]), found[2], found[3]
        if package == _OWN:
            included.setdefault(extra, set()).update(
                _plain(each.strip()) for each in (others or "").split(",")
            )
            direct.setdefault(extra, set())
        else:
            direct.setdefault(extra, set()).add(package)

    def brought(extra: str) -> frozenset[str]:
        return frozenset(direct[extra]).union(*(brought(other) for other in included.get(extra, ())))

    return {extra: brought(extra) for extra in direct}
