"""Addresses of people and machines."""
