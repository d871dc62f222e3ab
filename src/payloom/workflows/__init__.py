"""The workflow language: documents, expressions, checker, catalogue and interpreter.

Pure: no clock, no network, no database.
"""
