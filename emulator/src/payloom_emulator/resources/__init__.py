"""The declarations of the API objects, one file per object. Only the registry of the runtime imports them."""
