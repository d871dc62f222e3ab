"""The workflow language: documents, expressions, checker, catalog and interpreter.

Pure: no clock, no network, no database.
"""
