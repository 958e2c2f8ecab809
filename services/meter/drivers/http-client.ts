import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { messageOf } from "../../../shared/errors.ts";

export interface HttpClientOptions {
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly login: { readonly user: string; readonly password: string } | null;
  readonly certificateFile: string | null;
  readonly timeoutMs: number;
}

/** How one question went. */
export type HttpAnswer =
  | { readonly kind: "body"; readonly body: Buffer }
  /** There is no such path. */
  | { readonly kind: "missing"; readonly reason: string }
  /** It answered, but not with what was asked for. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "timeout"; readonly reason: string }
  /** It cannot be reached. */
  | { readonly kind: "away"; readonly reason: string };

/** More than any of these devices has to say. */
const MAX_BODY_BYTES = 262_144;

/** Asks one device, one question at a time, over a connection that stays open. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #isTls: boolean;
  #challenge: DigestChallenge | "basic" | null = null;
  #nonceUses = 0;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#isTls = options.origin.startsWith("https:");
    const common = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#isTls
      ? new HttpsAgent({ ...common, ...trustOf(options.certificateFile) })
      : new HttpAgent(common);
  }

  close(): void {
    this.#agent.destroy();
  }

  async get(path: string): Promise<HttpAnswer> {
    try {
      let response = await this.#get(path);
      if (response.status === 401 && this.#options.login !== null && this.#learn(response.challenge)) {
        response = await this.#get(path);
      }
      if (response.status === 404) return { kind: "missing", reason: `${path}: ${inWords(404)}` };
      if (response.status !== 200) return { kind: "refused", reason: `${path}: ${inWords(response.status)}` };
      return { kind: "body", body: response.body };
    } catch (error) {
      if (error instanceof Refused) return { kind: "refused", reason: `${path}: ${error.message}` };
      if (error instanceof TooLate) {
        return { kind: "timeout", reason: `${path}: no answer within ${this.#options.timeoutMs} ms` };
      }
      return { kind: "away", reason: messageOf(error) };
    }
  }

  async #get(path: string): Promise<{ status: number; challenge: string; body: Buffer }> {
    const { origin, headers, timeoutMs } = this.#options;
    const login = this.#authorization(path);
    return new Promise((resolve, reject) => {
      const ask = this.#isTls ? httpsRequest : httpRequest;
      const request = ask(`${origin}${path}`, {
        agent: this.#agent,
        headers: { accept: "application/json, */*", ...headers, ...(login === null ? {} : { authorization: login }) },
      });
      const timer = setTimeout(() => request.destroy(new TooLate()), timeoutMs);
      request.once("close", () => clearTimeout(timer));
      request.once("error", reject);
      request.once("response", response => {
        readBody(response).then(body => {
          const challenge = response.headers["www-authenticate"] ?? "";
          resolve({ status: response.statusCode ?? 0, challenge, body });
        }, reject);
      });
      request.end();
    });
  }

  #authorization(path: string): string | null {
    const { login } = this.#options;
    if (login === null || this.#challenge === null) return null;
    if (this.#challenge === "basic") {
      return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
    }
    this.#nonceUses += 1;
    return digestHeader(this.#challenge, login, path, this.#nonceUses);
  }

  /** Takes how the device wants to know who asks. False: nothing that can be done, or tried already. */
  #learn(header: string): boolean {
    const fresh = /^basic/i.test(header) ? "basic" : parseDigest(header);
    if (fresh === null) return false;
    const wasRefused = this.#challenge === "basic" && fresh === "basic";
    this.#challenge = fresh;
    this.#nonceUses = 0;
    return !wasRefused;
  }
}

class TooLate extends Error {}
class Refused extends Error {}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Refused(`an answer of more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (!response.complete) throw new Refused("an answer that ended too early");
  return Buffer.concat(chunks);
}

/**
 * A device with a certificate of its own is known by exactly that one, whoever signed it; its name is a serial number.
 */
function trustOf(certificateFile: string | null): object {
  if (certificateFile === null) return {};
  return { ca: readFileSync(certificateFile), allowPartialTrustChain: true, checkServerIdentity: () => undefined };
}

function inWords(status: number): string {
  if (status === 401) return "status 401: the device wants another user, password or token";
  if (status === 403) return "status 403: the device's local interface is switched off, or the token is not known";
  return `status ${status} instead of 200`;
}

/** RFC 7616; Shelly asks for SHA-256, older devices for MD5. */
interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: "SHA-256" | "MD5";
}

function parseDigest(header: string): DigestChallenge | null {
  if (!/^digest/i.test(header)) return null;
  const field = (name: string): string | undefined => {
    const match = new RegExp(`\\b${name}=(?:"([^"]*)"|([^,\\s]*))`, "i").exec(header);
    return match?.[1] ?? match?.[2];
  };
  const [realm, nonce, algorithm = "MD5"] = [field("realm"), field("nonce"), field("algorithm")];
  if (realm === undefined || nonce === undefined || (algorithm !== "SHA-256" && algorithm !== "MD5")) return null;
  return { realm, nonce, algorithm };
}

function digestHeader(
  { realm, nonce, algorithm }: DigestChallenge,
  { user, password }: { readonly user: string; readonly password: string },
  path: string,
  uses: number,
): string {
  const hash = (text: string): string =>
    createHash(algorithm === "MD5" ? "md5" : "sha256")
      .update(text)
      .digest("hex");
  const count = uses.toString(16).padStart(8, "0");
  const ours = randomBytes(8).toString("hex");
  const response = hash(
    [hash(`${user}:${realm}:${password}`), nonce, count, ours, "auth", hash(`GET:${path}`)].join(":"),
  );
  return (
    `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${path}", algorithm=${algorithm}, ` +
    `qop=auth, nc=${count}, cnonce="${ours}", response="${response}"`
  );
}
