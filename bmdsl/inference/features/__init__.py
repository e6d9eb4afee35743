"""What `transform` and a probe take for a case's features, a file each with `WORD` and
`compute(machine, state)`.
"""
