"""What all commands share: options, output, paths, errors and the client of a running server."""
