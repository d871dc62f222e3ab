"""Declarations of Financial Connections: sessions, linked bank accounts, and what is read of them."""
