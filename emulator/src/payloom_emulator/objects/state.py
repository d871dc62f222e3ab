"""What the emulator remembers about an object beside what Stripe shows of it.

These fields are stored with the object. Their names begin with an underscore: no answer and no event shows them, and an
object of which nothing is to be remembered may lack them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NotRequired, TypeAlias, TypedDict, TypeVar

if TYPE_CHECKING:
    from payloom_emulator.objects.params.checkout import (
        CheckoutSessionCreateParamsCustomerUpdate,
        CheckoutSessionCreateParamsPaymentIntentData,
        CheckoutSessionCreateParamsSetupIntentData,
        CheckoutSessionCreateParamsSubscriptionData,
    )
    from payloom_emulator.objects.params.shared import ItemParams, PhaseAddInvoiceItemParams, PhaseItemParams
    from payloom_emulator.objects.params.subscription_items import SubscriptionItemCreateParams
    from payloom_emulator.objects.params.subscriptions import SubscriptionCreateParamsItem

# The type of an object's lines.
Line = TypeVar("Line")
# The type of a price's tiers.
Tier = TypeVar("Tier")


ItemChoice: TypeAlias = "SubscriptionCreateParamsItem | ItemParams | PhaseItemParams | SubscriptionItemCreateParams"
"""An item of a subscription as a caller names it, in the parameters of any operation that has items."""


class DiscountChoice(TypedDict, total=False):
    """A discount as a caller names it: by one of the three."""

    coupon: str
    discount: str
    promotion_code: str


class TakenDiscount(TypedDict):
    """What one discount takes off a Checkout session: `amount` in minor units."""

    amount: int
    coupon: str
    promotion_code: str | None


class AdjustableQuantity(TypedDict):
    """Whether and how far a customer may change a quantity."""

    enabled: bool
    maximum: int | None
    minimum: int | None


class SoldLine(TypedDict):
    """One line of a Checkout session or a payment link. amount: what the customer chose to pay, in minor units."""

    id: str
    price: str
    quantity: int | None
    adjustable_quantity: AdjustableQuantity | None
    tax_rates: list[str]
    metadata: dict[str, str]
    amount: int | None


class SubscriptionSchedulePhaseState(TypedDict):
    """The `add_invoice_items` of the phase as they were given."""

    _extras: list[PhaseAddInvoiceItemParams]


class QuoteItem(TypedDict):
    """One item of a quote."""

    id: str
    price: str
    quantity: int
    tax_rates: list[str]
    discounts: list[DiscountChoice]


class PaymentMethodState(TypedDict):
    """The number behind it, the name of the test card, and what has happened to it."""

    _number: str
    _name: str | None
    _account: str
    _verified: bool
    _set_up: bool
    _spent: bool
    _detached: bool
    _future_usage: str | None
    _source_object: dict[str, object]


class CardState(TypedDict):
    """The number behind it, and the name of the test card."""

    _number: str
    _name: str | None


class BankAccountState(TypedDict):
    """The number behind it."""

    _account: NotRequired[str]


class PersonState(TypedDict):
    """Whether a number was given that stands for an identity which cannot be verified."""

    _unverifiable: NotRequired[bool]


class RefundState(TypedDict):
    """The customer whose cash balance it sends back."""

    _customer: NotRequired[str]


class ProductState(TypedDict):
    """What older versions said of goods."""

    _caption: NotRequired[str | None]
    _deactivate_on: NotRequired[list[str]]


class TaxLineState(TypedDict):
    """What the line of a tax calculation or a tax transaction belongs to."""

    _calculation: NotRequired[str]
    _transaction: NotRequired[str]


class TaxTransactionState(TypedDict):
    """The transaction that this one takes back."""

    _original: NotRequired[str]


class CustomerState(TypedDict):
    """How the cash balance is matched with payments, and from where the customer was last seen, if that was set."""

    _cash_settings: NotRequired[dict[str, object]]
    _ip_address: NotRequired[str | None]


class BalanceTransactionState(TypedDict):
    """The payout that it is part of."""

    _payout: NotRequired[str]


class EventDestinationState(TypedDict):
    """Where it sends, and the secrets that sign."""

    _url: str
    _secret: str
    _old_secrets: NotRequired[list[tuple[str, int]]]


class TokenState(TypedDict):
    """The number behind it; the payment method that was made of it."""

    _number: str
    _name: str | None
    _account: str
    _card: str
    _method: str
    _used: bool


class SourceState(TypedDict):
    """The number behind it, and the card that it was made of."""

    _number: str
    _name: str | None
    _used: bool
    _card: NotRequired[dict[str, object]]


class ConfirmationTokenState(TypedDict):
    """The payment method it stands for."""

    _method: str
    _used: bool


class PaymentIntentState(TypedDict):
    """What the confirmation asked for, and what the payment is for."""

    _return_url: str | None
    _applied: NotRequired[int]
    _amount_lines: list[dict[str, object]]
    _off_session: bool
    _mandate_data: dict[str, object] | None
    _invoice: str | None
    _session: str | None
    _subscription: str | None


class SetupIntentState(TypedDict):
    """What the confirmation asked for, and what the setup is for."""

    _return_url: str | None
    _mandate_data: dict[str, object] | None
    _single_use: dict[str, object] | None
    _session: str | None
    _subscription: str | None


class ChargeState(TypedDict):
    """How much of an authorisation was captured."""

    _captured_amount: int | None


class CheckoutSessionState(TypedDict):
    """What is sold, and the parameters that wait for the payment."""

    _lines: list[SoldLine]
    _discounts: list[DiscountChoice]
    _taken: list[TakenDiscount]
    _subscription: str | None
    _subscription_data: CheckoutSessionCreateParamsSubscriptionData
    _payment_intent_data: CheckoutSessionCreateParamsPaymentIntentData
    _setup_intent_data: CheckoutSessionCreateParamsSetupIntentData
    _customer_update: CheckoutSessionCreateParamsCustomerUpdate


class PaymentLinkState(TypedDict):
    """The parameters of the sessions it opens."""

    _mode: str
    _slug: str
    _lines: list[SoldLine]
    _params: dict[str, object]


class AppliedCredit(TypedDict):
    """What a billing credit paid of a line: `amount` in minor units."""

    amount: int
    credit_balance_transaction: str


class AppsSecretState(TypedDict):
    """The user that it belongs to, or `account`."""

    _owner: NotRequired[str]


class LinkedAccountState(TypedDict):
    """Who linked a bank account, and in which session."""

    _account: NotRequired[str | None]
    _customer: NotRequired[str | None]
    _session: NotRequired[str]


class PaymentRecordState(TypedDict):
    """What became of its latest attempt."""

    _outcome: NotRequired[str | None]


class TokenOfV2State(TypedDict):
    """What a token of the v2 API stands for, for whom, and until when."""

    _params: NotRequired[dict[str, object]]
    _account_id: NotRequired[str]


class MeterEventSessionState(TypedDict):
    """When it ends, in Unix seconds."""

    _expires: NotRequired[int]


class AlertState(TypedDict):
    """Its meter, when it began to count, and the customers for whom it was triggered."""

    _meter: NotRequired[str]
    _since: NotRequired[int]
    _triggered: NotRequired[list[str]]


class CreditTransactionState(TypedDict):
    """Whose it is, its amount (below zero for a debit), and whether the invoice that it paid was voided."""

    _customer: NotRequired[str]
    _signed: NotRequired[int]
    _reinstated: NotRequired[bool]


class InvoiceLineItemState(TypedDict):
    """The ids of its tax rates, the invoice item that it came from, and what billing credits paid of it."""

    _tax_rates: list[str]
    _item: NotRequired[str]
    _credits: NotRequired[list[AppliedCredit]]


class InvoiceState(TypedDict, Generic[Line]):
    """Its lines in full, the token of its page, and what it belongs to."""

    _lines: list[Line]
    _token: str
    _session: str | None
    _drafted: bool
    _use_balance: bool
    _days_until_due: int | None
    _application_fee_amount: int | None
    _transfer_data: dict[str, object] | None


class InvoiceItemState(TypedDict):
    """Whether it waits for the next invoice."""

    _pending: bool


class CreditNoteState(TypedDict, Generic[Line]):
    """Its lines in full."""

    _lines: list[Line]
    _out_of_band: int


class SubscriptionState(TypedDict):
    """What it came from, and the change that waits for a payment."""

    _session: str | None
    _quote: str | None
    _pending_invoice: str | None
    _wish: list[ItemChoice] | None
    _prorate_cancel: bool
    _days_until_due: int | None


class MeterEventState(TypedDict):
    """The customer it is about, its value as a decimal, and whether it was canceled."""

    _customer: str
    _value: str
    _canceled: bool


class QuoteState(TypedDict):
    """Its items and discounts as they were given."""

    _items: list[QuoteItem]
    _discounts: list[DiscountChoice]


class DiscountState(TypedDict):
    """Whether a `once` discount was used."""

    _used: bool


class ProductFeatureState(TypedDict):
    """The product that has the feature."""

    _product: str


class PriceState(TypedDict, Generic[Tier]):
    """Its tiers, which are shown only when expanded."""

    _tiers: list[Tier]


class PromotionCodeState(TypedDict):
    """The code in capitals, by which it is found."""

    _upper: str


class WebhookEndpointState(TypedDict):
    """The secrets that sign, and what is sent."""

    _secret: str
    _old_secrets: list[tuple[str, int]]
    _connect: bool
    _thin: bool


class AccountState(TypedDict):
    """Where the onboarding page leads back to, and what the v2 API shows of it."""

    _return_url: str | None
    _view: NotRequired[dict[str, object]]


class FileState(TypedDict):
    """The bytes, in base64."""

    _content: str
