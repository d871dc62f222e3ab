"""The management API under `/api/_payloom`: what the command line and the studio see and do. Admins only."""
