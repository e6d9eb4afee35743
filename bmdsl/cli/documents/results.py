"""What verbs print of what a machine is used for."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict


class PartLikelihood(TypedDict):
    """Mean log-likelihood of a part of the data, nats a case."""

    part: str
    cases: int
    log_likelihood: float | None
    std_error: float | None
    notes: NotRequired[list[str]]
    given_values: NotRequired[Annotated[int, "values of the given groups, each with its log Z"]]
    chains: NotRequired[int]
    temperatures: NotRequired[int]
    doubt: NotRequired[str]
    reverse: NotRequired[ReversePart]


class ReversePart(TypedDict):
    """The other side of AIS, of a part."""

    log_likelihood: float
    std_error: float | None


class ReverseLogZ(TypedDict):
    """log Z by reverse AIS."""

    log_z: float
    std_error: float
    effective: float


class Likelihood(TypedDict):
    """The likelihood of a machine: exact, or by annealed importance sampling."""

    bound: bool
    exact: bool
    parts: list[PartLikelihood]
    log_z: NotRequired[float]
    baselines: NotRequired[Annotated[list[dict[str, float]], "of each part"]]
    std_error: NotRequired[Annotated[float, "of log Z, by AIS"]]
    effective: NotRequired[Annotated[float, "sample size of AIS's weights"]]
    chains: NotRequired[int]
    temperatures: NotRequired[int]
    doubt: NotRequired[str]
    reverse: NotRequired[ReverseLogZ]
    what: NotRequired[Annotated[str, "of a model with given groups, such as P(v | z)"]]


class Ranked(TypedDict):
    """The most and the least likely cases: number of a case, free energy."""

    part: str
    cases: int
    bound: bool
    most_likely: list[tuple[int, float]]
    least_likely: list[tuple[int, float]]
    notes: list[str]
    picture: str | None


class RowLikelihoods(TypedDict):
    """A table of log P."""

    out: str
    rows: int
    how: str


class PairsOfColumns(TypedDict):
    """A table of how pairs of columns go together, in data and samples."""

    out: str
    rows: int
    how: str


class Predicted(TypedDict):
    """How well a column follows from the others: of levels, or of a number."""

    part: str
    cases: int
    notes: list[str]
    accuracy: NotRequired[float]
    accuracy_of_commonest: NotRequired[float]
    log_loss: NotRequired[Annotated[float, "nats a case"]]
    log_loss_of_shares: NotRequired[float]
    error: NotRequired[Annotated[float, "root mean square, in the column's units"]]
    error_of_mean: NotRequired[float]


class Parts(TypedDict):
    """A figure of the parts of a probe's data."""

    training: float
    validation: float
    test: float


class Probed(TypedDict):
    """A classifier on a machine's features."""

    probe: str
    features: str
    width: int
    setting: float
    notes: list[str]
    cases: Parts
    errors: Annotated[Parts, "shares of cases that are misclassified"]


class Inferred(TypedDict):
    """What a machine made of cases."""

    out: str
    picture: str | None
    shape: list[int]
    groups: dict[str, list[int]]
    notes: list[str]


class PredictedTable(TypedDict):
    """A table of predictions; figures if the column is there."""

    out: str
    shape: list[int]
    notes: list[str]
    cases: int
    figures: dict[str, float]


class Observable(TypedDict):
    """A quantity along chains; null if too few records tell."""

    mean: float | None
    sd: float | None
    error: float | None
    autocorrelation: Annotated[float | None, "integrated, in sweeps"]
    ess: float | None
    rhat: float | None


class Swaps(TypedDict):
    """Exchanges of replicas."""

    betas: list[float]
    acceptance: list[float]
    trips: int
    layout: str


class Sampled(TypedDict):
    """Samples: group → shape."""

    out: str
    picture: str | None
    groups: dict[str, list[int]]
    files: NotRequired[list[str]]
    observables: NotRequired[dict[str, Observable]]
    swaps: NotRequired[Swaps]


class Estimate(TypedDict):
    """A value with its standard error."""

    value: float | None
    error: float | None


class Scanned(TypedDict):
    """Observables at every point of a scan; each point has its value under the axis's name, and
    `rhat` of the energy.
    """

    out: str
    picture: str
    curve: str | None
    points: list[dict[str, float | Estimate | None]]


class Ground(TypedDict):
    """The state of least energy that was found."""

    energy: float
    hits: Annotated[int, "chains that found it"]
    chains: int
    coolings: int
    doubt: str
    sweeps: int
    replicas: int
    betas: tuple[float, float]
    seconds: float
    files: list[str]
