"""Schedules: how the step size changes over training. One file a word."""
