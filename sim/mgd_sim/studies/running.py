"""A study goes through its points: what is in its table is not done again, and every new row is kept.

A plan of points may depend on what was found: it is a generator that gives points and is sent their rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mgd_hdl.config import ConfigError, TrainerConfig

from .learning import Goal, goal_or_any
from .measures import MEASURES, Job, Stopped
from .points import Changes, Point, applied
from .table import Cells, Table, cell
from .workers import Workers

__all__ = ["Plan", "Study", "Asked", "columns", "goal_for", "once", "run"]

#: Gives points, and is sent the rows of each, in the same order.
Plan = Generator[Sequence[Point], Sequence[list[Cells]], None]
#: Of the configuration that is varied.
Area = Callable[[TrainerConfig], int]

#: Seconds between two times that the table is written.
_EVERY = 1.0
#: A task is looked at so often at most.
_LOOKS = 1000


@dataclass(frozen=True)
class Study:
    """A question that can be asked of any configuration.

    Attributes
    ----------
    asks : str
        The question, one line.
    plan : callable
        Of the configuration and the goal: the points.
    measure : str
        Key of :data:`mgd_sim.studies.measures.MEASURES`.
    models : tuple of str
        What is measured by default; none for the measure's first.
    devices : bool
        Each seed has imperfections of its own.
    area : bool
        Logic cells are told beside, as estimated.
    shorter : int
        A run takes so many times fewer steps than the task's goal grants.
    """

    asks: str
    plan: Callable[[TrainerConfig, Goal], Plan]
    measure: str = "solved"
    models: tuple[str, ...] = ()
    devices: bool = False
    area: bool = False
    shorter: int = 1


@dataclass(frozen=True)
class Asked:
    """What a study is asked.

    Attributes
    ----------
    study : Study
    config : TrainerConfig
    varied : sequence of mapping
        Changes of the configuration, each with all points of the study.
    models : sequence of str
    seeds : range
    goal : Goal
    area : callable, optional
        Of a configuration, its logic cells.
    """

    study: Study
    config: TrainerConfig
    varied: Sequence[Changes]
    models: Sequence[str]
    seeds: range
    goal: Goal
    area: Area | None = None

    @property
    def keys(self) -> list[str]:
        """The keys that are varied."""
        return list(dict.fromkeys(key for changes in self.varied for key in changes))


def once(points: Iterable[Point]) -> Plan:
    """A plan of points that depend on nothing."""
    yield list(points)


def goal_for(
    config: TrainerConfig, study: Study, seeds: int | None, steps: int | None, every: int | None
) -> Goal:
    """The task's goal, for so many seeds and steps, looked at some hundred times."""
    goal = goal_or_any(config)
    steps = max(1, goal.steps // study.shorter) if steps is None else steps
    if every is None:
        every = goal.every * -(-steps // (goal.every * _LOOKS))
    return replace(goal, seeds=seeds or max(16, min(64, goal.seeds)), steps=steps, every=every)


def columns(asked: Asked) -> tuple[list[str], list[str]]:
    """Of the table: what tells a job, and what it finds."""
    found = list(MEASURES[asked.study.measure].columns)
    area = ["logic_cells"] if asked.study.area else []
    return [*asked.keys, "point", "changes", "model"], [*found, *area, "problem"]


def run(
    asked: Asked,
    table: Table,
    workers: Workers,
    *,
    write: Callable[[str], None],
    told: Callable[[Cells, str], None],
    stop: Callable[[int, float], bool],
) -> None:
    """Go through all points.

    Parameters
    ----------
    asked : Asked
    table : Table
        With what is known already; it is filled.
    workers : Workers
    write : callable
        Keeps the text of the table; called about once a second, and in the end, whatever the end is.
    told : callable
        Called with each new row's cells, and a line about what was found.
    stop : callable
        Called with the number of jobs of a batch, and how many are done, parts included: whether to stop.
        Then Stopped is raised.
    """
    plans = [_Planned(asked, changes) for changes in asked.varied]
    running = _Running(asked, table, workers, write, told, stop)
    try:
        while plans:
            running.batch([job for plan in plans for job in plan.jobs])
            plans = [plan for plan in plans if plan.goes_on(table)]
    finally:
        running.keep()


class _Running:
    """Batches of jobs, one after the other; see :func:`run`."""

    def __init__(
        self,
        asked: Asked,
        table: Table,
        workers: Workers,
        write: Callable[[str], None],
        told: Callable[[Cells, str], None],
        stop: Callable[[int, float], bool],
    ):
        self._asked, self._table, self._workers = asked, table, workers
        self._write, self._told, self._stop = write, told, stop
        self._next, self._kept = time.monotonic(), ""
        self._found: dict[object, Sequence[Mapping[str, Any]]] = {}

    def batch(self, batch: Sequence[_Asked]) -> None:
        """All jobs, of which points that are the same under two names are one, and those that a sample has
        taken twice are asked for once.
        """
        table = self._table
        batch = list({table.job(each.cells): each for each in batch}.values())
        table.order([table.job(each.cells) for each in batch])
        for each in batch:
            known = table.rows(table.job(each.cells))
            if known is not None:
                self._found.setdefault(each.same, known)
        new: dict[object, list[_Asked]] = {}
        for each in batch:
            if table.rows(table.job(each.cells)) is not None:
                continue
            if each.config is None:
                table.put(table.job(each.cells), [{"problem": each.problem}])
                self._told(each.cells, f"cannot be built: {each.problem}")
            elif each.same in self._found:
                self._put(each, self._found[each.same])
            else:
                new.setdefault(each.same, []).append(each)
        groups = list(new.values())
        jobs = [group[0].job(self._asked) for group in groups]
        if not jobs:
            return
        if self._stop(len(jobs), 0.0):
            raise Stopped
        for number, rows in self._workers.done(jobs, lambda done: self._stop(len(jobs), done)):
            if self._asked.study.area and self._asked.area is not None:
                cells = self._asked.area(jobs[number].config)
                rows = [row if row.get("problem") else {**row, "logic_cells": cells} for row in rows]
            self._found[groups[number][0].same] = rows
            for each in groups[number]:
                self._put(each, rows)
            if time.monotonic() >= self._next:
                self.keep()

    def _put(self, each: _Asked, rows: Sequence[Mapping[str, Any]]) -> None:
        job = self._table.job(each.cells)
        self._table.put(job, rows)
        found = self._table.rows(job) or []
        problem = found[0]["problem"]
        said = f"cannot be built: {problem}" if problem else MEASURES[self._asked.study.measure].said(found)
        self._told(each.cells, said)

    def keep(self) -> None:
        """Write the table, where it is another one than last time."""
        text = self._table.text()
        if text != self._kept:
            self._write(text)
            self._kept = text
        self._next = time.monotonic() + _EVERY


@dataclass(frozen=True)
class _Asked:
    """A job before it is one: its cells, its point, and its configuration or why there is none."""

    cells: Cells
    point: Point
    config: TrainerConfig | None
    problem: str

    @property
    def same(self) -> object:
        """Equal for jobs that find the same, whatever their points are called."""
        cells = [text for column, text in self.cells.items() if column != "point"]
        return (*cells, self.point.by_accuracy, self.point.other_seeds)

    def job(self, asked: Asked) -> Job:
        """What is to be done."""
        assert self.config is not None
        goal = replace(asked.goal, cost=float("inf")) if self.point.by_accuracy else asked.goal
        seeds = asked.seeds
        if self.point.other_seeds:
            seeds = range(seeds.stop, seeds.stop + len(seeds))
        return Job(asked.study.measure, self.config, self.cells["model"], seeds, goal, asked.study.devices)


class _Planned:
    """The plan of one varied configuration, and where it stands."""

    def __init__(self, asked: Asked, changes: Mapping[str, Any]):
        self._asked, self._changes = asked, changes
        self._base, problem = _built(asked.config, changes)
        plan = once([Point()]) if self._base is None else asked.study.plan(self._base, asked.goal)
        self._problem, self._plan = problem, plan
        self._points: Sequence[Point] = list(next(plan, ()))

    @property
    def jobs(self) -> list[_Asked]:
        """Of the points that are asked for now, with every model."""
        return [self._job(point, model) for point in self._points for model in self._asked.models]

    def _job(self, point: Point, model: str) -> _Asked:
        changed = "; ".join(f"{key}={cell(value)}" for key, value in point.changes.items())
        cells = {key: cell(self._changes.get(key)) for key in self._asked.keys}
        cells |= {"point": cell(point.name), "changes": cell(changed), "model": model}
        if self._base is None:
            return _Asked(cells, point, None, self._problem)
        return _Asked(cells, point, *_built(self._base, point.changes))

    def goes_on(self, table: Table) -> bool:
        """Whether the plan asks for more, now that it knows the rows of its points."""
        first = [self._job(point, self._asked.models[0]) for point in self._points]
        rows = [table.rows(table.job(each.cells)) or [] for each in first]
        try:
            self._points = list(self._plan.send(rows))
        except StopIteration:
            return False
        return True


def _built(config: TrainerConfig, changes: Changes) -> tuple[TrainerConfig | None, str]:
    try:
        return applied(config, changes), ""
    except ConfigError as error:
        return None, str(error.problems[0])
