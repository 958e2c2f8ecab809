import t from "tap";
import { boardTalkSuite } from "../contract/board-engine.suite.ts";
import { avrEngine } from "../support/board-engine.ts";

boardTalkSuite(t, avrEngine);
