"""tables.yaml: reading it, the tables it declares, their columns and seed rows."""
