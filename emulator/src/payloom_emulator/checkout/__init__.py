"""The rules of Checkout: what a session sells, what it costs, and what happens when a customer pays.

The objects are declared in `resources/`.
"""
