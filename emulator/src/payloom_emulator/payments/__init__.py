"""The rules of payments: what may be asked of an intent, how an attempt ends, and how an intent is closed.

The object is declared in `resources/payment_intents.py`.
"""

import payloom_emulator.resources  # noqa: F401 - the declarations load first, whichever file is asked for
