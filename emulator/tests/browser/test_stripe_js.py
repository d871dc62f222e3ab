"""A shop's own form through the unmodified `@stripe/stripe-js`, on another origin than the local Stripe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from emulator.tests.support.own_form_steps import (
    DECLINED,
    GOOD,
    SECURE,
    challenge,
    fill,
    open_flow,
    pay,
    payment_frame,
    result,
)
from playwright.sync_api import Page, expect
from tests.support.present import present

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.tests.support.local_servers import Local

pytestmark = pytest.mark.browser


def classes(page: Page, *names: str) -> None:
    """Wait until the card element's container has exactly these classes of Stripe's."""
    page.wait_for_function(
        """(names) => {
          const now = [...document.querySelector('#card').classList].filter((name) => name.startsWith('StripeElement'));
          return JSON.stringify(now.sort()) === JSON.stringify(names.sort());
        }""",
        arg=list(names),
    )


def test_confirm_payment_redirects_with_the_intent_in_the_address(page: Page, local: Local) -> None:
    open_flow(page, local, "payment")
    fill(payment_frame(page))
    pay(page)
    page.wait_for_url(f"{local.shop}/thanks?**")
    query = parse_qs(urlsplit(page.url).query)
    intent = local.stripe.v1.payment_intents.retrieve(query["payment_intent"][0])
    assert query["redirect_status"] == ["succeeded"]
    assert query["payment_intent_client_secret"] == [intent.client_secret]
    assert (intent.status, intent.amount) == ("succeeded", 2198)


def test_a_decline_comes_back_as_stripe_shapes_it_and_another_card_pays(page: Page, local: Local) -> None:
    open_flow(page, local, "payment", redirect="if_required")
    fill(payment_frame(page), DECLINED)
    pay(page)
    error = result(page)["error"]
    assert error["type"] == "card_error"
    assert (error["code"], error["decline_code"]) == ("card_declined", "generic_decline")
    assert error["intent"] == "requires_payment_method"
    payment_frame(page).locator('[name="number"]').fill(GOOD)
    pay(page)
    expect(page.locator("#result")).to_contain_text('"status":"succeeded"')


def test_an_incomplete_form_is_a_validation_error_and_reaches_no_server(
    watched: Callable[..., Any], local: Local
) -> None:
    page, watch = watched()
    open_flow(page, local, "payment", redirect="if_required")
    payment_frame(page).locator('[name="number"]').fill("42424242")
    pay(page)
    error = result(page)["error"]
    assert error == {
        "type": "validation_error",
        "code": "incomplete_number",
        "message": "Your card number is incomplete.",
    }
    expect(payment_frame(page).get_by_text("Your card number is incomplete.")).to_be_visible()
    assert [r.url for r in watch.requests if r.url.endswith("/confirm")] == []


def test_3d_secure_completed_in_the_modal_pays(page: Page, local: Local) -> None:
    open_flow(page, local, "payment", redirect="if_required")
    fill(payment_frame(page), SECURE)
    pay(page)
    challenge(page, "Complete")
    assert result(page)["ok"]["status"] == "succeeded"
    expect(page.locator(".__PayloomChallenge")).to_have_count(0)


def test_the_page_behind_a_challenge_cannot_be_reached(page: Page, local: Local) -> None:
    open_flow(page, local, "payment", redirect="if_required")
    fill(payment_frame(page), SECURE)
    pay(page)
    frame = page.frame_locator('iframe[title="3-D Secure challenge"]')
    expect(frame.get_by_role("button", name="Complete authentication")).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate("document.querySelector('#pay').focus()")
    expect(page.locator("#pay")).not_to_be_focused()
    frame.get_by_role("button", name="Complete authentication").focus()
    page.keyboard.press("Enter")
    assert result(page)["ok"]["status"] == "succeeded"


def test_3d_secure_failed_in_the_modal_is_an_error(page: Page, local: Local) -> None:
    open_flow(page, local, "payment", redirect="if_required")
    fill(payment_frame(page), SECURE)
    pay(page)
    challenge(page, "Fail")
    error = result(page)["error"]
    assert error["code"] == "payment_intent_authentication_failure"
    assert error["intent"] == "requires_payment_method"


def test_events_of_the_payment_element_come_in_stripes_order_and_shape(page: Page, local: Local) -> None:
    open_flow(page, local, "payment")
    page.wait_for_function("seen.some((event) => event.name === 'ready')")
    fill(payment_frame(page))
    page.wait_for_function("seen.some((event) => event.name === 'change' && event.complete)")
    seen = page.evaluate("seen")
    assert [event["name"] for event in seen][:2] == ["ready", "focus"]
    assert {event["elementType"] for event in seen} == {"payment"}
    last = [event for event in seen if event["name"] == "change"][-1]
    assert (last["complete"], last["empty"], last["type"]) == (True, False, "card")


def test_card_data_never_reaches_the_host_page(watched: Callable[..., Any], local: Local) -> None:
    page, watch = watched()
    open_flow(page, local, "payment", redirect="if_required")
    page.evaluate(
        "window.addEventListener('message', (e) => (window.heard = (window.heard ?? '') + JSON.stringify(e.data)))"
    )
    fill(payment_frame(page))
    pay(page)
    assert result(page)["ok"]["status"] == "succeeded"
    assert GOOD not in page.content()
    assert GOOD not in (page.evaluate("window.heard") or "")
    sent = [r for r in watch.requests if GOOD in (r.post_data or "")]
    assert len(sent) == 1
    assert sent[0].frame.url.startswith(local.url)
    assert sent[0].headers["authorization"].startswith("Bearer pk_test_")


def test_deferred_intent_with_a_shipping_address(page: Page, local: Local) -> None:
    open_flow(page, local, "deferred")
    fill(payment_frame(page))
    address = page.frame_locator('iframe[title="Secure address input frame"]')
    address.get_by_label("Full name").fill("Jenny Rosen")
    address.get_by_label("Address line 1").fill("27 Fredrick Ave")
    address.get_by_label("City").fill("Brothers")
    address.get_by_label("State").fill("OR")
    address.get_by_label("ZIP code").fill("97712")
    pay(page)
    ok = result(page)["ok"]
    intent = local.stripe.v1.payment_intents.retrieve(ok["id"])
    assert (ok["status"], present(intent.shipping).name) == ("succeeded", "Jenny Rosen")
    assert present(present(intent.shipping).address).city == "Brothers"


def test_an_incomplete_deferred_form_makes_no_intent(page: Page, local: Local) -> None:
    open_flow(page, local, "deferred")
    pay(page)
    assert result(page)["error"]["code"] == "incomplete_number"
    assert local.stripe.v1.payment_intents.list().data == []


def test_confirm_setup_saves_the_card_with_and_without_3d_secure(page: Page, local: Local) -> None:
    open_flow(page, local, "setup")
    fill(payment_frame(page))
    pay(page)
    assert result(page)["ok"] == {
        "object": "setup_intent",
        "status": "succeeded",
        "id": local.stripe.v1.setup_intents.list().data[0].id,
    }
    open_flow(page, local, "setup")
    fill(payment_frame(page), SECURE)
    pay(page)
    challenge(page, "Complete")
    assert result(page)["ok"]["status"] == "succeeded"


def test_the_card_element_pays_and_tells_brand_and_state(page: Page, local: Local) -> None:
    open_flow(page, local, "card")
    frame = page.frame_locator('iframe[title="Secure card payment input frame"]')
    classes(page, "StripeElement", "StripeElement--empty")
    frame.locator('[name="cardnumber"]').fill(GOOD)
    frame.locator('[name="exp-date"]').fill("1234")
    frame.locator('[name="cvc"]').fill("123")
    frame.locator('[name="postal"]').fill("42424")
    classes(page, "StripeElement", "StripeElement--complete", "StripeElement--focus")
    pay(page)
    assert result(page)["ok"]["status"] == "succeeded"
    changes = page.evaluate("seen.filter((event) => event.name === 'change')")
    assert {event["brand"] for event in changes} == {"visa"}
    assert changes[-1]["complete"] is True


def test_the_card_element_says_what_is_wrong_while_typing(page: Page, local: Local) -> None:
    open_flow(page, local, "card")
    frame = page.frame_locator('iframe[title="Secure card payment input frame"]')
    frame.locator('[name="cardnumber"]').fill("4242424242424241")
    page.wait_for_function("seen.some((event) => event.code === 'invalid_number')")
    classes(page, "StripeElement", "StripeElement--focus", "StripeElement--invalid")
    page.evaluate("card.clear()")
    expect(frame.locator('[name="cardnumber"]')).to_have_value("")


def test_an_intent_that_cannot_be_paid_is_a_load_error(page: Page, local: Local) -> None:
    open_flow(page, local, "payment")
    secret = page.evaluate("clientSecret")
    local.stripe.v1.payment_intents.cancel(secret.split("_secret_")[0])
    loaded = page.evaluate(
        """async (secret) => {
          const group = stripe.elements({ clientSecret: secret });
          const place = document.body.appendChild(document.createElement('div'));
          const element = group.create('payment');
          return new Promise((done) => {
            element.on('loaderror', (event) => done(event.error.code));
            element.on('ready', () => done('ready'));
            element.mount(place);
          });
        }""",
        secret,
    )
    assert loaded == "payment_intent_unexpected_state"


def test_elements_can_be_unmounted_mounted_again_and_destroyed(page: Page, local: Local) -> None:
    open_flow(page, local, "payment", redirect="if_required")
    fill(payment_frame(page))
    page.evaluate("elements.getElement('payment').unmount()")
    expect(page.locator("#payment iframe")).to_have_count(0)
    page.evaluate("elements.getElement('payment').mount('#payment')")
    expect(payment_frame(page).locator('[name="number"]')).to_have_value("")
    page.evaluate("elements.getElement('payment').destroy()")
    assert page.evaluate("elements.getElement('payment')") is None
    page.evaluate("elements.create('payment').mount('#payment')")
    fill(payment_frame(page))
    pay(page)
    assert result(page)["ok"]["status"] == "succeeded"


def test_appearance_variables_and_rules_reach_the_frame(page: Page, local: Local) -> None:
    appearance = {
        "theme": "night",
        "variables": {"colorBackground": "#102030", "borderRadius": "12px"},
        "rules": {".Input": {"borderColor": "rgb(1, 2, 3)"}, "body, .evil": {"display": "none"}},
    }
    open_flow(page, local, "payment", appearance=appearance)
    number = payment_frame(page).locator('[name="number"]')
    expect(number).to_have_css("background-color", "rgb(16, 32, 48)")
    expect(number).to_have_css("border-radius", "12px")
    expect(number).to_have_css("border-top-color", "rgb(1, 2, 3)")
    expect(number).to_be_visible()


@pytest.mark.parametrize("theme", ["stripe", "night"])
def test_axe_finds_nothing_in_the_frames(page: Page, local: Local, axe: Callable[[Any], list[str]], theme: str) -> None:
    background = "#15161f" if theme == "night" else "#ffffff"
    open_flow(page, local, "payment", appearance={"theme": theme})
    page.add_style_tag(
        content=f"html, body {{ background: {background} !important; color-scheme: light; }} h1 {{ display: none }}"
    )
    pay(page)
    expect(payment_frame(page).get_by_text("Your card number is incomplete.")).to_be_visible()
    frame = next(f for f in page.frames if "/_emulator/elements/payment" in f.url)
    frame.evaluate(f"document.documentElement.style.background = '{background}'")
    assert axe(frame) == []


def test_a_method_that_redirects_goes_to_its_page_and_comes_back(page: Page, local: Local) -> None:
    params = {"currency": "eur", "allowed_payment_method_types": ["card", "ideal"]}
    open_flow(page, local, "payment", params=params)
    frame = payment_frame(page)
    frame.get_by_role("tab", name="iDEAL").click()
    frame.get_by_label("Full name").fill("Jenny Rosen")
    pay(page)
    page.get_by_role("button", name="Authorize test payment").click()
    page.wait_for_url(f"{local.shop}/thanks?**")
    query = parse_qs(urlsplit(page.url).query)
    assert query["redirect_status"] == ["succeeded"]
    assert local.stripe.v1.payment_intents.retrieve(query["payment_intent"][0]).status == "succeeded"


def test_a_bank_debit_is_processing_first(page: Page, local: Local) -> None:
    params = {"currency": "eur", "allowed_payment_method_types": ["card", "sepa_debit"]}
    open_flow(page, local, "payment", params=params, redirect="if_required")
    frame = payment_frame(page)
    frame.get_by_role("tab", name="Card").focus()
    page.keyboard.press("ArrowRight")
    expect(frame.get_by_role("tab", name="SEPA Direct Debit")).to_have_attribute("aria-selected", "true")
    pay(page)
    assert result(page)["error"]["code"] == "incomplete_name"
    frame.get_by_label("Full name").fill("Jenny Rosen")
    frame.get_by_label("Email").fill("jenny@example.com")
    frame.get_by_label("IBAN").fill("AT611904300234573201")
    pay(page)
    expect(page.locator("#result")).to_contain_text('"status":"processing"')


def test_test_cards_fill_the_element_with_one_click(page: Page, local: Local) -> None:
    open_flow(page, local, "payment", redirect="if_required")
    payment_frame(page).get_by_role("button", name="4242 pays").click()
    pay(page)
    assert result(page)["ok"]["status"] == "succeeded"


def test_the_form_is_paid_from_the_keyboard_alone(page: Page, local: Local) -> None:
    open_flow(page, local, "payment", redirect="if_required")
    page.wait_for_function("seen.some((event) => event.name === 'ready')")
    page.keyboard.press("Tab")
    page.keyboard.type("4242424242424242")
    page.keyboard.type("1234")
    page.keyboard.type("123")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("42424")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Pay now")).to_be_focused()
    page.keyboard.press("Enter")
    assert result(page)["ok"]["status"] == "succeeded"
