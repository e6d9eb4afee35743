"""What all estimators share: a model's text with its arguments as parameters, the machine that was
trained, and errors as scikit-learn expects them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import BmError, load, parse
from ..api import Model

if TYPE_CHECKING:
    from ..api import Machine

SEEDS = 2**31 - 1
METHODS_NAME = " of the train block"
"""Stands behind the name of a setting that is also a method's, as `transform`, so that the method
stays.
"""


@contextmanager
def as_value_error() -> Iterator[None]:
    """A diagnostic of data or settings as the ValueError that scikit-learn's tools expect."""
    try:
        yield
    except BmError as error:
        raise ValueError(str(error)) from error


class Boltzmann(BaseEstimator):
    """An estimator of a model's text. `arguments` are the model's (`H=20`) and settings of its
    train block (`epochs=10`, `optimizer="adam(rate = 0.01)"`); all are parameters of the estimator.
    """

    text = ""
    """The model where no `source` is named, unless `_default` knows better."""

    def __init__(
        self,
        source: str | Path | Model | None = None,
        *,
        columns: str | None = None,
        random_state: Any = None,
        dtype: str = "float64",
        **arguments: Any,
    ) -> None:
        self.source = source
        self.columns = columns
        self.random_state = random_state
        self.dtype = dtype
        for name, value in arguments.items():
            self._keep(name, value)

    # ------------------------------------------------------------ parameters

    def _arguments(self) -> dict[str, Any]:
        """Parameters that the class does not name: the model's arguments and settings."""
        own = set(self._get_param_names())
        return {
            n.removesuffix(METHODS_NAME): x
            for n, x in vars(self).items()
            if n not in own and not n.startswith("_") and not n.endswith("_")
        }

    def _keep(self, name: str, value: Any) -> None:
        """Keeps an argument of the model, as an attribute unless a method has its name."""
        self.__dict__[name + METHODS_NAME if hasattr(type(self), name) else name] = value

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The estimator's parameters and the model's arguments, by name."""
        return {**super().get_params(deep), **self._arguments()}

    def set_params(self, **params: Any) -> Self:
        """Sets parameters; one that the class does not name is an argument of the model."""
        own = {n: x for n, x in params.items() if n in self._get_param_names()}
        super().set_params(**own)
        for name, value in params.items():
            if name not in own:
                self._keep(name, value)
        return self

    # ------------------------------------------------------------ the machine

    def _model(self) -> Model:
        """The text with the model's arguments; open lengths wait for data."""
        with as_value_error():
            return self._bound()

    def _bound(self) -> Model:
        source = self._default() if self.source is None else self.source
        if isinstance(source, Model):
            model = source
        elif isinstance(source, str) and "{" in source:
            model = parse(source)
        else:
            model = load(source)
        known = {a.name for a in model.checked.arguments}
        given = self._arguments()
        settings = {n: x for n, x in given.items() if n not in known and x is not None}
        if self.columns is not None:
            settings["columns"] = self.columns
        return model.bind(settings, **{n: x for n, x in given.items() if n in known})

    def _default(self) -> str:
        """The model where no `source` is named."""
        return self.text

    def _train(self, data: Any, model: Model, settings: Mapping[str, Any]) -> Any:
        """A new machine, trained: `machine_`; what the training did."""
        with as_value_error():
            model = model.bind_to(data)
            self.machine_ = model.compile(self._seed(), self.dtype)
            return self._trained(data, {"seed": self.machine_.seed, **settings})

    def _trained(self, data: Any, settings: Mapping[str, Any]) -> Any:
        """Goes on training the machine; what that did."""
        self.__dict__.pop("log_partition_", None)
        with as_value_error():
            made = {**self._settings_of_fit(), **settings}
            return self.machine_.train(data, progress=False, **made)

    def _settings_of_fit(self) -> dict[str, Any]:
        """Settings that hold for every training, besides those of the model."""
        return {}

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(SEEDS))

    @property
    def _fitted(self) -> Machine:
        check_is_fitted(self, "machine_")
        return self.machine_

    # ------------------------------------------------------------ data

    def _is_table(self, X: Any) -> bool:
        """Whether columns are taken by the model's data block: a data frame, and such a block."""
        if not (hasattr(X, "columns") or hasattr(X, "column_names")):
            return False
        if hasattr(self, "machine_"):
            return self.machine_.model.table is not None
        return self._model().checked.table is not None

    def _cases(self, X: Any, reset: bool, sparse: bool = True) -> Any:
        """Data as the machine takes them: a data frame with a data block as it is, else an array
        [cases, features], NaN where a value is missing.
        """
        if self._is_table(X):
            if reset:
                columns = X.column_names if hasattr(X, "column_names") else X.columns
                names = np.array([str(n) for n in columns], dtype=object)
                self.feature_names_in_, self.n_features_in_ = names, len(names)
            return X
        X = validate_data(
            self,
            X,
            reset=reset,
            accept_sparse="csr" if sparse else False,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
        )
        return X.toarray() if hasattr(X, "toarray") else X

    def _states(self, X: Any) -> dict[str, np.ndarray]:
        """Cases in the machine's units, by group."""
        with as_value_error():
            if self._is_table(X):
                return dict(self._fitted.table(X).arrays)
            found = self._fitted.prepare(X)
            return found if isinstance(found, dict) else {self._first: found}

    @property
    def _first(self) -> str:
        return self._fitted.visible[0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.non_deterministic = False
        return tags
