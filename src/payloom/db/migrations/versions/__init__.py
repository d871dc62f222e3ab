"""The versions of Payloom's own rows, one file per change, oldest first."""
