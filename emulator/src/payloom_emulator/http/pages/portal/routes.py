"""The customer portal at `/p/session/{id}`: a customer looks after subscriptions, payment methods and billing details.

Plain forms: each action is one POST, done with the API calls a shop would make, then back to the front page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from payloom_emulator.http.pages.api_access import Access
from payloom_emulator.http.pages.portal import view as words
from payloom_emulator.http.pages.rendering import page
from payloom_emulator.protocol.json_shapes import is_object

if TYPE_CHECKING:
    from starlette.requests import Request

    from payloom_emulator.http.pages.hosted_checkout.view import Json

_DEFAULT_FEATURES: Json = {
    "customer_update": {"enabled": True},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
    "subscription_update": {"enabled": False, "products": []},
}


class Portal(Access):
    """One portal session: the customer it belongs to and what its configuration allows."""

    def __init__(self, request: Request) -> None:
        """Read the session named in the address."""
        self.token = request.path_params["session"]
        super().__init__(request)
        self.session = self._find()
        self.base = f"/p/session/{self.token}"
        self.features: Json = dict(_DEFAULT_FEATURES)
        if self.session is None:
            return
        configuration = self.session.get("configuration")
        if isinstance(configuration, str):
            found = self.get(f"/v1/billing_portal/configurations/{configuration}")
            self.features = (found or {}).get("features") or self.features

    def _find(self) -> Json | None:
        """Return the session whose id, or whose URL's last part, is in the address."""
        sql = "SELECT account, id FROM objects WHERE object = 'billing_portal.session' AND deleted = 0"
        for account, session_id in self.emulator.store.query(sql):
            read = self.emulator.store.read(account, session_id)
            if read and self.token in {session_id, urlsplit(read[0].get("url") or "").path.rpartition("/")[2]}:
                self.account = account
                return read[0]
        return None

    @property
    def customer_id(self) -> str:
        """The customer's id."""
        assert self.session is not None
        return str(self.session["customer"])

    def customer(self) -> Json:
        """Return the customer."""
        return self.get(f"/v1/customers/{self.customer_id}") or {}

    def owns(self, path: str) -> Json | None:
        """Return the object at `path` when it belongs to this customer."""
        found = self.get(path)
        return found if found and found.get("customer") == self.customer_id else None

    def render(self, name: str, **values: object) -> Response:
        """Render one of the portal's pages."""
        assert self.session is not None
        after = ((self.flow or {}).get("after_completion") or {}).get("redirect") or dict[str, object]()
        target = urlsplit(after.get("return_url") or "")
        return page(
            name,
            forms_lead_to=f"{target.scheme}://{target.netloc}" if target.netloc else "",
            base=self.base,
            merchant=self.merchant(),
            back=self.session.get("return_url"),
            features=self.features,
            **values,
        )

    def subscriptions(self) -> list[Json]:
        """Return the customer's subscriptions, with the products of their prices."""
        listed = self.get("/v1/subscriptions", customer=self.customer_id, status="all", limit=20) or {}
        subs: list[Json] = listed.get("data") or []
        for item in [item for sub in subs for item in sub["items"]["data"]]:
            item["price"]["product"] = self.stored(item["price"]["product"]) or item["price"]["product"]
        return subs

    def home(self, problem: Json | None = None) -> Response:
        """Go back to the front page; `problem` is an API error to show there."""
        if problem is not None:
            return self.front(problem=problem.get("error", {}).get("message"), status=400)
        return RedirectResponse(f"{self.base}?stay=1", status_code=303)

    def done(self, status: int, body: Json) -> Response:
        """Go on after an API call that answered `status` and `body`: as the session's flow says, else home."""
        if status != 200:
            return self.home(body)
        after = (self.flow or {}).get("after_completion") or {}
        if after.get("type") == "redirect":
            return RedirectResponse(after["redirect"]["return_url"], status_code=303)
        if after.get("type") == "hosted_confirmation":
            message = (after.get("hosted_confirmation") or {}).get("custom_message") or "Your changes are saved."
            return page("missing.html", title="Done", message=message)
        return RedirectResponse(f"{self.base}?stay=1", status_code=303)

    @property
    def flow(self) -> Json | None:
        """The one thing the session was made for, or None for the whole portal."""
        return (self.session or {}).get("flow")

    def front(self, problem: str | None = None, status: int = 200) -> Response:
        """Render the front page."""
        customer = self.customer()
        default = (customer.get("invoice_settings") or {}).get("default_payment_method")
        methods = self.get(f"/v1/customers/{self.customer_id}/payment_methods", limit=20)
        invoices = self.get("/v1/invoices", customer=self.customer_id, limit=12)
        cards = [words.subscription(sub, self.features) for sub in self.subscriptions()]
        return self.render(
            "portal.html",
            status=status,
            problem=problem,
            customer=customer,
            address=words.address(customer),
            subscriptions=[card for card in cards if card],
            methods=[words.method(pm, default) for pm in (methods or {}).get("data") or []],
            invoices=[
                words.invoice(invoice) for invoice in (invoices or {}).get("data") or [] if invoice["status"] != "draft"
            ],
        )


