"""Routines: what ops carry out for a positive phase, a sweep, an update."""
