"""What can go wrong in the emulator itself. Stripe's own errors, which it answers, are in `protocol/errors.py`.

EmulatorError
├── ImpossibleTransition   a handler asked for a transition its state machine lacks: a bug in a resource file
├── UnknownEventType    a resource names an event Stripe does not have
├── UnknownTrigger      an event it cannot make happen was asked for
├── NoSuchEndpoint      a secret of an unknown webhook endpoint was to be rolled
├── CrossSite           a page of another site tried to steer it
├── WrongHost           a request named another machine as its Host
├── NoControlKey        a caller from elsewhere tried to steer it without the control key
├── WebhookAddressRefused  an endpoint is where no event may go
└── StoreInUse          another emulator has the store file open
"""

from __future__ import annotations

from payloom_emulator.kit.errors import PayloomError


class EmulatorError(PayloomError):
    """The local Stripe can't do that."""

    code = "emulator_error"
    status = 400


class ImpossibleTransition(EmulatorError):
    """Stripe does not allow this change of state."""

    code = "emulator_impossible_move"
    status = 500


class UnknownEventType(EmulatorError):
    """Stripe has no event of this type."""

    code = "emulator_unknown_event_type"


class StoreInUse(EmulatorError):
    """Another local Stripe uses this store."""

    code = "emulator_store_in_use"


class UnknownTrigger(EmulatorError):
    """The local Stripe can't trigger this event."""

    code = "emulator_unknown_trigger"
    status = 404


class NoSuchEndpoint(EmulatorError):
    """No webhook endpoint has this ID."""

    code = "emulator_no_such_endpoint"
    status = 404


class NoSuchCall(EmulatorError):
    """No API call with this request ID is in the log."""

    code = "emulator_no_such_call"
    status = 404


class CrossSite(EmulatorError):
    """A page of another site can't control the local Stripe."""

    code = "emulator_cross_site"
    status = 403


class WrongHost(EmulatorError):
    """The local Stripe answers only under this machine's names."""

    code = "emulator_wrong_host"
    status = 421


class NoControlKey(EmulatorError):
    """Calls from other machines need the control key."""

    code = "emulator_no_control_key"
    status = 401


class WebhookAddressRefused(EmulatorError):
    """The local Stripe sends no events to this address."""

    code = "emulator_webhook_address"
