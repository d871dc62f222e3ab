"""The customer portal at `/p/session/{id}`: a customer looks after subscriptions, payment methods and billing details.

Plain forms: each action is one POST, done with the API calls a shop would make, then back to the front page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from payloom_emulator.http.pages.api_access import Access, error_message
from payloom_emulator.http.pages.portal import view as words
from payloom_emulator.http.pages.rendering import page
from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from starlette.requests import Request

    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.payment_methods import PaymentMethod
    from payloom_emulator.objects.subscriptions import Subscription
    from payloom_emulator.objects.webhooks import (
        PortalConfigurationFeatures,
        PortalConfigurationFeaturesSubscriptionUpdate,
        PortalSession,
    )


class Portal(Access):
    """One portal session: the customer it belongs to and what its configuration allows."""

    def __init__(self, request: Request, session: PortalSession, features: PortalConfigurationFeatures) -> None:
        """Show the session to its customer."""
        super().__init__(request, session["id"])
        self.session, self.features = session, features
        self.base = f"/p/session/{request.path_params['session']}"
        self.flow = session["flow"]
        self.customer_id = session["customer"]

    def subscription(self, subscription_id: str) -> Subscription | None:
        """Return a subscription when it belongs to this customer."""
        subscription = self.read(kinds.SUBSCRIPTION, subscription_id)
        return subscription if subscription and subscription["customer"] == self.customer_id else None

    def method(self, method_id: str) -> PaymentMethod | None:
        """Return a payment method when it belongs to this customer."""
        method = self.read(kinds.PAYMENT_METHOD, method_id)
        return method if method and method["customer"] == self.customer_id else None

    def render(self, name: str, *, status: int = 200, **values: object) -> Response:
        """Render one of the portal's pages."""
        redirect = self.flow["after_completion"]["redirect"] if self.flow else None
        target = urlsplit(redirect["return_url"] if redirect else "")
        return page(
            name,
            status=status,
            framed=False,
            forms_lead_to=f"{target.scheme}://{target.netloc}" if target.netloc else "",
            base=self.base,
            merchant=self.merchant(),
            back=self.session["return_url"],
            features=self.features,
            **values,
        )

    def subscriptions(self) -> list[Subscription]:
        """Return the customer's subscriptions, canceled ones too."""
        return self.rows(kinds.SUBSCRIPTION, customer=self.customer_id, status="all", limit=20)

    def card(self, subscription: Subscription) -> words.SubscriptionCard | None:
        """Return a subscription in words, or None when it is over."""
        return words.subscription(subscription, self.features, self.names(subscription))

    def names(self, subscription: Subscription) -> dict[str, str]:
        """Return the names of a subscription's products by their ids."""
        ids = {item["price"]["product"] for item in subscription["items"]["data"]}
        products = (self.read(kinds.PRODUCT, product_id) for product_id in ids)
        return {product["id"]: product["name"] for product in products if product}

    def home(self, problem: JsonMapping | None = None) -> Response:
        """Go back to the front page; `problem` is an API error to show there."""
        if problem is not None:
            return self.front(problem=error_message(problem), status=400)
        return RedirectResponse(f"{self.base}?stay=1", status_code=303)

    def done(self, status: int, body: JsonMapping) -> Response:
        """Go on after an API call that answered `status` and `body`: as the session's flow says, else home."""
        if status != 200:
            return self.home(body)
        after = self.flow["after_completion"] if self.flow else None
        if after and after["type"] == "redirect" and after["redirect"]:
            return RedirectResponse(after["redirect"]["return_url"], status_code=303)
        if after and after["type"] == "hosted_confirmation":
            confirmation = after["hosted_confirmation"]
            message = (confirmation["custom_message"] if confirmation else None) or "Your changes are saved."
            return page("missing.html", title="Done", message=message)
        return RedirectResponse(f"{self.base}?stay=1", status_code=303)

    def front(self, problem: str | None = None, status: int = 200) -> Response:
        """Render the front page."""
        customer = self.read(kinds.CUSTOMER, self.customer_id)
        settings = customer["invoice_settings"] if customer else None
        default = settings["default_payment_method"] if settings else None
        methods = self.rows(kinds.PAYMENT_METHOD, f"/v1/customers/{self.customer_id}/payment_methods", limit=20)
        invoices = self.rows(kinds.INVOICE, customer=self.customer_id, limit=12)
        cards = [self.card(subscription) for subscription in self.subscriptions()]
        return self.render(
            "portal/overview.html",
            status=status,
            problem=problem,
            customer=customer or {},
            address=words.address(customer),
            subscriptions=[card for card in cards if card],
            methods=[words.method(method, default) for method in methods],
            invoices=[words.invoice(invoice) for invoice in invoices if invoice["status"] != "draft"],
        )


