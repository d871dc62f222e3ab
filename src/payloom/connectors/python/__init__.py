"""The `python` verb: functions of the project's actions/ folder, marked with `@payloom.step`."""

from payloom.connectors.python.host import PythonHost
from payloom.connectors.python.loader import BadAction, Function, Functions, load_functions

__all__ = ["BadAction", "Function", "Functions", "PythonHost", "load_functions"]
