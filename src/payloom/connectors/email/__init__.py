"""The `email` verb: a template, an address, once."""

from payloom.connectors.email.host import EmailHost

__all__ = ["EmailHost"]
