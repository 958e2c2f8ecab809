import type { Test } from "tap";
import type { MakeEngine } from "../support/board-engine.ts";
import { pilotSuite } from "./board-engine/pilot.suite.ts";
import { pinsSuite } from "./board-engine/pins.suite.ts";
import { wireSuite } from "./board-engine/wire.suite.ts";

export function boardEngineSuite(t: Test, make: MakeEngine): void {
  wireSuite(t, make);
  pinsSuite(t, make);
  pilotSuite(t, make);
}
