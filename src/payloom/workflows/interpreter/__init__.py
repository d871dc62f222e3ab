"""The interpreter: a document and a recorded history in, the next commands out. Pure and deterministic."""
