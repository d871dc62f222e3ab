"""The table verbs as the driver calls them, and the tables as the language sees them."""

from payloom.connectors.tables.host import TablesHost
from payloom.connectors.tables.people import profile
from payloom.connectors.tables.shapes import shape, shapes

__all__ = ["TablesHost", "profile", "shape", "shapes"]
