"""A compiled workflow: its triggers, nodes, templates and the commands it can give."""
