"""How an object is shown to a caller: in the caller's API version, with what `expand` asks for."""
