"""The composition root: builds every service of a process, serves them, and stops them again."""
