"""What a secret looks like: card numbers, keys and links, in every encoding a text can hold them in."""
