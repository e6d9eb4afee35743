"""Penalties and constraints on parameters. One file a word."""
