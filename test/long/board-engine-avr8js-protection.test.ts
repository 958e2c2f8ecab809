import t from "tap";
import { avrEngine } from "../support/board-engine.ts";
import { boardProtectionSuite } from "../contract/board-engine.suite.ts";

boardProtectionSuite(t, avrEngine);
