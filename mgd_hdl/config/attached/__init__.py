"""Data files that a configuration names, carried along with it.

A key of the TOML may name a file. Its content is read once, when the configuration is built, and goes
wherever the configuration goes: to copies, to other processes, into simulators. Nothing reads the file again,
and nothing needs to know where it was.

A new kind of data is an addition in four places:

1. a row of ``files.SLOTS``: the key that names the file, and how large it may be;
2. the key itself, a text of its section in ``sections.py`` that is ``""`` where no file is named;
3. a reader from bytes to arrays in this room: ``arrays.npz`` gives the named arrays of an ``.npz`` file;
4. a facet that asks ``asked.attached.file("section.key")`` for the bytes and the reader for arrays, once, as
   a ``cached_property``; and a relation that reports what the reader refuses (``Unreadable``) at that key.

What depends on other keys (formats, scaling) belongs in the facet, never in what is carried: a configuration
with another format is made of the same bytes.
"""

from __future__ import annotations

from .files import SLOTS, Attached, AttachedFile, Slot, Unreadable

__all__ = ["SLOTS", "Attached", "AttachedFile", "Slot", "Unreadable"]
