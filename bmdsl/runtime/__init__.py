"""A plan bound to arrays: parameters, fields, draws, what may come in, threads and interrupts."""
