"""The rules of payments: what may be asked of an intent, how an attempt ends, and how an intent is closed.

The objects are declared in `resources/`.
"""
