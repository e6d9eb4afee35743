"""Positive phases: expectations under P(hidden | data). One file a word."""
