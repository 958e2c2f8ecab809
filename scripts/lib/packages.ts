import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Debian packages the tests start, and where each leaves its program. */
const PACKAGES: Readonly<Record<string, string>> = {
  "nats-server": "/usr/sbin/nats-server",
  "redis-server": "/usr/bin/redis-server",
  mosquitto: "/usr/sbin/mosquitto",
  chromium: "/usr/bin/chromium",
  socat: "/usr/bin/socat",
  // For the meter that is written in another language.
  python3: "/usr/bin/python3",
  // For a meter with a certificate of its own.
  openssl: "/usr/bin/openssl",
  // For one test: the board's firmware, built anew, is the one that is committed.
  "gcc-avr": "/usr/bin/avr-gcc",
  "avr-libc": "/usr/lib/avr/include/avr/io.h",
  make: "/usr/bin/make",
  avrdude: "/usr/bin/avrdude",
};

export interface Installing {
  /** Package and the file it leaves. */
  readonly packages?: Readonly<Record<string, string>>;
  readonly root?: boolean;
}

/** Installs what is missing. Returns a refusal in words when that cannot be done. */
export function installMissingPackages(
  say: (words: string) => void,
  { packages = PACKAGES, root = process.getuid?.() === 0 }: Installing = {},
): string | null {
  const missing = Object.keys(packages).filter(name => !existsSync(packages[name] ?? ""));
  if (missing.length === 0) return null;
  const byHand = `install by hand, then run npm test again: apt-get install ${missing.join(" ")}`;
  if (!root && spawnSync("sudo", ["-n", "true"]).status !== 0) {
    return `the tests need ${missing.join(", ")}, and neither root nor sudo without a password is at hand; ${byHand}`;
  }
  say(`installing what the tests need: ${missing.join(", ")}`);
  const aptGet = (...args: string[]) =>
    spawnSync(root ? "apt-get" : "sudo", [...(root ? [] : ["-n", "apt-get"]), ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      encoding: "utf8",
    });
  const updated = aptGet("update", "-q");
  if (updated.error !== undefined) return `apt-get cannot be run (${updated.error.message}); ${byHand}`;
  const installed = aptGet("install", "-q", "-y", "--no-install-recommends", ...missing);
  const still = missing.filter(name => !existsSync(packages[name] ?? ""));
  if (still.length === 0) return null;
  const why = [updated.stderr, installed.stderr].join("\n").trim().split("\n").slice(-5).join("\n");
  return `apt-get did not install ${still.join(", ")}; ${byHand}\n${why}`;
}
