"""What a validator found, in words for the author of the data."""
