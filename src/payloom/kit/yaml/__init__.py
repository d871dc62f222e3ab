"""The one strict YAML reader: plain data and the place of every node."""
