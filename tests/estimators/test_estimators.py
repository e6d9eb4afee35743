"""Estimators of scikit-learn: its own checks, and quantities held against other ways to them."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import BernoulliRBM as Theirs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_estimator,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_transformer_get_feature_names_out,
    estimator_checks_generator,
)

from bmdsl.sklearn import BernoulliRBM, BoltzmannClassifier, BoltzmannImputer, BoltzmannMachine

ALL = (BoltzmannMachine, BoltzmannClassifier, BoltzmannImputer, BernoulliRBM)
QUICK = {
    "check_dont_overwrite_parameters",
    "check_estimators_pickle",
    "check_fit_idempotent",
    "check_get_params_invariance",
    "check_methods_subset_invariance",
    "check_n_features_in",
    "check_set_params",
}
"""Checks that stand for the others in a quick run; a slow one has them all."""


@pytest.fixture(scope="module")
def pair() -> np.ndarray:
    """Two real features that go together, far from 0."""
    x = np.random.default_rng(0).normal(size=(200, 1))
    noise = np.random.default_rng(1).normal(size=(200, 2))
    return np.hstack([x, -x]) * [3, 0.2] + 0.3 * noise * [3, 0.2] + [50, -1]


@pytest.fixture(scope="module")
def fitted(pair: np.ndarray) -> BoltzmannMachine:
    return BoltzmannMachine(H=4, random_state=0).fit(pair)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALL, ids=lambda k: k.__name__)
def test_an_estimator_passes_all_of_scikit_learns_checks(kind: type) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(kind())


def test_an_estimator_passes_checks_that_stand_for_the_others() -> None:
    ran = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for estimator, check in estimator_checks_generator(BoltzmannMachine(epochs=1)):
            name = getattr(check, "func", check).__name__
            if name in QUICK:
                check(estimator)
                ran.add(name)
        check_transformer_get_feature_names_out("BoltzmannMachine", BoltzmannMachine(epochs=1))
    assert ran == QUICK


@pytest.mark.parametrize("kind", ALL, ids=lambda k: k.__name__)
def test_an_estimator_is_made_without_work(kind: type) -> None:
    check_no_attributes_set_in_init(kind.__name__, kind())
    check_parameters_default_constructible(kind.__name__, kind())


def test_a_density_has_mass_one_in_the_units_of_the_data(fitted: BoltzmannMachine) -> None:
    a, b = np.linspace(30, 70, 161), np.linspace(-2.6, 0.6, 161)
    grid = np.stack(np.meshgrid(a, b, indexing="ij"), -1).reshape(-1, 2)
    mass = np.exp(fitted.score_samples(grid)).sum() * (a[1] - a[0]) * (b[1] - b[0])
    assert mass == pytest.approx(1, abs=1e-3)
    # of what was seen: the other is summed out
    along = np.exp(fitted.score_samples(np.column_stack([a, np.full(len(a), np.nan)])))
    assert along.sum() * (a[1] - a[0]) == pytest.approx(1, abs=1e-3)


def test_a_density_of_logarithms_has_mass_one_too() -> None:
    x = np.exp(np.random.default_rng(0).normal(2, 0.5, (100, 1)))
    made = BoltzmannMachine(H=2, epochs=5, transform="log, standardize", random_state=0).fit(x)
    at = np.linspace(1e-3, 200, 20_001)[:, None]
    assert np.exp(made.score_samples(at)).sum() * (at[1, 0] - at[0, 0]) == pytest.approx(
        1, abs=1e-3
    )


def test_arguments_of_a_model_are_parameters(fitted: BoltzmannMachine) -> None:
    copied = clone(fitted)
    assert copied.get_params()["H"] == 4 and "epochs" not in copied.get_params()
    assert copied.set_params(H=3, epochs=1) is copied and copied.H == 3
    assert pickle.loads(pickle.dumps(copied)).get_params() == copied.get_params()
    with pytest.raises(ValueError, match="BM506"):
        BoltzmannMachine(nonsense=3).fit(np.zeros((5, 2)))


def test_a_trained_one_gives_features_samples_and_comes_back_from_a_pickle(
    fitted: BoltzmannMachine, pair: np.ndarray
) -> None:
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(pair), fitted.transform(pair))
    assert fitted.transform(pair).shape == (200, 4)
    np.testing.assert_array_equal(fitted.transform(csr_array(pair)), fitted.transform(pair))
    assert list(fitted.get_feature_names_out()) == [f"boltzmannmachine{k}" for k in range(4)]
    drawn = fitted.sample(500, steps=50)
    np.testing.assert_allclose(drawn.mean(0), pair.mean(0), atol=0.3)
    assert np.corrcoef(drawn.T)[0, 1] < -0.5  # the data's is about -0.9
    assert fitted.gibbs(pair).shape == pair.shape
    assert fitted.score(pair) > fitted.score(np.column_stack([pair[:, 0], pair[::-1, 1]]))


def test_a_machine_that_one_gaussian_beats_says_so_and_how_to_mend_it(pair: np.ndarray) -> None:
    with pytest.warns(UserWarning, match="worse than one Gaussian, by .*`transform=") as seen:
        poor = BoltzmannMachine(H=1, epochs=1, random_state=0).fit(pair)
    better = "standardize, whiten(ridge = 0.001)"
    assert better in str([w.message for w in seen if "Gaussian" in str(w.message)][0])
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "the model is worse")
        made = BoltzmannMachine(H=1, epochs=1, random_state=0, transform=better).fit(pair)
    assert made.score(pair) > poor.score(pair) + 0.5
    assert made.get_params()["transform"] == better  # a setting, beside the method of its name
    assert made.transform(pair).shape == (200, 1) and clone(made).set_params(H=2).H == 2


@pytest.mark.parametrize(("values", "unit"), [([0, 1, np.nan], "binary"), ([0, 2], "gaussian")])
def test_the_default_has_units_of_the_datas_kind(values: list[float], unit: str) -> None:
    made, x = BoltzmannMachine(), np.array([values, values[::-1]]).T
    made._look_at(x)
    assert made._model().checked.group("v").unit == unit


def test_a_search_over_hidden_units_is_scored_by_held_out_likelihood(pair: np.ndarray) -> None:
    search = GridSearchCV(BoltzmannMachine(epochs=2, random_state=0), {"H": [1, 2]}, cv=2).fit(pair)
    found = search.best_estimator_
    assert found.H in (1, 2) and found.machine_.params["W"].shape == (2, found.H)
    assert search.score(pair) == pytest.approx(found.score_samples(pair).mean())
    piped = make_pipeline(StandardScaler(), BoltzmannMachine(H=2, epochs=2)).fit(pair)
    assert piped.transform(pair).shape == (200, 2)


def test_a_class_has_the_posterior_of_the_joint_likelihood(pair: np.ndarray) -> None:
    y = np.where(pair[:, 0] > 50, "high", "low")
    made = BoltzmannClassifier(H=2, epochs=20, random_state=0).fit(pair, y)
    assert made.score(pair, y) > 0.9 and list(made.classes_) == ["high", "low"]
    machine, x = made.machine_, pair[:9]
    joint = np.column_stack(
        [
            machine.log_likelihood(machine.prepare({"v": x, "y": np.eye(2)[[k] * len(x)]}))
            for k in range(2)
        ]
    )
    wanted = np.exp(joint - logsumexp(joint, 1, keepdims=True))
    np.testing.assert_allclose(made.predict_proba(x), wanted, atol=1e-9)


def test_gaps_are_filled_in_by_what_goes_with_them(pair: np.ndarray) -> None:
    holes = pair.copy()
    holes[::4, 1] = np.nan
    made = BoltzmannImputer(H=4, random_state=0, steps=50).fit(holes)
    full = made.transform(holes)
    np.testing.assert_array_equal(full, made.transform(holes))
    np.testing.assert_array_equal(full[~np.isnan(holes)], holes[~np.isnan(holes)])
    error = (full[::4, 1] - pair[::4, 1]).std()
    assert error < 0.75 * pair[::4, 1].std()


def test_its_twin_has_scikit_learns_features_and_mean_pseudo_likelihood() -> None:
    x = (np.random.default_rng(0).random((60, 5)) < 0.3).astype(float)
    theirs = Theirs(3, n_iter=2, random_state=0).fit(x)
    ours: Any = BernoulliRBM(3, n_iter=2, random_state=0).fit(x)
    assert ours.components_.shape == theirs.components_.shape
    machine = ours.machine_
    machine.params["W"] = 10 * theirs.components_.T
    machine.params["c"], machine.params["b"] = theirs.intercept_hidden_, theirs.intercept_visible_
    theirs.components_ = 10 * theirs.components_
    np.testing.assert_allclose(ours.transform(x), theirs.transform(x), atol=1e-9)
    drawn = np.stack([theirs.set_params(random_state=k).score_samples(x) for k in range(400)])
    error = drawn.std(0) / 20
    assert (np.abs(drawn.mean(0) - ours.score_samples(x)) < 5 * error + 1e-9).all()
    with pytest.warns(UserWarning, match="scale them"):
        ours.transform(2 * x)
