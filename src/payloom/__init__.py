"""Payment workflows you can read, run and trust.

For a project's own code in actions/: `from payloom import step, StepContext, StepError`.
"""

from payloom.steps import StepContext, StepError, step

__version__ = "0.1.0"
__all__ = ["StepContext", "StepError", "__version__", "step"]
