"""What requests carry, one file a first word of the URL: generated."""
