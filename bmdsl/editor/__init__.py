"""What an editor asks of a `.bm` text: diagnostics, names, hovers, completions, cures. The server
that speaks the Language Server Protocol stands on these.
"""
