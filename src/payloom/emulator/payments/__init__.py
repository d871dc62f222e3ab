"""The rules of payments: what may be asked of an intent, how an attempt ends, and how an intent is closed.

The object is declared in `resources/payment_intents.py`.
"""
