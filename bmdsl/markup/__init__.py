"""Pieces of HTML and SVG: tables, coloured text, curves. Nothing here knows a machine or a run."""
