"""Writing workflows in Python: what `payloom.workflows.builder` offers, and the way back from YAML to Python."""
