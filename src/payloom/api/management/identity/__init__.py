"""Who calls the management API, in which role; signing in and out."""
