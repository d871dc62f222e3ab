"""The text of an expression: tokens, parser, and tree."""
