import type { EventEmitter } from "node:events";
import { isIPv4 } from "node:net";
import type { Service } from "bonjour-service";
import { messageOf, StartRefused } from "../../shared/errors.ts";
import { helpOf, type OptionTable, readArguments, WrongUse } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { ANNOUNCED_TYPES, type Announced, type FoundMeter, foundMeter } from "./found-meter.core.ts";
import { wholeNumber } from "./line-options.ts";

const OPTIONS = {
  within: { value: "S", help: "how long is listened; 5 where nothing is said" },
  interface: { value: "ADDRESS", help: "own address on the network the meters are on, where this gateway has several" },
  json: { help: "one JSON per device" },
  help: { help: "this text" },
} as const satisfies OptionTable;

const HELP = `edge-evse meter discover
Asks the network which meters are there (mDNS): HomeWizard, Shelly of the second generation, EcoTracker. Prints each with
its driver as a site file has it. Meters on a Modbus line are found by meter scan.
${helpOf(OPTIONS)}`;

/** Answers may get lost; the question is asked again in this rhythm. */
const ASK_EVERY_MS = 1_000;

/** `edge-evse meter discover`: 0 something was found, 1 nothing. */
export async function discover(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  if (words.length > 0) throw new WrongUse(`"${words.join(" ")}" is not understood\n${HELP}`);
  const withinMs = 1_000 * wholeNumber("--within", options.within ?? "5", 1, 600);
  const own = options.interface;
  if (own !== undefined && !isIPv4(own)) {
    throw new WrongUse(`--interface ${own}: expected an own IPv4 address, such as 192.168.1.2`);
  }
  const told = new Set<string>();
  await listen(own, withinMs, terminal, announced => {
    const key = `${announced.type} ${announced.name}`;
    if (told.has(key)) return;
    told.add(key);
    const found = foundMeter(announced);
    terminal.print(options.json ? JSON.stringify(found) : inWords(found));
  });
  terminal.tell(told.size === 0 ? NOTHING : `${told.size} found`);
  return told.size === 0 ? 1 : 0;
}

const NOTHING =
  "nothing answered; are the meters on this network, does it pass multicast on, and is --interface the right one?";

async function listen(
  own: string | undefined,
  withinMs: number,
  terminal: Terminal,
  heard: (announced: Announced) => void,
): Promise<void> {
  // Only this tool needs it.
  const { Bonjour } = await import("bonjour-service");
  const network = new Bonjour(own === undefined ? {} : ({ interface: own, bind: "0.0.0.0" } as object));
  const socket = (network as unknown as { readonly server: { readonly mdns: EventEmitter } }).server.mdns;
  const browsers = ANNOUNCED_TYPES.map(type =>
    network.find({ type }, service => {
      const announced = announcedBy(service);
      if (announced !== null) heard(announced);
    }),
  );
  const again = setInterval(() => {
    for (const browser of browsers) browser.update();
  }, ASK_EVERY_MS);
  let enough: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      enough = setTimeout(resolve, withinMs);
      terminal.stop.addEventListener("abort", () => resolve());
      socket.on("error", error => reject(new StartRefused(`the network cannot be asked: ${messageOf(error)}`)));
    });
  } finally {
    clearTimeout(enough);
    clearInterval(again);
    for (const browser of browsers) browser.stop();
    await new Promise<void>(resolve => network.destroy(resolve));
  }
}

/** Null where it does not say under which address it is to be asked. */
function announcedBy({ type, name, addresses = [], referer, port, txt }: Service): Announced | null {
  const address = addresses.find(isIPv4) ?? referer?.address;
  if (address === undefined) return null;
  const texts = Object.entries((txt ?? {}) as Record<string, unknown>).map(([key, value]) => [key, String(value)]);
  return { type, name, address, port, txt: Object.fromEntries(texts) as Record<string, string> };
}

function inWords({ address, name, label, driver, hint }: FoundMeter): string {
  const lines = [`${address}  ${label}  (${name})`, `  driver: ${driver ?? "none: it is no meter of a connection"}`];
  return [...lines, ...(hint === null ? [] : [`  ${hint}`])].join("\n");
}
