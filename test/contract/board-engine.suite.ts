import type { Test } from "tap";
import type { MakeEngine } from "../support/board-engine.ts";
import { contactorSuite } from "./board-engine/contactors.suite.ts";
import { garbageSuite } from "./board-engine/garbage.suite.ts";
import { grantSuite } from "./board-engine/grants.suite.ts";
import { keepSuite } from "./board-engine/keep.suite.ts";
import { pilotSuite } from "./board-engine/pilot.suite.ts";
import { pinsSuite } from "./board-engine/pins.suite.ts";
import { rcmLockSuite } from "./board-engine/rcm-lock.suite.ts";
import { restartSuite } from "./board-engine/restart.suite.ts";
import { safeCurrentSuite } from "./board-engine/safe-current.suite.ts";
import { wireSuite } from "./board-engine/wire.suite.ts";

/**
 * What every pilot board does, whatever it is made of. One source, stepped time, the same words: where two engines
 * differ, one of them is wrong. Halves that take about as long, so that two cores share the work.
 */
export function boardTalkSuite(t: Test, make: MakeEngine): void {
  wireSuite(t, make);
  pinsSuite(t, make);
  pilotSuite(t, make);
  garbageSuite(t, make);
  restartSuite(t, make);
  keepSuite(t, make);
}

export function boardProtectionSuite(t: Test, make: MakeEngine): void {
  contactorSuite(t, make);
  grantSuite(t, make);
  safeCurrentSuite(t, make);
  rcmLockSuite(t, make);
}
