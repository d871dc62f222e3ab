"""The expression language: CEL's grammar and meaning, with `?.`, `??`, `===` and `!==`, compiled to Python closures."""
