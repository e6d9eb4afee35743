"""One file a named set: `WORD` names and describes it, `PARTS` lists its parts, `load(part)`
returns the Dataset.
"""
