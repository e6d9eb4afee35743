"""What `import bmdsl` gives: models and stacks of a text, and machines that train, are saved and
opened again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from . import model as core
from .language.cache import ready_for
from .language.diagnostics import fail
from .language.outside import any_file
from .language.overrides import Override
from .language.source import Source
from .registry import Shown
from .stacks import stack_model

if TYPE_CHECKING:
    import numpy as np

    from .report.explanation import Explanation
    from .runtime.program import Program
    from .stacks.stack_machine import StackMachine
    from .tasks.machine import Machine
    from .tasks.train_jointly import OnLayer
    from .training.callbacks import Given

ready_for(Path(__file__).parent)


class Model(core.Model, Shown):
    """A model's source and arguments. Attributes that cost something are made when first asked for.

    Raises BmError with all diagnostics of the text.
    """

    def compile(
        self,
        seed: int = 0,
        dtype: str = "float32",
        backend: str = "numba",
        memory_limit: int | None = None,
    ) -> Machine:
        """The machine with initial parameters.

        `backend="reference"` compiles nothing: the generated module and the printed routines run as
        plain Python, each op by its NumPy meaning. `memory_limit` is in bytes, by default 80 % of
        the machine's memory.

        Raises BM868 for an unknown dtype, BM889 for an unknown backend, BM865 while an argument has
        no value, and BM830 if more memory would be needed.
        """
        from .tasks.machine import Machine

        machine = super().compile(seed, dtype, backend, memory_limit)
        assert isinstance(machine, Machine)
        return machine

    def bind_to(self, data: Any) -> Self:
        """The model with its open lengths and numbers of states taken from data: an array, a dict,
        a set's or file's name, a data frame for a data block.

        Raises BM865 where the data leave one open.
        """
        from .tasks.training_data import bound

        made = bound(self, data)
        assert isinstance(made, type(self))
        return made

    def _machine(self, program: Program, seed: int) -> Machine:
        from .tasks.machine import Machine

        return Machine(self, program, seed, self.kept.starts)

    def explain(self) -> Explanation:
        """What follows from the energy: conditionals, free energy, gradient, blocks, costs.

        A notebook shows it as mathematics, `print` as text; `.latex` is for a paper.
        """
        from .report.explanation import Explanation

        return Explanation(self.plan)

    @classmethod
    def copied(
        cls,
        metadata: Mapping[str, str],
        arrays: Mapping[str, np.ndarray],
        backend: str,
        takes_means: bool,
        calls: int,
    ) -> Machine:
        """A machine from what its pickle holds; no text of it is run but as a model."""
        from .runs.opening import made_again
        from .runs.storage import saved_as
        from .tasks.machine import Machine

        machine = made_again(
            saved_as(Path("the pickled machine"), metadata, arrays), cls, backend
        ).machine
        assert isinstance(machine, Machine)
        machine.takes_means, machine._calls = takes_means, calls
        return machine


class StackModel(stack_model.StackModel):
    """A stack's text: what `bmdsl.load_stack` returns."""

    kind = Model

    def train(
        self,
        data: Any = None,
        out: str | Path | None = None,
        *,
        seed: int | None = None,
        dtype: str = "float32",
        on_layer: OnLayer | None = None,
        overwrite: bool = False,
        resume: bool = False,
        callbacks: Sequence[Given] = (),
        **settings: Override,
    ) -> StackMachine:
        """Trains layer after layer, each frozen before the next (Nair & Hinton 2008, section 4.2);
        all at once where the text says `jointly`,
        after that where it says `greedily jointly`. `data` None: the first layer's own.

        Layers above the first take hidden means as they are: their models' transforms are for data
        of their own. With `out`, a run folder a layer lies in it, and an earlier run there is only
        removed to `overwrite` it. `on_layer` gets each layer's outcome; `callbacks` are told of
        every layer's training, start and end. With `resume` the training in `out` goes on with its
        own text and settings.
        """
        from .tasks.train_stack import resume_stack, train_stack

        if resume:
            if out is None or settings or seed is not None:
                raise fail(
                    "BM840",
                    "a stack goes on in its folder, with the settings that it was begun with",
                    help="`stack.train(x, out=FOLDER, resume=True)`",
                )
            return resume_stack(Path(out), data, on_layer=on_layer, given=self, callbacks=callbacks)
        return train_stack(
            self,
            data,
            out,
            seed=seed,
            dtype=dtype,
            on_layer=on_layer,
            overwrite=overwrite,
            callbacks=callbacks,
            settings=settings,
        )


def load(path: str | Path, /, model: str | None = None, **arguments: float) -> Model:
    """The model of a `.bm` file, or of a shipped one by its name.

    Raises BmError for what is wrong in it, all at once.
    """
    source, found = core.read_source(path)
    return Model(source, arguments, model, found.parent)


def load_stack(path: str | Path, stack: str | None = None) -> StackModel:
    """The stack of a `.bm` file: of this name, or its last definition."""
    source, found = core.read_source(path)
    return StackModel(source, stack, found.parent)


def parse(text: str, /, model: str | None = None, **arguments: float) -> Model:
    """The model of a text."""
    return Model(Source("<text>", text), arguments, model)


def open_machine(path: str | Path, *, allow_files: bool = False) -> Machine:
    """A machine as `save` wrote it, or the one of a run's folder: same source, arguments and
    parameters. Its text may name files in its own folder alone, any with `allow_files`.
    """
    from .runs.opening import open_run
    from .tasks.machine import Machine

    with any_file(allow_files):
        machine = open_run(Path(path), Model).machine
    assert isinstance(machine, Machine)
    return machine


def open_trained_stack(path: str | Path, *, allow_files: bool = False) -> StackMachine:
    """The layers of a stack's run folder; `allow_files` as for one machine. BmError BM916 where
    it is none.
    """
    from .stacks.folder import is_stack, open_stack

    if not is_stack(Path(path)):
        raise fail(
            "BM916",
            f"`{path}` is not the folder of a stack",
            help="one is made by `bm train STACK.bm --out DIR`",
        )
    with any_file(allow_files):
        return open_stack(Path(path), Model)[0]


def __getattr__(name: str) -> Any:
    """`Machine`, imported when first used: a text is checked without NumPy."""
    if name == "Machine":
        from .tasks.machine import Machine

        return Machine
    raise AttributeError(f"module `bmdsl.api` has no attribute `{name}`")
