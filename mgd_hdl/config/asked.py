"""What is asked for: the tables of a TOML file, and what follows from one key or two alone."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Annotated

from pydantic import Field, PrivateAttr

from .attached import Attached
from .codes import LOADED
from .cost import Loss
from .network import Activation
from .number import Rounding, power_of_two
from .sections import (
    MAX_SEED,
    AdcSection,
    CostSection,
    DacSection,
    DeviceSection,
    EngineSection,
    FormatsSection,
    HostSection,
    ImperfectionsSection,
    JudgeSection,
    LearningSection,
    NetworkSection,
    PerturbationSection,
    Section,
    TaskSection,
    TrainerName,
)

__all__ = ["Asked"]


class Asked(Section):
    """The tables of a trainer, and its options by name."""

    name: TrainerName = "mgd"
    """The top module; every other module's name starts with it and two underscores."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    """All random streams start from it; a run-time register can change each."""
    network: NetworkSection
    formats: FormatsSection = FormatsSection()
    # The table [cost]; config.words.cost is the format of C.
    cost_section: CostSection = Field(default=CostSection(), alias="cost")
    perturbation: PerturbationSection = PerturbationSection()
    learning: LearningSection = LearningSection()
    task: TaskSection = TaskSection()
    engine: EngineSection = EngineSection()
    judge: JudgeSection = JudgeSection()
    imperfections: ImperfectionsSection = ImperfectionsSection()
    host: HostSection = HostSection()
    device: DeviceSection = DeviceSection()
    dac: DacSection = DacSection()
    adc: AdcSection = AdcSection()
    # What files hold that keys name: beside the tables, since a dump of these holds names only.
    _attached: Attached = PrivateAttr(default_factory=Attached)

    @property
    def attached(self) -> Attached:
        """The files that keys name."""
        return self._attached

    def attach(self, attached: Attached) -> None:
        """Once, by whoever builds a configuration, before anything that follows is asked for."""
        self._attached = attached

    @property
    def amplitude_shift(self) -> int:
        """The a of amplitude = 2**-a."""
        return -power_of_two(self.perturbation.amplitude)

    @property
    def learning_shift(self) -> int:
        """The k of eta = 2**-k."""
        return -power_of_two(self.learning.rate)

    @property
    def initials(self) -> tuple[float, ...]:
        initial = self.network.initial
        return initial if isinstance(initial, tuple) else (initial,) * self.groups

    @property
    def activations(self) -> tuple[Activation, ...]:
        activation = self.network.activation
        return activation if isinstance(activation, tuple) else (activation,) * (len(self.network.layers) - 1)

    @property
    def on_bus(self) -> bool:
        """A host reads and writes registers over a bus; otherwise they are ports."""
        return self.host.bus != "none"

    @property
    def wrapped(self) -> bool:
        """The top is not the trainer itself: it has a bus, or another reset, or a clock enable."""
        return self.on_bus or self.host.reset != "rst" or self.host.clock_enable

    @property
    def bit_clocks(self) -> int:
        """Clocks of one bit on a serial line."""
        return round(self.host.clock_hz / self.host.baud)

    @property
    def groups(self) -> int:
        """How many layers of parameters there are."""
        return len(self.device.parameters) or len(self.network.layers) - 1

    @property
    def outside(self) -> bool:
        """What is trained is no network of ours but a device outside."""
        return self.device.kind == "outside"

    @property
    def given_cost(self) -> bool:
        """The device measures the cost itself; no outputs of it are known."""
        return self.outside and self.device.gives == "cost"

    @property
    def spi_dac(self) -> bool:
        """Parameters go out over an SPI bus."""
        return self.dac.part != "none"

    @property
    def spi_adc(self) -> bool:
        """Readings come in over an SPI bus."""
        return self.adc.part != "none"

    @property
    def second_cost(self) -> bool:
        """The device has a second cost, which counts too."""
        return self.outside and self.device.second_weight > 0

    @property
    def two_sided(self) -> bool:
        return self.learning.measure == "two_sided"

    @property
    def loss(self) -> Loss:
        return self.cost_section.loss

    @property
    def analog(self) -> bool:
        """C~ is the high-pass of one cost a step."""
        return self.learning.algorithm == "analog"

    @property
    def rests(self) -> bool:
        """Parameters rest at times: for C0, in another layer's turn, for an answer, or where a device outside
        failed too often.
        """
        always = not self.two_sided and not self.analog
        return always or self.layerwise or self.inference or self.outside

    @property
    def follow(self) -> int:
        """The m of 2**-m, by which the copy comes nearer to T; 0 where it becomes T."""
        return self.learning.follow

    @property
    def sequential(self) -> bool:
        return self.perturbation.family == "sequential"

    @property
    def loaded(self) -> bool:
        """Every cell holds its code word, which is shifted in before each perturbation."""
        return self.perturbation.family in LOADED

    @property
    def code_bits(self) -> int:
        """The k of a code word: it stands for an odd number between -2**k and 2**k."""
        return self.perturbation.resolution if self.perturbation.family in ("sinusoidal", "external") else 1

    @property
    def layerwise(self) -> bool:
        """One layer's parameters are perturbed and updated at a time."""
        return self.perturbation.granularity == "layer"

    @property
    def nodes(self) -> bool:
        """The sums of neurons are perturbed, by way of their biases, and weights learn by their inputs."""
        return self.perturbation.granularity == "node"

    @property
    def neurons(self) -> int:
        """N, of all layers."""
        return sum(self.network.layers[1:])

    @property
    def code_count(self) -> int:
        """How many codes there are: one for each parameter, or for each neuron."""
        return self.neurons if self.nodes else self.parameters

    @property
    def delayed(self) -> bool:
        return self.learning.updates == "delayed"

    @property
    def never_waits(self) -> bool:
        """Delayed updates of cells: steps follow each other whatever is under way, and what the network sees
        is a copy that lags behind.
        """
        return self.delayed and not self.bank

    @property
    def sweeps_ahead(self) -> bool:
        """Delayed updates of a bank: a sweep begins before the step before has brought its update, and takes
        that of the step before this one.
        """
        return self.delayed and self.bank

    @property
    def serial(self) -> bool:
        """Parameters pass through their cells one bit a clock."""
        return self.engine.cell == "serial"

    @property
    def bank(self) -> bool:
        """Parameters are in block memories, and the network is folded onto a few lanes."""
        return self.engine.kind == "bank"

    @property
    def single_port(self) -> bool:
        """Words of a lane are in two memories, of which one reads while the other writes."""
        return self.engine.memory == "single_port"

    @property
    def sides_at_once(self) -> bool:
        """A sweep reads each word once, for both sides of a measurement."""
        return self.engine.sides == "at_once"

    @property
    def pair_clocks(self) -> int:
        """And both outputs of a neuron take so many clocks; 0 where sides take turns."""
        return self.sides_at_once * (1 if self.engine.curves == "two" else 2)

    @property
    def turning(self) -> bool:
        """Input by input a sample goes round in the register that keeps it, not in a copy of it: single
        ports are for small devices. An answer asks for other inputs meanwhile.
        """
        return self.single_port and not self.inference and not self.outside and not self.paged

    @property
    def paged(self) -> bool:
        """Inputs of a sample come one by one, and lie in a memory of two pages: in no register."""
        return self.engine.sample == "memory"

    @cached_property
    def shadow(self) -> bool:
        """Cells hold a second copy of the visible bits, which changes only at the end of a window."""
        if self.engine.shadow == "auto":
            divides = self.learning.tau_p % self.learning.tau_theta == 0
            return self.never_waits or self.follow > 0 or not divides
        return self.engine.shadow == "yes"

    @property
    def leaf_cells(self) -> int:
        """So many cells of a tile share a leaf."""
        return self.engine.leaf_cells

    @property
    def early(self) -> bool:
        """Cells hear code and sign one clock before the word, and keep whether they take it."""
        return self.engine.enables == "early"

    @property
    def resets(self) -> bool:
        """Cells have a reset, which clears T whatever it holds."""
        return self.engine.reset == "yes"

    @property
    def staged(self) -> bool:
        """More registers on the way from a measurement to its update."""
        return self.engine.stages == "many"

    @property
    def in_parts(self) -> bool:
        """Products are made of those of parts of a factor, for devices without multipliers."""
        return self.engine.products == "parts"

    @property
    def reference_waits(self) -> bool:
        """C0 is measured when it is due, not at every step or never."""
        return not (self.analog or self.two_sided or self.reference_each_step)

    @property
    def renewed(self) -> bool:
        """Between two steps parameters may change, and then C0 is due: by the host, or since a bank's last
        updates arrive in a pause.
        """
        return self.reference_waits and (self.access or self.sweeps_ahead)

    @property
    def access(self) -> bool:
        """The host can read and write parameters."""
        return self.engine.access == "yes"

    @property
    def parameters(self) -> int:
        """P: weights and biases, or whatever a device outside has."""
        if self.device.parameters:
            return sum(self.device.parameters)
        shape = self.network.layers
        return sum((i + 1) * o for i, o in pairwise(shape))

    @property
    def inputs(self) -> int:
        return self.network.layers[0]

    @property
    def outputs(self) -> int:
        return self.network.layers[-1]

    @property
    def some_keep(self) -> bool:
        """Some parameters are stuck at a value of their own: they are not dead."""
        return self.some_stuck and self.imperfections.stuck_kind != "dead"

    @property
    def sample_bits(self) -> int:
        """Of a sample as one word: its inputs, then its targets."""
        return self.inputs * self.formats.input.width + self.target_bits

    @property
    def target_bits(self) -> int:
        """Of the targets of a sample."""
        return self.outputs * self.formats.target.width

    @property
    def input_bits(self) -> int:
        """Of a word that brings one input of a sample, where they come one by one: with its targets, and
        whether it is the first.
        """
        return self.formats.input.width + self.target_bits + 1

    @property
    def some_stuck(self) -> bool:
        """Cells can be told not to learn."""
        return self.imperfections.stuck > 0

    @property
    def last_activation(self) -> Activation:
        return self.activations[-1]

    @property
    def share_shift(self) -> int:
        """The k of the share 2**-k of all parameters that are shaken at a time."""
        return -power_of_two(self.perturbation.share)

    @property
    def sparse(self) -> bool:
        """Only some of the parameters are shaken at a time, others each time."""
        return self.share_shift > 0

    @property
    def amplitude_halvings(self) -> int:
        """How often the amplitude may halve."""
        if not self.perturbation.halve_every:
            return 0
        last = self.perturbation.last_amplitude
        return -power_of_two(last) - self.amplitude_shift if last else 1

    @property
    def halved_updates(self) -> int:
        """How often updates may double because the amplitude halves: never where only signs count."""
        return 0 if self.sign_only else self.amplitude_halvings

    @property
    def judges_error(self) -> bool:
        """The loss is a distance from the targets; otherwise it compares the outputs with one another, or
        with zero, and a target only says which class is right.
        """
        return self.loss in ("squared_error", "absolute_error")

    @property
    def gated(self) -> bool:
        """Small cost changes may count as zero, and large ones be limited."""
        return self.cost_section.limit > 0 or self.cost_section.gate > 0

    @property
    def reference_each_step(self) -> bool:
        """C0 is measured at every step, and not only where it can have changed."""
        return self.learning.reference == "every_step"

    @property
    def judged(self) -> bool:
        """The circuit says itself when it has learned."""
        return self.judge.kind != "none"

    @property
    def retries(self) -> bool:
        """A trainer that has not learned for too long starts again by itself."""
        return self.judge.retry > 0

    @property
    def inference(self) -> bool:
        """The network answers inputs that come from outside."""
        return self.network.inference == "yes"

    @property
    def takes_turns(self) -> bool:
        """Inference and training do, where both wait. Between inputs that come one by one a step may begin in
        any case.
        """
        return self.inference and not self.paged

    @property
    def doors(self) -> bool:
        """The host may work with the network or its parameters while no step is under way; or a device
        outside is given parameters at rest.
        """
        return self.inference or self.access or self.outside

    @property
    def holds(self) -> bool:
        """Something in the circuit can keep steps from beginning."""
        return self.retries or self.doors

    @property
    def cost_noisy(self) -> bool:
        """Noise is added to every cost that is measured."""
        return self.imperfections.cost_noise > 0

    @property
    def decays(self) -> bool:
        """Parameters lose a part of themselves at each update."""
        return self.learning.decay > 0

    @property
    def sign_only(self) -> bool:
        """Of the sum of C~ only the sign makes the update."""
        return self.learning.size == "sign"

    @property
    def annealed(self) -> bool:
        """The learning shift grows while training goes on."""
        return self.learning.anneal_every > 0

    @property
    def update_noisy(self) -> bool:
        """Noise follows every update."""
        return self.imperfections.update_noise > 0

    @property
    def independent_noise(self) -> bool:
        """Each parameter takes the noise of an update with a sign of its own."""
        return self.update_noisy and self.imperfections.update_noise_kind == "independent"

    @property
    def rounding(self) -> Rounding:
        return Rounding(self.learning.rounding)
