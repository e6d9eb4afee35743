"""Optimizers: gradient to step. One file a word."""
