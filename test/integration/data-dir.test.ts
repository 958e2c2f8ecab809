import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { StartRefused } from "../../shared/errors.ts";
import { holdDataDir } from "../../shared/process/data-dir.ts";
import { tempDir } from "../support/servers.ts";
import { startProgram } from "../support/site-process.ts";

t.test("a second process on the same data directory is told who is in the way and what to do", async t => {
  const dir = tempDir(t, "data");
  const holder = startProgram(t, "test/support/hold-data-dir.ts", [dir, "demo-main"], {});
  await holder.says(/held/);
  t.throws(() => holdDataDir(dir, "demo-main"), StartRefused);
  t.throws(
    () => holdDataDir(dir, "demo-main"),
    new RegExp(`process ${holder.child.pid}\\).*${dir}.*DATA_DIR.*HTTP_PORT`),
  );
  const other = holdDataDir(dir, "demo-left");
  other();

  holder.signal("SIGKILL");
  await holder.ended;
  const release = holdDataDir(dir, "demo-main");
  release();
  t.pass("a killed process leaves no lock behind");
});

t.test("a directory that cannot be used is named", async t => {
  const dir = tempDir(t, "data");
  const file = join(dir, "file");
  writeFileSync(file, "");
  t.throws(() => holdDataDir(file, "demo-main"), new RegExp(`${file}.*DATA_DIR`));
  t.throws(() => holdDataDir(join(file, "below"), "demo-main"), new RegExp(`${file}/below.*DATA_DIR`));
  t.throws(() => holdDataDir("/proc/edge-evse/data", "demo-main"), /\/proc\/edge-evse\/data.*DATA_DIR/);
  holdDataDir(join(dir, "as", "deep", "as", "wanted"), "demo-main")();
  writeFileSync(
    join(dir, "demo-main.lock"),
    "not a lock of ours, and long enough to be taken for a broken one".repeat(20),
  );
  t.throws(() => holdDataDir(dir, "demo-main"), new RegExp(`${dir}.*DATA_DIR`));
});
