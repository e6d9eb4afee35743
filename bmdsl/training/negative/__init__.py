"""Negative phases: expectations under the model. One file a word."""
