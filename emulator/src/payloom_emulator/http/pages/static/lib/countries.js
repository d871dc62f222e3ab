// Countries for a select, named in the page's language by the browser.

const CODES =
  "AF AL DZ AD AO AG AR AM AU AT AZ BS BH BD BB BY BE BZ BJ BT BO BA BW BR BN BG BF BI KH CM CA CV CF TD CL CN CO KM CG CD " +
  "CR CI HR CY CZ DK DJ DM DO EC EG SV GQ ER EE SZ ET FJ FI FR GA GM GE DE GH GI GR GD GT GN GW GY HT HN HK HU IS IN ID IQ " +
  "IE IL IT JM JP JO KZ KE KW KG LA LV LB LS LR LI LT LU MO MG MW MY MV ML MT MR MU MX MD MC MN ME MA MZ MM NA NP NL NZ NI " +
  "NE NG MK NO OM PK PS PA PG PY PE PH PL PT PR QA RO RW WS SM SA SN RS SC SL SG SK SI SB SO ZA KR ES LK SR SE CH TW TJ TZ " +
  "TH TL TG TO TT TN TR TM UG UA AE GB US UY UZ VU VE VN YE ZM ZW";

export function fillCountries(select, chosen = "US") {
  const names = new Intl.DisplayNames(["en"], { type: "region" });
  const entries = CODES.split(" ").map((code) => [code, names.of(code)]);
  entries.sort((a, b) => a[1].localeCompare(b[1]));
  for (const [code, name] of entries) select.add(new Option(name, code));
  select.value = CODES.split(" ").includes(chosen) ? chosen : "US";
}