def _open(request: Request) -> Portal | None:
    """Return the portal of the session whose id, or whose URL's last part, is in the address."""
    token, pages = request.path_params["session"], Access(request)
    sql = "SELECT account, id FROM objects WHERE object = 'billing_portal.session' AND deleted = 0"
    for account, session_id in pages.emulator.store.query(sql):
        pages.account = account
        session = pages.stored(kinds.BILLING_PORTAL_SESSION, session_id)
        if session is None or token not in {session_id, urlsplit(session["url"]).path.rpartition("/")[2]}:
            continue
        configuration = pages.stored(kinds.BILLING_PORTAL_CONFIGURATION, session["configuration"])
        return Portal(request, session, configuration["features"]) if configuration else None
    return None


def _gone() -> Response:
    return page(
        "missing.html",
        status=404,
        title="This link does not work any more",
        message="There is no portal session at this address. Ask the shop for a new link.",
    )


async def front(request: Request) -> Response:
    """Serve the front page, or the flow the session was made for."""
    portal = _open(request)
    if portal is None:
        return _gone()
    if portal.flow is None or "stay" in request.query_params:
        return portal.front()
    flow = portal.flow
    if flow["type"] == "payment_method_update":
        return RedirectResponse(f"{portal.base}/payment-methods/add", status_code=303)
    if cancels := flow["subscription_cancel"]:
        return RedirectResponse(f"{portal.base}/cancel/{cancels['subscription']}", status_code=303)
    if updates := flow["subscription_update"] or flow["subscription_update_confirm"]:
        return RedirectResponse(f"{portal.base}/update/{updates['subscription']}", status_code=303)
    return portal.front()


async def cancel(request: Request) -> Response:
    """Ask, then cancel the subscription: at the period's end or at once, as the configuration says."""
    portal = _open(request)
    if portal is None:
        return _gone()
    subscription = portal.subscription(request.path_params["subscription"])
    rules = portal.features["subscription_cancel"]
    if subscription is None or not rules["enabled"]:
        return portal.home()
    path, at_once = f"/v1/subscriptions/{subscription['id']}", rules["mode"] == "immediately"
    if request.method == "GET":
        return portal.render("portal/cancel.html", sub=portal.card(subscription), at_once=at_once)
    if at_once:
        return portal.done(*portal.call("DELETE", path))
    flexible = subscription["billing_mode"]["type"] == "flexible"
    end = {"cancel_at": "min_period_end"} if flexible else {"cancel_at_period_end": "true"}
    return portal.done(*portal.call("POST", path, **end))


async def resume(request: Request) -> Response:
    """Take back a cancellation that has not happened yet."""
    portal = _open(request)
    if portal is None:
        return _gone()
    subscription = portal.subscription(request.path_params["subscription"])
    if subscription is None:
        return portal.home()
    path = f"/v1/subscriptions/{subscription['id']}"
    keep = {"cancel_at_period_end": "false"} if subscription["cancel_at_period_end"] else {"cancel_at": ""}
    return portal.done(*portal.call("POST", path, **keep))


async def update(request: Request) -> Response:
    """Change the subscription's plan to another price the configuration offers."""
    portal = _open(request)
    if portal is None:
        return _gone()
    subscription = portal.subscription(request.path_params["subscription"])
    rules = portal.features["subscription_update"]
    if subscription is None or not rules["enabled"]:
        return portal.home()
    item = subscription["items"]["data"][0]
    offered = _offered(portal, rules)
    if request.method == "GET":
        plans = _plans(portal, offered, item["price"]["id"])
        return portal.render("portal/update.html", sub_id=subscription["id"], plans=plans)
    chosen = str((await request.form()).get("price", ""))
    if chosen not in offered:
        return portal.home()
    answer = portal.call(
        "POST",
        f"/v1/subscriptions/{subscription['id']}",
        proration_behavior=rules["proration_behavior"] or "create_prorations",
        items=[{"id": item["id"], "price": chosen}],
    )
    return portal.done(*answer)


