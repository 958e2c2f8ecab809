import t from "tap";
import { avrEngine } from "../support/board-engine.ts";
import { boardTalkSuite } from "../contract/board-engine.suite.ts";

boardTalkSuite(t, avrEngine);
