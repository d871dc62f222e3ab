// The `appearance` and `style` options of Elements, applied through the CSS object model (no inline styles needed).

const VARIABLES = {
  colorPrimary: "--primary", colorBackground: "--bg", colorText: "--text", colorDanger: "--danger", colorSuccess: "--success",
  colorTextSecondary: "--text-2", colorTextPlaceholder: "--placeholder", fontFamily: "--font", fontSizeBase: "--size",
  fontSizeSm: "--size-sm", fontWeightNormal: "--weight", fontWeightMedium: "--weight-2", borderRadius: "--radius",
  spacingUnit: "--unit", spacingGridRow: "--row-gap", gridRowSpacing: "--row-gap", spacingGridColumn: "--column-gap",
  gridColumnSpacing: "--column-gap", inputColorBorder: "--input-border", labelColorText: "--label", labelFontSize: "--label-size",
  labelFontWeight: "--label-weight", colorIcon: "--icon", iconColor: "--icon", focusBoxShadow: "--focus-shadow",
  inputFocusBoxShadow: "--focus-shadow", inputFocusColorBorder: "--focus-border", fontLineHeight: "--line",
};
const SELECTOR = /^\.(Input|Label|Tab|TabLabel|TabIcon|Error|Field|Block|Select|CheckboxInput|CheckboxLabel|AccordionItem|TermsText)(--[a-z]+)?(:{1,2}[a-z-]+(\([a-z-]+\))?)?$/i;
const PSEUDO = /^:{1,2}[a-z-]+$/;

const variableSheet = new CSSStyleSheet();
const ruleSheet = new CSSStyleSheet();
const styleSheet = new CSSStyleSheet();
document.adoptedStyleSheets = [variableSheet, ruleSheet, styleSheet];

const dashed = (name) => (name.startsWith("-") ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));

function setAll(style, entries) {
  for (const [name, value] of entries) {
    const text = String(value);
    if (!/url\s*\(|expression|@import/i.test(text)) style.setProperty(dashed(name), text);
  }
}

function addRule(sheet, selector, properties) {
  const index = sheet.insertRule(`${selector} {}`, sheet.cssRules.length);
  setAll(sheet.cssRules[index].style, Object.entries(properties));
}

export function applyAppearance(appearance = {}) {
  document.documentElement.dataset.theme = ["stripe", "night", "flat", "none"].includes(appearance.theme) ? appearance.theme : "stripe";
  document.documentElement.dataset.labels = appearance.labels === "floating" ? "floating" : "above";
  variableSheet.replaceSync("");
  const variables = Object.entries(appearance.variables ?? {}).filter(([name]) => name in VARIABLES);
  // Doubled, so that it wins over the theme's own block.
  addRule(variableSheet, ":root:root:root", Object.fromEntries(variables.map(([name, value]) => [VARIABLES[name], value])));
  ruleSheet.replaceSync("");
  for (const [selector, properties] of Object.entries(appearance.rules ?? {})) {
    if (selector.split(",").every((part) => SELECTOR.test(part.trim()))) addRule(ruleSheet, selector, properties);
  }
}

// `style` of the card elements: variants base, empty, complete, invalid, each with pseudo-classes inside.
export function applyStyle(style = {}) {
  styleSheet.replaceSync("");
  const targets = { base: ".Bare", empty: ".Bare.is-empty", complete: ".Bare.is-complete", invalid: ".Bare.is-invalid" };
  for (const [variant, selector] of Object.entries(targets)) {
    const given = style[variant] ?? {};
    const own = Object.entries(given).filter(([name, value]) => typeof value !== "object" && name !== "iconColor");
    addRule(styleSheet, selector, Object.fromEntries(own));
    if (given.iconColor) addRule(styleSheet, variant === "base" ? ".Brand" : `.is-${variant} .Brand`, { color: given.iconColor });
    for (const [pseudo, properties] of Object.entries(given)) {
      if (PSEUDO.test(pseudo) && typeof properties === "object") addRule(styleSheet, `${selector}${pseudo}`, properties);
    }
  }
}
