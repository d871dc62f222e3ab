"""Metrics in Prometheus's format, of several processes."""
