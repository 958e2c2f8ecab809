/** What a device says of itself on the network (DNS-SD, RFC 6763). */
export interface Announced {
  /** `hwenergy`, of `_hwenergy._tcp`. */
  readonly type: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly txt: Readonly<Record<string, string>>;
}

export interface FoundMeter {
  readonly address: string;
  readonly name: string;
  readonly label: string;
  /** The driver as a site file has it; null: not a meter that can be read so. */
  readonly driver: string | null;
  /** What a person has to do first. */
  readonly hint: string | null;
}

/** What is looked for: HomeWizard's two interfaces, Shelly's second generation, everHome's EcoTracker. */
export const ANNOUNCED_TYPES = ["hwenergy", "homewizard", "shelly", "everhome"] as const;

/** HomeWizard's products that measure electricity in a house; its sockets, batteries and water meters do not. */
const HOMEWIZARD_METERS = /^(HWE-P1|HWE-KWH\d|SDM\d+-wifi)$/i;
/** Shelly's applications that are meters of a connection, and how they are read. */
const SHELLY_METERS: Readonly<Record<string, string>> = {
  Pro3EM: "shelly-gen2",
  "3EMG3": "shelly-gen2",
  S3EM: "shelly-gen2",
  EMG3: "shelly-em1",
  ProEM: "shelly-em1",
};

/** A device that announced itself, as a person who writes a site file needs it. */
export function foundMeter({ type, name, address, port, txt }: Announced): FoundMeter {
  const common = { address, name };
  const url = (scheme: string, usual: number): string => `"${scheme}://${address}${port === usual ? "" : `:${port}`}"`;
  switch (type) {
    case "hwenergy": {
      const product = txt["product_type"] ?? "";
      const isMeter = HOMEWIZARD_METERS.test(product) || (product === "" && /^(p1meter|kwhmeter)-/.test(name));
      return {
        ...common,
        label: `HomeWizard ${product}`.trim(),
        driver: isMeter ? `{ kind: http, preset: homewizard, url: ${url("http", 80)} }` : null,
        hint: txt["api_enabled"] === "0" ? "its local API is switched off: switch it on in HomeWizard's app" : null,
      };
    }
    case "homewizard": {
      const product = txt["product_type"] ?? "";
      return {
        ...common,
        label: `HomeWizard ${product}, version 2`,
        driver: HOMEWIZARD_METERS.test(product)
          ? `{ kind: http, preset: homewizard-v2, url: ${url("https", 443)}, token: ..., certificateFile: ... }`
          : null,
        hint: `meter pair ${address}${port === 443 ? "" : `:${port}`} --certificate FILE gives the token and the certificate`,
      };
    }
    case "shelly": {
      const app = txt["app"] ?? "";
      const preset = Object.hasOwn(SHELLY_METERS, app) ? SHELLY_METERS[app] : undefined;
      return {
        ...common,
        label: `Shelly ${app}`.trim(),
        driver: preset === undefined ? null : `{ kind: http, preset: ${preset}, url: ${url("http", 80)} }`,
        hint: preset === undefined ? null : "with a password of its own: password: ...",
      };
    }
    default:
      return {
        ...common,
        label: "everHome EcoTracker",
        driver: `{ kind: http, preset: ecotracker, url: ${url("http", 80)} }`,
        hint: "it tells no currents: for the roles pv and battery, or phases: 1",
      };
  }
}
