"""The rules of Checkout: what a session sells, what it costs, and what happens when somebody pays.

The objects are declared in `resources/checkout_sessions.py`, `payment_links.py` and `shipping_rates.py`.
"""

import payloom_emulator.resources  # noqa: F401 - the declarations load first, whichever file is asked for
