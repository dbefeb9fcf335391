"""What has to be closed, closes itself."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import TypeVar

__all__ = ["Closes"]

_Self = TypeVar("_Self", bound="Closes")


class Closes:
    """Something that a ``with`` closes at its end."""

    def close(self) -> None:
        """Give back what it holds; OSError where something cannot be written."""
        raise NotImplementedError

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What went wrong first is what is told.
        with contextlib.suppress(*([OSError] if error is not None else [])):
            self.close()
