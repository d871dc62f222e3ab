"""Why alerts can't be sent.

PayloomError
└── NoAlertReceiver      `alerts` in payloom.yaml names nobody
"""

from __future__ import annotations

from payloom.kit.errors import PayloomError


class NoAlertReceiver(PayloomError):
    """No alert has a receiver."""

    code = "no_alert_receiver"
    status = 409
