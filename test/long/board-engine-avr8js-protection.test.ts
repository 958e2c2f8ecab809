import t from "tap";
import { boardProtectionSuite } from "../contract/board-engine.suite.ts";
import { avrEngine } from "../support/board-engine.ts";

boardProtectionSuite(t, avrEngine);
