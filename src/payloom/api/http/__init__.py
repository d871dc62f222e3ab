"""What all routes share: request bodies, errors, headers, the current user, metrics."""
