"""The shape of a workflow file as pydantic models: what keys may stand where.

No meaning, no expressions: text is text.
"""
