"""What the shell's Tab needs that typer leaves out."""

from __future__ import annotations

AT_ONCE = """
if [ "$funcstack[1]" = "_%(prog_name)s" ]; then
  %(complete_func)s "$@"
fi
"""
"""zsh reads the file of a command's completion at the first Tab, as the body of a function: one
that only defines another answers nothing before the second Tab.
"""


def complete_at_once() -> None:
    """Lets the script that typer writes for zsh answer the first Tab too."""
    from typer import _completion_shared

    scripts = getattr(_completion_shared, "_completion_scripts", {})
    if "zsh" in scripts and "funcstack" not in scripts["zsh"]:
        scripts["zsh"] += AT_ONCE
