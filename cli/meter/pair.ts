import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { MeterReplyRefused, MeterUnreachable, messageOf, StartRefused } from "../../shared/errors.ts";
import { helpOf, type OptionTable, readArguments, WrongUse } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { hostAndPort, wholeNumber } from "./line-options.ts";

const OPTIONS = {
  certificate: { value: "FILE", help: "where the device's certificate is kept, to be known by" },
  name: { value: "NAME", help: "what the device shall call this gateway; edge-evse where nothing is said" },
  within: { value: "S", help: "how long is waited for the button; 60 where nothing is said" },
  help: { help: "this text" },
} as const satisfies OptionTable;

const HELP = `edge-evse meter pair HOST[:PORT] --certificate FILE
Asks a HomeWizard meter (its local interface version 2) for a token, which it gives while its button is pressed, and keeps its
certificate. meter discover finds it. Whoever has the token may read the meter and change its settings: keep it as a password.
${helpOf(OPTIONS)}`;

const HTTPS_PORT = 443;
/** It answers only for 30 s after the button. */
const ASK_EVERY_MS = 1_000;
const ANSWER_MS = 5_000;

interface Device {
  readonly host: string;
  readonly port: number;
}

/** `edge-evse meter pair`: 0 paired, 1 not. */
export async function pair(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, OPTIONS);
  if (options.help) {
    terminal.print(HELP);
    return 0;
  }
  const [where] = words;
  if (where === undefined || words.length > 1) throw new WrongUse(`which meter? expected HOST[:PORT]\n${HELP}`);
  const { certificate: file, name = "edge-evse" } = options;
  if (file === undefined) throw new WrongUse("--certificate FILE is needed: by it the meter is known from now on");
  if (!/^[A-Za-z0-9_-]{1,34}$/.test(name)) {
    throw new WrongUse(`--name ${name}: expected 1 to 34 letters, digits, - and _`);
  }
  const withinMs = 1_000 * wholeNumber("--within", options.within ?? "60", 1, 600);
  const device = hostAndPort("HOST[:PORT]", where, HTTPS_PORT);
  const certificate = await certificateOf(device);
  const { fingerprint256, subject } = new X509Certificate(certificate);
  keep(file, certificate);
  terminal.tell(`${subject.replaceAll("\n", ", ")}: certificate kept in ${file}, SHA-256 ${fingerprint256}`);
  terminal.tell("press the button of the meter");
  const token = await tokenOf(device, certificate, `local/${name}`, withinMs, terminal);
  if (token === null) {
    terminal.tell(`no token within ${withinMs / 1_000} s: was the button of this meter pressed, and is it ${where}?`);
    return 1;
  }
  const address = device.port === HTTPS_PORT ? device.host : `${device.host}:${device.port}`;
  terminal.print(
    `driver: { kind: http, preset: homewizard-v2, url: "https://${address}", token: ${token}, certificateFile: ${file} }`,
  );
  return 0;
}

/** The certificate a device shows, as PEM. Whether it is the right device only a person can know, who is asked for its button. */
async function certificateOf({ host, port }: Device): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: ANSWER_MS }, () => {
      const { raw } = socket.getPeerCertificate(true) as Partial<DetailedPeerCertificate>;
      socket.destroy();
      if (raw === undefined) reject(new MeterUnreachable(`${host}:${port} shows no certificate`));
      else resolve(new X509Certificate(raw).toString());
    });
    const refuse = (why: string): void => {
      socket.destroy();
      reject(new MeterUnreachable(`${host}:${port} cannot be reached over HTTPS: ${why}`));
    };
    socket.on("timeout", () => refuse(`no answer within ${ANSWER_MS} ms`));
    socket.on("error", error => refuse(messageOf(error)));
  });
}

/** Another certificate than the one that is there is another device, or somebody in between: that is for a person to decide. */
function keep(file: string, certificate: string): void {
  try {
    if (!existsSync(file)) {
      writeFileSync(file, certificate, { mode: 0o600, flag: "wx" });
      return;
    }
    if (readFileSync(file, "utf8") === certificate) return;
  } catch (error) {
    throw new StartRefused(`${file}: ${messageOf(error)}`, { cause: error });
  }
  throw new StartRefused(
    `${file} holds another certificate; remove it if the meter was replaced, or name another file`,
  );
}

async function tokenOf(
  device: Device,
  certificate: string,
  name: string,
  withinMs: number,
  terminal: Terminal,
): Promise<string | null> {
  const end = Date.now() + withinMs;
  while (!terminal.stop.aborted) {
    const { status, body } = await post(device, certificate, JSON.stringify({ name }));
    if (status === 200) return tokenIn(body);
    // 403: the button was not pressed yet.
    if (status !== 403) {
      throw new MeterReplyRefused(`the meter answers with status ${status} instead of a token: ${body.slice(0, 200)}`);
    }
    const left = end - Date.now();
    if (left <= 0) return null;
    await new Promise<void>(resolve => {
      setTimeout(resolve, Math.min(ASK_EVERY_MS, left));
    });
  }
  return null;
}

function tokenIn(body: string): string {
  const token = /"token"\s*:\s*"([0-9A-Za-z]{8,128})"/.exec(body)?.[1];
  if (token === undefined) throw new MeterReplyRefused(`the meter's answer holds no token: ${body.slice(0, 200)}`);
  return token;
}

async function post({ host, port }: Device, ca: string, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        ...{ host, port, path: "/api/user", method: "POST", ca, timeout: ANSWER_MS },
        ...{ allowPartialTrustChain: true, checkServerIdentity: () => undefined },
        headers: {
          "content-type": "application/json",
          "x-api-version": "2",
          "content-length": Buffer.byteLength(body),
        },
      },
      response => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text = (text + chunk).slice(0, 10_000);
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    const refuse = (why: string): void => {
      asked.destroy();
      reject(new MeterUnreachable(`${host}:${port}: ${why}`));
    };
    asked.on("timeout", () => refuse(`no answer within ${ANSWER_MS} ms`));
    asked.on("error", error => refuse(messageOf(error)));
    asked.end(body);
  });
}
