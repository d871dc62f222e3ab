"""The table verbs as the driver calls them, and the tables as the language sees them."""

from payloom.connectors.tables.host import TablesHost
from payloom.connectors.tables.shapes import shape, shapes
from payloom.connectors.tables.user_profiles import profile

__all__ = ["TablesHost", "profile", "shape", "shapes"]
