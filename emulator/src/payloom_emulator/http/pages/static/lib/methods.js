// Payment methods the forms know, and what each asks for besides its own fields. The order is the order of the tabs.

const redirect = (label, ...needs) => ({ label, kind: "redirect", needs });
const bank = (label) => ({ label, kind: "bank", needs: ["name", "email"] });

export const METHODS = {
  card: { label: "Card", kind: "card", needs: [] },
  us_bank_account: bank("US bank account"),
  sepa_debit: bank("SEPA Direct Debit"),
  bacs_debit: bank("Bacs Direct Debit"),
  ideal: redirect("iDEAL", "name"),
  bancontact: redirect("Bancontact", "name"),
  eps: redirect("EPS", "name"),
  giropay: redirect("giropay", "name"),
  sofort: redirect("Sofort", "name", "email"),
  p24: redirect("Przelewy24", "name", "email"),
  klarna: redirect("Klarna", "email"),
  afterpay_clearpay: redirect("Afterpay", "name", "email"),
  affirm: redirect("Affirm"),
  paypal: redirect("PayPal"),
  cashapp: redirect("Cash App Pay"),
  amazon_pay: redirect("Amazon Pay"),
  revolut_pay: redirect("Revolut Pay"),
  alipay: redirect("Alipay"),
  wechat_pay: redirect("WeChat Pay"),
  twint: redirect("TWINT"),
  blik: redirect("BLIK"),
  mobilepay: redirect("MobilePay"),
  swish: redirect("Swish"),
};
