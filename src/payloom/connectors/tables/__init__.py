"""The table verbs as the driver calls them, and the tables as the language sees them."""
