"""Seals what is stored and secret: client secrets, tokens, links that decide, and keys."""
