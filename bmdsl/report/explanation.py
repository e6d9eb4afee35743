"""What follows from an energy, as a value: text where it is printed, mathematics in a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from ..plan.plan import Plan
from . import derivation, model_facts
from .derivation.markdown import as_markdown


@dataclass(frozen=True, repr=False)
class Explanation:
    """The derivation of a plan's model, and the facts beside it."""

    plan: Plan

    @property
    def text(self) -> str:
        """What `bm explain` prints."""
        return f"{derivation.as_text(self.plan)}\n\n{model_facts.as_text(self.plan)}"

    @property
    def latex(self) -> str:
        """What `bm explain --latex` prints: sections for a paper, with amsmath."""
        return f"{derivation.as_latex(self.plan)}\n{model_facts.as_latex(self.plan)}"

    @property
    def markdown(self) -> str:
        """Sections with displayed formulas between `$$`, as Jupyter and GitHub render them."""
        facts = "\n\n".join(
            f"### {title}\n\n```text\n" + "\n".join(lines) + "\n```"
            for title, lines in model_facts.sections(self.plan)
        )
        return f"{as_markdown(derivation.derivation(self.plan))}\n\n{facts}\n"

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text
