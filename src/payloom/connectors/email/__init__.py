"""The `email` verb: a template, an address, once."""
