"""Read models: what the studio, the CLI and the metrics show. They change nothing."""
