"""What else the Stripe object can do: tokens, saved cards, retrieving, Checkout, and what it says to misuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from emulator.tests.support.own_form_steps import GOOD, challenge, fill, open_flow, pay, payment_frame, result
from emulator.tests.support.request_params import request_params
from playwright.sync_api import Page, expect
from tests.support.present import present

if TYPE_CHECKING:
    from emulator.tests.support.local_servers import Local

pytestmark = pytest.mark.browser


def intent(local: Local, **params: Any) -> Any:
    """Make a PaymentIntent of 500 euro cents, or with `params` over that."""
    return local.stripe.v1.payment_intents.create(
        request_params({"amount": 500, "currency": "eur", "automatic_payment_methods": {"enabled": True}, **params})
    )


def test_3d_secure_on_a_page_of_its_own_returns_to_the_shop(page: Page, local: Local) -> None:
    for outcome, status in [("Complete", "succeeded"), ("Fail", "failed")]:
        method = local.stripe.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
        del method
        intent = local.stripe.v1.payment_intents.create(
            {
                "amount": 2198,
                "currency": "usd",
                "automatic_payment_methods": {"enabled": True},
                "payment_method": "pm_card_authenticationRequired",
                "confirm": True,
                "return_url": f"{local.shop}/thanks?order=7",
            }
        )
        page.goto(present(present(present(intent.next_action).redirect_to_url).url))
        page.get_by_role("button", name=outcome).click()
        page.wait_for_url(f"{local.shop}/thanks?**")
        query = parse_qs(urlsplit(page.url).query)
        assert query["order"] == ["7"]
        assert query["redirect_status"] == [status]
        assert query["payment_intent"] == [intent.id]


def test_a_confirmation_token_carries_the_card_and_pays_on_the_server(page: Page, local: Local) -> None:
    open_flow(page, local, "token")
    fill(payment_frame(page))
    pay(page)
    token = result(page)["ok"]
    assert (token["object"], token["last4"]) == ("confirmation_token", "4242")
    paid = local.stripe.v1.payment_intents.create(
        {
            "amount": 2198,
            "currency": "usd",
            "confirm": True,
            "confirmation_token": token["id"],
            "automatic_payment_methods": {"enabled": True},
        }
    )
    assert paid.status == "succeeded"


@pytest.mark.parametrize(("make", "kind"), [("token", "token"), ("method", "payment_method")])
def test_three_separate_card_fields_make_one_card(page: Page, local: Local, make: str, kind: str) -> None:
    open_flow(page, local, "split", make=make)
    page.frame_locator('iframe[title="Secure card number input frame"]').locator("input").fill(GOOD)
    page.frame_locator('iframe[title="Secure expiration date input frame"]').locator("input").fill("1234")
    page.frame_locator('iframe[title="Secure CVC input frame"]').locator("input").fill("123")
    pay(page)
    card = result(page)["ok"]
    assert (card["object"], card["last4"]) == (kind, "4242")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Stripe('')", "publishable key"),
        ("Stripe('sk_test_123')", "should not use your secret key"),
        ("stripe.elements({clientSecret: 'nonsense'})", "client secret of the form"),
        ("stripe.elements().create('payment')", "you must pass a clientSecret or mode"),
        ("stripe.elements().create('nothing')", "A valid Element name"),
        ("stripe.elements({mode: 'payment', amount: 1.5, currency: 'usd'})", "positive integer"),
        ("stripe.elements({mode: 'payment', amount: 100, currency: 'usd', paymentMethodTypes: ['card']})", "allowed"),
        ("stripe.confirmPayment({elements, confirmParams: {}})", "return_url"),
        ("elements.create('payment')", "Can only create one Element"),
    ],
)
def test_misuse_is_an_integration_error(page: Page, local: Local, call: str, message: str) -> None:
    open_flow(page, local, "payment")
    thrown = page.evaluate(f"(async () => {{ try {{ await {call}; }} catch (e) {{ return [e.name, e.message]; }} }})()")
    assert thrown[0] == "IntegrationError"
    assert message in thrown[1]


def test_wallets_are_absent_in_the_way_a_page_expects(page: Page, local: Local) -> None:
    open_flow(page, local, "payment")
    wallet = page.evaluate(
        "stripe.paymentRequest({country: 'US', currency: 'usd', total: {label: 'x', amount: 100}}).canMakePayment()"
    )
    assert wallet is None
    ready = page.evaluate(
        """() => new Promise((done) => {
          const place = document.body.appendChild(document.createElement('div'));
          const element = elements.create('expressCheckout');
          element.on('ready', (event) => done(event.availablePaymentMethods ?? 'none'));
          element.mount(place);
        })"""
    )
    assert ready == "none"


def test_retrieving_and_next_actions_need_only_the_client_secret(page: Page, local: Local) -> None:
    open_flow(page, local, "payment")
    read = page.evaluate("stripe.retrievePaymentIntent(clientSecret)")
    assert read["paymentIntent"]["status"] == "requires_payment_method"
    wrong = page.evaluate("stripe.retrievePaymentIntent(clientSecret.replace(/_secret_.*/, '_secret_wrong'))")
    assert wrong["error"]["type"] == "invalid_request_error"
    intent = local.stripe.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "use_stripe_sdk": True,
            "return_url": f"{local.shop}/thanks",
            "automatic_payment_methods": {"enabled": True},
        }
    )
    page.evaluate(
        "(secret) => { stripe.handleNextAction({clientSecret: secret}).then((r) => { window.after = r.paymentIntent.status; }); }",
        intent.client_secret,
    )
    challenge(page, "Complete")
    page.wait_for_function("window.after === 'succeeded'")


@pytest.mark.parametrize(
    ("script", "version"), [("endive/stripe.js", "endive"), ("v3/", 3), ("clover/stripe.js", "clover")]
)
def test_the_script_names_its_release_train(page: Page, local: Local, script: str, version: Any) -> None:
    page.goto(f"{local.shop}/thanks")
    page.add_script_tag(url=f"{local.url}/{script}")
    assert page.evaluate("Stripe.version") == version
    assert page.evaluate("typeof Stripe('pk_test_1234').elements") == "function"


def test_embedded_checkout_pays_and_calls_back(page: Page, local: Local) -> None:
    params = {
        "mode": "payment",
        "ui_mode": "embedded_page",
        "redirect_on_completion": "never",
        "line_items": [
            {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Tea"}}, "quantity": 1}
        ],
    }
    open_flow(page, local, "embedded", params=params, complete="yes")
    frame = page.frame_locator('iframe[title="Secure checkout"]')
    expect(frame.get_by_test_id("product-summary-total-amount")).to_have_text("$9.00")
    frame.get_by_role("button", name="Succeeds").click()
    frame.get_by_test_id("hosted-payment-submit-button").click()
    expect(page.locator("#result")).to_have_text("complete")
    assert local.stripe.v1.checkout.sessions.list().data[0].payment_status == "paid"


def test_redirect_to_checkout_opens_the_hosted_page(page: Page, local: Local) -> None:
    tea = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Tea"}}, "quantity": 1}
    session = local.stripe.v1.checkout.sessions.create(
        request_params({"mode": "payment", "line_items": [tea], "success_url": f"{local.shop}/thanks"})
    )
    page.goto(f"{local.shop}/cart")
    page.add_script_tag(url=f"{local.url}/v3/")
    wrong = page.evaluate("Stripe('pk_test_1234').redirectToCheckout({sessionId: 'cs_test_nothing'})")
    assert wrong["error"]["type"] == "invalid_request_error"
    page.evaluate("(id) => { Stripe('pk_test_1234').redirectToCheckout({sessionId: id}); }", session.id)
    page.wait_for_url(f"{local.url}/c/pay/{session.id}**")


def test_updates_of_a_deferred_group_and_of_the_intent_are_taken(page: Page, local: Local) -> None:
    open_flow(page, local, "payment")
    assert page.evaluate("elements.fetchUpdates()") == {}
    local.stripe.v1.payment_intents.cancel(page.evaluate("clientSecret").split("_secret_")[0])
    after = page.evaluate("elements.fetchUpdates()")
    assert "canceled" in after["error"]["message"]
    changed = page.evaluate(
        """async () => {
          const group = stripe.elements({ mode: 'payment', amount: 100, currency: 'usd' });
          let ended = false;
          group.on('update-end', () => { ended = true; });
          await group.update({ amount: 250 });
          await Promise.resolve();
          return ended;
        }"""
    )
    assert changed is True


def test_a_saved_card_is_confirmed_by_its_id(page: Page, local: Local) -> None:
    open_flow(page, local, "payment")
    paid = page.evaluate(
        "(secret) => stripe.confirmCardPayment(secret, {payment_method: 'pm_card_visa'})", intent(local).client_secret
    )
    assert paid["paymentIntent"]["status"] == "succeeded"
    left = page.evaluate(
        "(secret) => stripe.confirmCardPayment(secret, {payment_method: 'pm_card_threeDSecure2Required'}, {handleActions: false})",
        intent(local).client_secret,
    )
    assert left["paymentIntent"]["status"] == "requires_action"
    setup = local.stripe.v1.setup_intents.create({"automatic_payment_methods": {"enabled": True}})
    saved = page.evaluate(
        "(secret) => stripe.confirmCardSetup(secret, {payment_method: 'pm_card_visa'})", setup.client_secret
    )
    assert saved["setupIntent"]["status"] == "succeeded"


def test_a_payment_method_is_made_from_the_elements(page: Page, local: Local) -> None:
    open_flow(page, local, "payment")
    fill(payment_frame(page))
    answer = page.evaluate(
        """async () => {
          await elements.submit();
          return stripe.createPaymentMethod({ elements, params: { billing_details: { name: 'Jenny Rosen' } } });
        }"""
    )
    method = local.stripe.v1.payment_methods.retrieve(answer["paymentMethod"]["id"])
    assert (present(method.card).last4, method.billing_details.name) == ("4242", "Jenny Rosen")


def test_a_debit_is_confirmed_with_its_numbers(page: Page, local: Local) -> None:
    open_flow(page, local, "payment")
    about = {
        "sepa_debit": {"iban": "AT611904300234573201"},
        "billing_details": {"name": "Jenny", "email": "j@example.com"},
    }
    payment = intent(local, allowed_payment_method_types=["sepa_debit"])
    answer = page.evaluate(
        "([secret, about]) => stripe.confirmSepaDebitPayment(secret, {payment_method: about})",
        [payment.client_secret, about],
    )
    assert answer["paymentIntent"]["status"] == "processing"


def test_the_first_checkout_sdk_resolves_to_its_actions(page: Page, local: Local) -> None:
    tea = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Tea"}}, "quantity": 1}
    session = local.stripe.v1.checkout.sessions.create(
        request_params(
            {"mode": "payment", "ui_mode": "elements", "line_items": [tea], "return_url": f"{local.shop}/thanks"}
        )
    )
    page.goto(f"{local.shop}/cart")
    page.add_script_tag(url=f"{local.url}/basil/stripe.js")
    read = page.evaluate(
        """async (secret) => {
          const checkout = await Stripe('pk_test_1234').initCheckout({ fetchClientSecret: async () => secret });
          const mail = await checkout.updateEmail('nonsense');
          const code = await checkout.applyPromotionCode('NOPE');
          const session = checkout.session();
          return [session.total.total.amount, session.status.type, mail.error.code, code.type, session.canConfirm];
        }""",
        session.client_secret,
    )
    assert read == ["$9.00", "open", "invalidEmail", "error", False]
