"""The template engine of emails and pages: sandboxed, and bounded in steps, size, and time."""
