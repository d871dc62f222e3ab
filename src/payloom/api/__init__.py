"""HTTP only: user endpoints, the webhook route, the management API, pages and static files."""
