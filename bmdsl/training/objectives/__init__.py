"""Objectives other than the likelihood: what an update climbs where no negative phase is run.

One file a word.
"""
