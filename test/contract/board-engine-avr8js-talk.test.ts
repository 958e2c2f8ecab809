import t from "tap";
import { avrEngine } from "../support/board-engine.ts";
import { boardTalkSuite } from "./board-engine.suite.ts";

boardTalkSuite(t, avrEngine);
