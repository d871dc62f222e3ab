"""The functions that an expression can call, with their signatures."""
