"""What the emulator remembers about an object beside what Stripe shows of it.

These fields are stored with the object, and their names begin with an underscore: no answer and no event shows them.
"""

from __future__ import annotations
