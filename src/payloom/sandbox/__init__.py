"""Running workflows without consequences: test runs, dry runs, case tests and storms."""
