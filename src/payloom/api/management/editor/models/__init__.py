"""What the editor's routes take and return, as the OpenAPI document shows it."""
