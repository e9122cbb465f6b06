"""ACE-Step 1.5 (Gong et al., 2026, arXiv 2602.00744) through diffusers' pipeline."""

from music.acestep.engine import AceStepComposer

__all__ = ["AceStepComposer"]
