import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import t from "tap";
import { type Installing, installMissingPackages } from "../../scripts/lib/packages.ts";
import { noTestRan, tallyOf } from "../../scripts/lib/tally.ts";
import { type Teardown, tempDir } from "../support/servers.ts";

t.test("the last line counts stages and tests; a run without a test has failed", async t => {
  t.strictSame(tallyOf([true, true], [{ passed: 3, failed: 0 }]), { passed: 5, failed: 0 });
  t.strictSame(
    tallyOf(
      [true, false],
      [
        { passed: 3, failed: 2 },
        { passed: 1, failed: 0 },
      ],
    ),
    { passed: 5, failed: 3 },
  );
  t.strictSame(tallyOf([true, true], []), { passed: 2, failed: 1 }, "no file was found");
  t.strictSame(tallyOf([true], [{ passed: 0, failed: 0 }]), { passed: 1, failed: 1 }, "files without a test");
  t.equal(noTestRan([{ passed: 0, failed: 1 }]), false);
});

/** What a person would see, with a `sudo` and an `apt-get` of our own first in the path. */
function installing(t: Teardown, programs: Readonly<Record<string, string>>, options: Omit<Installing, "packages">) {
  const dir = tempDir(t, "packages");
  const installed = join(dir, "installed");
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(
      join(dir, name),
      `#!/bin/sh\necho "${name} $*" >> ${dir}/calls\n${text.replaceAll("INSTALLED", installed)}\n`,
    );
    chmodSync(join(dir, name), 0o755);
  }
  const path = process.env["PATH"] ?? "";
  process.env["PATH"] = `${dir}${delimiter}${path}`;
  const said: string[] = [];
  const refusal = installMissingPackages(words => said.push(words), {
    packages: { "probe-server": installed, sh: "/bin/sh" },
    ...options,
  });
  process.env["PATH"] = path;
  const calls = join(dir, "calls");
  return { refusal, said, calls: existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : [] };
}

const WORKS = 'case "$*" in *install*) touch INSTALLED;; esac';

t.test("what is missing is installed as root, or by a sudo that asks for no password", async t => {
  const asRoot = installing(t, { "apt-get": WORKS }, { root: true });
  t.equal(asRoot.refusal, null);
  t.strictSame(asRoot.said, ["installing what the tests need: probe-server"]);
  t.match(asRoot.calls, [/^apt-get update/, /^apt-get install .*-y .*probe-server$/]);

  const bySudo = installing(t, { sudo: WORKS }, { root: false });
  t.equal(bySudo.refusal, null);
  t.match(bySudo.calls, ["sudo -n true", /^sudo -n apt-get update/, /^sudo -n apt-get install .*probe-server$/]);
});

t.test("where neither works it says so, and what to do by hand", async t => {
  const { refusal, calls } = installing(t, { sudo: "exit 1", "apt-get": WORKS }, { root: false });
  t.equal(
    refusal,
    "the tests need probe-server, and neither root nor sudo without a password is at hand; install by hand, then run npm test again: apt-get install probe-server",
  );
  t.strictSame(calls, ["sudo -n true"], "nothing was tried");
});

t.test("an apt-get that fails is quoted", async t => {
  const failed = installing(t, { "apt-get": 'echo "E: Unable to locate package" >&2; exit 100' }, { root: true });
  t.match(failed.refusal, /^apt-get did not install probe-server; install by hand.*\n[^]*E: Unable to locate package$/);
});