def _gone() -> Response:
    return page(
        "missing.html",
        status=404,
        title="This link does not work any more",
        message="There is no portal session at this address. Ask the shop for a new link.",
    )


async def front(request: Request) -> Response:
    """Serve the front page, or the flow the session was made for."""
    portal = Portal(request)
    if portal.session is None:
        return _gone()
    if portal.flow is None or "stay" in request.query_params:
        return portal.front()
    kind = portal.flow["type"]
    if kind == "payment_method_update":
        return RedirectResponse(f"{portal.base}/payment-methods/add", status_code=303)
    if kind in {"subscription_cancel", "subscription_update", "subscription_update_confirm"}:
        part = "cancel" if kind == "subscription_cancel" else "update"
        return RedirectResponse(f"{portal.base}/{part}/{portal.flow[kind]['subscription']}", status_code=303)
    return portal.front()


async def cancel(request: Request) -> Response:
    """Ask, then cancel the subscription: at the period's end or at once, as the configuration says."""
    portal = Portal(request)
    if portal.session is None:
        return _gone()
    path = f"/v1/subscriptions/{request.path_params['subscription']}"
    sub = portal.owns(path)
    rules = portal.features.get("subscription_cancel") or {}
    if sub is None or not rules.get("enabled"):
        return portal.home()
    if request.method == "GET":
        shown = portal.get(path, expand=["items.data.price.product"]) or sub
        at_once = rules.get("mode") == "immediately"
        return portal.render("portal_cancel.html", sub=words.subscription(shown, portal.features), at_once=at_once)
    if rules.get("mode") == "immediately":
        return portal.done(*portal.call("DELETE", path))
    return portal.done(*portal.call("POST", path, cancel_at_period_end="true"))


async def resume(request: Request) -> Response:
    """Take back a cancellation that has not happened yet."""
    portal = Portal(request)
    if portal.session is None:
        return _gone()
    path = f"/v1/subscriptions/{request.path_params['subscription']}"
    if portal.owns(path) is None:
        return portal.home()
    return portal.done(*portal.call("POST", path, cancel_at_period_end="false"))


async def update(request: Request) -> Response:
    """Change the subscription's plan to another price the configuration offers."""
    portal = Portal(request)
    if portal.session is None:
        return _gone()
    path = f"/v1/subscriptions/{request.path_params['subscription']}"
    sub = portal.owns(path)
    rules = portal.features.get("subscription_update") or {}
    if sub is None or not rules.get("enabled"):
        return portal.home()
    item = sub["items"]["data"][0]
    offered = _offered(portal, rules)
    if request.method == "GET":
        return portal.render("portal_update.html", sub_id=sub["id"], plans=_plans(portal, offered, item["price"]["id"]))
    chosen = str((await request.form()).get("price", ""))
    if chosen not in offered:
        return portal.home()
    change = {"items": [{"id": item["id"], "price": chosen}]}
    behavior = rules.get("proration_behavior") or "create_prorations"
    return portal.done(*portal.call("POST", path, proration_behavior=behavior, **change))


