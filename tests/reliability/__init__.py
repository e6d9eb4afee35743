"""Studies of what survives damage, run by hand: their figures stand in docs/security.md."""
