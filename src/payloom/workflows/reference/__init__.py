"""The reference pages of the language, made from the models that read the files and from notes with tried examples.

`python -m payloom.workflows.reference docs/reference/language` writes them; a test compares.
"""