def _offered(portal: Portal, rules: Json) -> list[str]:
    """Return the prices a person may change to; a flow that only asks to confirm names one."""
    confirm = (portal.flow or {}).get("subscription_update_confirm") or {}
    if confirm:
        return [item["price"] for item in confirm["items"] if item.get("price")]
    return [price for product in rules.get("products") or [] for price in product["prices"]]


def _plans(portal: Portal, offered: list[str], current: str) -> list[Json]:
    plans: list[Json] = []
    for price_id in offered:
        price = portal.get(f"/v1/prices/{price_id}", expand=["product"])
        if price:
            name = (price["product"] or {}).get("name") if is_object(price["product"]) else price_id
            plans.append({"id": price_id, "name": name, "price": words.priced(price), "current": price_id == current})
    return plans


async def add_method(request: Request) -> Response:
    """Show the card form; its script makes the payment method and posts its id here."""
    portal = Portal(request)
    if portal.session is None:
        return _gone()
    if request.method == "GET":
        return portal.render("portal_card.html", key=portal.publishable_key, account=portal.connected)
    method_id = str((await request.form()).get("payment_method", ""))
    status, body = portal.call("POST", f"/v1/payment_methods/{method_id}/attach", customer=portal.customer_id)
    if status != 200:
        return portal.home(body)
    return portal.done(*_make_default(portal, method_id))


def _make_default(portal: Portal, method_id: str) -> tuple[int, Json]:
    """Make a method the customer's default, and that of the subscriptions that had one of their own."""
    settings = {"invoice_settings": {"default_payment_method": method_id}}
    answer = portal.call("POST", f"/v1/customers/{portal.customer_id}", **settings)
    for sub in portal.subscriptions():
        if sub["status"] != "canceled" and sub.get("default_payment_method"):
            portal.call("POST", f"/v1/subscriptions/{sub['id']}", default_payment_method=method_id)
    return answer


async def change_method(request: Request) -> Response:
    """Make a payment method the default, or remove it."""
    portal = Portal(request)
    if portal.session is None:
        return _gone()
    path = f"/v1/payment_methods/{request.path_params['method']}"
    found = portal.owns(path)
    if found is None:
        return portal.home()
    if request.path_params["action"] == "default":
        return portal.done(*_make_default(portal, found["id"]))
    return portal.done(*portal.call("POST", f"{path}/detach"))


async def billing(request: Request) -> Response:
    """Show and save name, email and address."""
    portal = Portal(request)
    if portal.session is None:
        return _gone()
    customer = portal.customer()
    if request.method == "GET":
        return portal.render("portal_billing.html", customer=customer, address=customer.get("address") or {})
    form = await request.form()
    text = {name: str(form.get(name, "")).strip() for name in form}
    parts = ("line1", "line2", "city", "state", "postal_code", "country")
    changes: Json = {"name": text.get("name", ""), "email": text.get("email", "")}
    changes["address"] = {name: text.get(name, "") for name in parts}
    return portal.done(*portal.call("POST", f"/v1/customers/{portal.customer_id}", **changes))


async def login(request: Request) -> Response:
    """Open the portal by email address. Stripe would send a link first; here the address is enough."""
    access = Access(request)
    if request.method == "GET":
        return page("portal_login.html", merchant=access.merchant(), problem=None)
    email = str((await request.form()).get("email", "")).strip()
    found = (access.get("/v1/customers", email=email, limit=1) or {}).get("data") or []
    if not found:
        problem = "There is no customer with this email address."
        return page("portal_login.html", status=404, merchant=access.merchant(), problem=problem)
    _, session = access.call("POST", "/v1/billing_portal/sessions", customer=found[0]["id"])
    return RedirectResponse(session["url"], status_code=303)
