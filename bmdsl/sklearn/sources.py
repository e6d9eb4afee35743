"""The models that estimators have where none is named."""

from __future__ import annotations

TRAIN = """  train {
    transform standardize
    negative  pcd(steps = 1, chains = 100)
    optimizer adam(rate = 0.03)
    schedule  linear
    batch     20
    epochs    50
  }
}
"""
"""How models of standardized real numbers learn."""

GAUSSIAN = (
    """model machine(D, H = 8) {
  visible v[D] : gaussian(sigma = 2)
  hidden  h[H] : binary
  param W init normal(0, 0.01)
  param b, c
  param p init 0.75 nonnegative        # 1/sigma^2 + p: the precision of v given h
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] + 0.5 p[i] v[i]^2
"""
    + TRAIN
)
"""Real numbers, each with a variance that is learned."""

BINARY = """model machine(D, H = 8) {
  visible v[D] : binary
  hidden  h[H] : binary
  param W init normal(0, 0.01)
  param b init logit_mean(v)
  param c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
""" + TRAIN.replace("    transform standardize\n", "")
"""Values of 0 and 1."""

LABELLED = (
    """model classifier(D, K, H = 8) {
  visible v[D] : gaussian(sigma = 2)
  visible y    : categorical(K)
  hidden  h[H] : binary
  param W, U init normal(0, 0.01)
  param b, c, d
  param p init 0.75 nonnegative
  energy = - W[i,j] v[i] h[j] - U[k,j] y[k] h[j] - b[i] v[i] - c[j] h[j] - d[k] y[k]
           - V[i,k] v[i] y[k] + 0.5 p[i] v[i]^2
  param V init normal(0, 0.01)         # without hidden units: Gaussians with their own means
"""
    + TRAIN
)
"""Real numbers and a class."""

BERNOULLI = """model bernoulli(D, H = 256) {
  visible v[D] : binary
  hidden  h[H] : binary
  param W init normal(0, 0.01)
  param b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { transform as_means }
}
"""
"""scikit-learn's BernoulliRBM: values of [0, 1] are means of binary units."""