def _offered(portal: Portal, rules: PortalConfigurationFeaturesSubscriptionUpdate) -> list[str]:
    """Return the prices a person may change to; a flow that only asks to confirm names one."""
    confirm = portal.flow["subscription_update_confirm"] if portal.flow else None
    if confirm:
        return [item["price"] for item in confirm["items"] if item["price"]]
    return [price for product in rules["products"] or [] for price in product["prices"]]


class _Plan(TypedDict):
    id: str
    name: str
    price: str
    current: bool


def _plans(portal: Portal, offered: list[str], current: str) -> list[_Plan]:
    plans: list[_Plan] = []
    for price_id in offered:
        price = portal.read(kinds.PRICE, price_id)
        if price:
            product = portal.read(kinds.PRODUCT, price["product"])
            name = product["name"] if product else price_id
            plans.append({"id": price_id, "name": name, "price": words.priced(price), "current": price_id == current})
    return plans


async def add_method(request: Request) -> Response:
    """Show the card form; its script makes the payment method and posts its id here."""
    portal = _open(request)
    if portal is None:
        return _gone()
    if request.method == "GET":
        return portal.render("portal/card.html", key=portal.publishable_key, account=portal.connected)
    method_id = str((await request.form()).get("payment_method", ""))
    status, body = portal.call("POST", f"/v1/payment_methods/{method_id}/attach", customer=portal.customer_id)
    if status != 200:
        return portal.home(body)
    return portal.done(*_make_default(portal, method_id))


def _make_default(portal: Portal, method_id: str) -> tuple[int, JsonMapping]:
    """Make a method the customer's default, and that of the subscriptions that had one of their own."""
    settings = {"default_payment_method": method_id}
    answer = portal.call("POST", f"/v1/customers/{portal.customer_id}", invoice_settings=settings)
    for sub in portal.subscriptions():
        if sub["status"] != "canceled" and sub["default_payment_method"]:
            portal.call("POST", f"/v1/subscriptions/{sub['id']}", default_payment_method=method_id)
    return answer


async def change_method(request: Request) -> Response:
    """Make a payment method the default, or remove it."""
    portal = _open(request)
    if portal is None:
        return _gone()
    method = portal.method(request.path_params["method"])
    if method is None:
        return portal.home()
    if request.path_params["action"] == "default":
        return portal.done(*_make_default(portal, method["id"]))
    return portal.done(*portal.call("POST", f"/v1/payment_methods/{method['id']}/detach"))


async def billing(request: Request) -> Response:
    """Show and save name, email and address."""
    portal = _open(request)
    if portal is None:
        return _gone()
    if request.method == "GET":
        customer = portal.read(kinds.CUSTOMER, portal.customer_id)
        address = customer.get("address") if customer else None
        return portal.render("portal/billing.html", customer=customer or {}, address=address or {})
    form = await request.form()
    text = {name: str(form.get(name, "")).strip() for name in form}
    parts = ("line1", "line2", "city", "state", "postal_code", "country")
    answer = portal.call(
        "POST",
        f"/v1/customers/{portal.customer_id}",
        name=text.get("name", ""),
        email=text.get("email", ""),
        address={name: text.get(name, "") for name in parts},
    )
    return portal.done(*answer)


async def login(request: Request) -> Response:
    """Open the portal by email address. Stripe would send a link first; here the address is enough."""
    access = Access(request)
    if request.method == "GET":
        return page("portal/login.html", merchant=access.merchant(), problem=None)
    email = str((await request.form()).get("email", "")).strip()
    customers = access.rows(kinds.CUSTOMER, email=email, limit=1)
    if not customers:
        problem = "There is no customer with this email address."
        return page("portal/login.html", status=404, merchant=access.merchant(), problem=problem)
    _, session = access.call("POST", "/v1/billing_portal/sessions", customer=customers[0]["id"])
    return RedirectResponse(str(session["url"]), status_code=303)
