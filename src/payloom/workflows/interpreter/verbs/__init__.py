"""The verbs. One file per family; this table is the whole list."""
