"""What may stand at the cursor, and what the word under it means: one implementation for the text view and the forms.

found = complete_text(text, offset, catalog)       # in the whole text, which need not parse
found = complete_field(text, path, typed, cursor, catalog, is_expression=True)
"""
