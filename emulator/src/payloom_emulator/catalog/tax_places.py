"""What a place takes as tax on most goods: the standard rates of countries, US states and Canadian provinces.

Stripe Tax knows every county, city and kind of product; the local Stripe knows the standard rate of a country or state.
"""

from __future__ import annotations

import dataclasses

from payloom_emulator.kit.digits import is_digits

EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - one line
)

# Country to its standard rate and the kind of its tax.
_COUNTRIES: dict[str, tuple[str, str]] = {
    "AE": ("5", "vat"), "AT": ("20", "vat"), "AU": ("10", "gst"), "BE": ("21", "vat"), "BG": ("20", "vat"),
    "BH": ("10", "vat"), "CH": ("8.1", "vat"), "CL": ("19", "vat"), "CO": ("19", "vat"), "CY": ("19", "vat"),
    "CZ": ("21", "vat"), "DE": ("19", "vat"), "DK": ("25", "vat"), "EE": ("24", "vat"), "EG": ("14", "vat"),
    "ES": ("21", "vat"), "FI": ("25.5", "vat"), "FR": ("20", "vat"), "GB": ("20", "vat"), "GR": ("24", "vat"),
    "HR": ("25", "vat"), "HU": ("27", "vat"), "ID": ("11", "vat"), "IE": ("23", "vat"), "IN": ("18", "igst"),
    "IS": ("24", "vat"), "IT": ("22", "vat"), "JP": ("10", "jct"), "KE": ("16", "vat"), "KR": ("10", "vat"),
    "LT": ("21", "vat"), "LU": ("17", "vat"), "LV": ("21", "vat"), "MT": ("18", "vat"), "MX": ("16", "vat"),
    "MY": ("8", "service_tax"), "NL": ("21", "vat"), "NO": ("25", "vat"), "NZ": ("15", "gst"), "PH": ("12", "vat"),
    "PL": ("23", "vat"), "PT": ("23", "vat"), "RO": ("21", "vat"), "SA": ("15", "vat"), "SE": ("25", "vat"),
    "SG": ("9", "gst"), "SI": ("22", "vat"), "SK": ("23", "vat"), "TH": ("7", "vat"), "TR": ("20", "vat"),
    "TW": ("5", "vat"), "VN": ("10", "vat"), "ZA": ("15", "vat"),
}  # fmt: skip
_US = {
    "AL": "4", "AR": "6.5", "AZ": "5.6", "CA": "7.25", "CO": "2.9", "CT": "6.35", "DC": "6", "FL": "6", "GA": "4",
    "HI": "4", "IA": "6", "ID": "6", "IL": "6.25", "IN": "7", "KS": "6.5", "KY": "6", "LA": "5", "MA": "6.25",
    "MD": "6", "ME": "5.5", "MI": "6", "MN": "6.875", "MO": "4.225", "MS": "7", "NC": "4.75", "ND": "5", "NE": "5.5",
    "NJ": "6.625", "NM": "4.875", "NV": "6.85", "NY": "4", "OH": "5.75", "OK": "4.5", "PA": "6", "RI": "7", "SC": "6",
    "SD": "4.2", "TN": "7", "TX": "6.25", "UT": "4.85", "VA": "5.3", "VT": "6", "WA": "6.5", "WI": "5", "WV": "6",
    "WY": "4",
}  # fmt: skip
_WITHOUT_SALES_TAX = frozenset({"AK", "DE", "MT", "NH", "OR"})
_CANADA: dict[str, tuple[tuple[str, str], ...]] = {
    **dict.fromkeys(("NB", "NL", "PE"), (("15", "hst"),)),
    "NS": (("14", "hst"),),
    "ON": (("13", "hst"),),
    "BC": (("5", "gst"), ("7", "pst")),
    "MB": (("5", "gst"), ("7", "rst")),
    "SK": (("5", "gst"), ("6", "pst")),
    "QC": (("5", "gst"), ("9.975", "qst")),
    **dict.fromkeys(("AB", "NT", "NU", "YT"), (("5", "gst"),)),
}
_NAMES = {
    "AT": "Austria", "AU": "Australia", "BE": "Belgium", "CA": "Canada", "CH": "Switzerland", "DE": "Germany",
    "DK": "Denmark", "ES": "Spain", "FI": "Finland", "FR": "France", "GB": "United Kingdom", "IE": "Ireland",
    "IN": "India", "IT": "Italy", "JP": "Japan", "NL": "Netherlands", "NO": "Norway", "NZ": "New Zealand",
    "PL": "Poland", "PT": "Portugal", "SE": "Sweden", "SG": "Singapore", "US": "United States",
}  # fmt: skip
_TITLES = {"sales_tax": "Sales Tax", "service_tax": "Service Tax"}
# What says where in a country somebody is, for the countries whose states tax for themselves.
_STATES = {"US": frozenset(_US) | _WITHOUT_SALES_TAX, "CA": frozenset(_CANADA)}
_ZIP_OF_STATE = {
    "CA": (900, 961), "FL": (320, 349), "IL": (600, 629), "MA": (10, 27), "NJ": (70, 89), "NY": (100, 149),
    "PA": (150, 196), "TX": (750, 799), "WA": (980, 994), "CO": (800, 816), "GA": (300, 319), "OH": (430, 458),
    "OR": (970, 979), "VA": (201, 246), "NC": (270, 289), "AZ": (850, 865),
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """One tax of a place: `percentage` as a decimal text, `kind` as Stripe's `tax_type`."""

    percentage: str
    kind: str
    country: str
    state: str | None

    @property
    def title(self) -> str:
        """What the tax is called on an invoice."""
        return _TITLES.get(self.kind, self.kind.upper())

    @property
    def jurisdiction(self) -> dict[str, object]:
        """Return who takes the tax, as Stripe shows it."""
        name = self.state or _NAMES.get(self.country, self.country)
        level = "state" if self.state else "country"
        return {"country": self.country, "display_name": name, "level": level, "state": self.state}


def state_of(country: str, state: str | None, postal_code: str | None) -> str | None:
    """Return the state that an address is in, also by its ZIP code, or None where states do not matter."""
    if country not in _STATES:
        return None
    short = (state or "").upper()
    if short in _STATES[country]:
        return short
    if country == "US" and postal_code and is_digits(postal_code[:3]):
        area = int(postal_code[:3])
        return next((name for name, (low, high) in _ZIP_OF_STATE.items() if low <= area <= high), None)
    return None


def needs_state(country: str) -> bool:
    """Return whether the tax of this country depends on the state."""
    return country in _STATES


def rates(country: str, state: str | None) -> list[Rate]:
    """Return the taxes that a place takes: none where there is no general sales tax."""
    if country == "US":
        percentage = _US.get(state or "")
        return [Rate(percentage, "sales_tax", country, state)] if percentage else []
    if country == "CA":
        parts = _CANADA.get(state or "", (("5", "gst"),))
        return [Rate(rate, kind, country, None if kind == "gst" else state) for rate, kind in parts]
    rate = _COUNTRIES.get(country)
    return [Rate(rate[0], rate[1], country, None)] if rate else []
