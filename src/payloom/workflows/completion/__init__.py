"""What may stand at the cursor, and what the word under it means: one implementation for the text view and the forms.

found = complete_text(text, offset, catalog)       # in the whole text, which need not parse
found = complete_field(text, path, typed, cursor, catalog, is_expression=True)
"""

from payloom.workflows.completion.answer import Hover, complete_field, complete_text, hover_text
from payloom.workflows.completion.expression import Found, Item

__all__ = ["Found", "Hover", "Item", "complete_field", "complete_text", "hover_text"]
