import t from "tap";
import { type Announced, foundMeter } from "../../cli/meter/found-meter.core.ts";

const said: Announced = { type: "hwenergy", name: "p1meter-5c2faf", address: "192.168.1.20", port: 80, txt: {} };

t.test("what a device says of itself becomes the driver of a site file, or why it is none", async t => {
  const cases: readonly (readonly [Partial<Announced>, object])[] = [
    [{}, { label: "HomeWizard", driver: '{ kind: http, preset: homewizard, url: "http://192.168.1.20" }', hint: null }],
    [
      { txt: { product_type: "HWE-P1", api_enabled: "1" } },
      { label: "HomeWizard HWE-P1", driver: /preset: homewizard,/, hint: null },
    ],
    [
      { txt: { product_type: "HWE-P1", api_enabled: "0" } },
      { driver: /homewizard/, hint: /switched off: switch it on/ },
    ],
    [{ txt: { product_type: "SDM630-wifi" }, port: 8080 }, { driver: /"http:\/\/192\.168\.1\.20:8080"/ }],
    [
      { txt: { product_type: "HWE-SKT" }, name: "energysocket-1" },
      { label: "HomeWizard HWE-SKT", driver: null },
    ],
    [
      { type: "homewizard", port: 443, txt: { product_type: "HWE-P1" } },
      {
        label: "HomeWizard HWE-P1, version 2",
        driver: /preset: homewizard-v2, url: "https:\/\/192\.168\.1\.20", token/,
        hint: /^meter pair 192\.168\.1\.20 --certificate FILE/,
      },
    ],
    [
      { type: "homewizard", port: 8443, txt: { product_type: "HWE-BAT" } },
      { driver: null, hint: /192\.168\.1\.20:8443 / },
    ],
    [
      { type: "shelly", txt: { app: "Pro3EM", gen: "2" } },
      { label: "Shelly Pro3EM", driver: /preset: shelly-gen2/ },
    ],
    [{ type: "shelly", txt: { app: "EMG3" } }, { driver: /preset: shelly-em1/ }],
    [
      { type: "shelly", txt: { app: "constructor" } },
      { driver: null, hint: null },
    ],
    [{ type: "shelly" }, { label: "Shelly", driver: null }],
    [
      { type: "everhome" },
      { label: "everHome EcoTracker", driver: /preset: ecotracker/, hint: /pv and battery, or phases: 1/ },
    ],
  ];
  for (const [over, found] of cases) t.match(foundMeter({ ...said, ...over }), found, JSON.stringify(over));
});
