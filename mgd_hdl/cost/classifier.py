"""The classifier: which class do the outputs answer, and how many answers were right?"""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ..config.ports import COUNT_BITS
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block
from . import leading

__all__ = ["Classifier"]


class Classifier(Block):
    """Counts answers of the network at rest, and the right ones among them.

    Several outputs answer by the largest, of equal ones the first, which is right where the target's
    largest stands. A single output answers one from ``config.levels.threshold`` on, and so does a target from
    one half on. Every reference is judged once, when the step it belongs to has been measured as well.

    Comparators pass the larger output on, with one bit that says whether it is the right one; so
    the class itself needs no number. The counters stop when ``judged_count`` is full, so that their ratio
    stays that of the answers counted.

    Latency from the outputs to the counters: ``config.timing.classifier_latency`` clocks; one measurement a
    clock.

    Members
    -------
    y : In(outputs)
    target : In(outputs)
    measure, reference : In(1)
        Outputs of a measurement; of one at rest.
    clear : In(1)
        Count from zero; goes before counting.
    judged_count, right_count : Out(24)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "y": In(data.ArrayLayout(shape(config.shape.layers[-1].output), config.outputs)),
                "target": In(data.ArrayLayout(shape(config.formats.target), config.outputs)),
                "measure": In(1),
                "reference": In(1),
                "clear": In(1),
                "judged_count": Out(COUNT_BITS),
                "right_count": Out(COUNT_BITS),
            }
        )

    @property
    def module(self) -> str:
        return "classifier"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        right = self._right(m)
        measure, reference = self.measure, self.reference
        for clock in range(config.timing.classifier_latency - 1):
            measured, rested = (Signal(name=f"{name}_{clock}") for name in ("measured", "rested"))
            m.d.sync += [measured.eq(measure), rested.eq(reference)]
            measure, reference = measured, rested

        # The answer of a step's reference waits for the step's own measurement.
        answered, correct = Signal(name="answered"), Signal(name="correct")
        counting = Signal()
        with m.If(measure):
            m.d.sync += answered.eq(reference)
        with m.If(measure & reference):
            m.d.sync += correct.eq(right)
        m.d.comb += counting.eq(measure & ~reference)
        judged, rights = Signal(COUNT_BITS, name="judged"), Signal(COUNT_BITS, name="rights")
        more = Signal()
        m.d.comb += [
            more.eq(answered & ~self.judged_count.all()),
            judged.eq(self.judged_count + more),
            rights.eq(self.right_count + (more & correct)),
        ]
        with m.If(self.clear):
            m.d.sync += [self.judged_count.eq(0), self.right_count.eq(0)]
        with m.Elif(counting):
            m.d.sync += [self.judged_count.eq(judged), self.right_count.eq(rights)]
        return m

    def _right(self, m) -> Value:
        """Whether the outputs of ``config.timing.classifier_latency - 1`` clocks ago answered right."""
        config = self.config
        y = [self.y[j] for j in range(config.outputs)]
        hot = leading([self.target[j] for j in range(config.outputs)])
        if config.outputs == 1:
            right = Signal(reset_less=True)
            m.d.sync += right.eq(
                (y[0] >= config.levels.threshold) == (self.target[0] >= config.levels.target_threshold)
            )
            return right
        level = 0
        while len(y) > 1:
            level += 1
            best, own = [], []
            for i in range(0, len(y), 2):
                value = Signal(y[0].shape(), name=f"best_{level}_{i // 2}", reset_less=True)
                mine = Signal(name=f"right_{level}_{i // 2}", reset_less=True)
                if i + 1 < len(y):
                    first = y[i] >= y[i + 1]
                    m.d.sync += [
                        value.eq(Mux(first, y[i], y[i + 1])),
                        mine.eq(Mux(first, hot[i], hot[i + 1])),
                    ]
                else:
                    m.d.sync += [value.eq(y[i]), mine.eq(hot[i])]
                best.append(value)
                own.append(mine)
            y, hot = best, own
        return hot[0]
