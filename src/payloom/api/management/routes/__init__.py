"""The routes of the management API, one file per resource."""
