import t from "tap";
import { virtualEngine } from "../support/board-engine.ts";
import { boardProtectionSuite, boardTalkSuite } from "./board-engine.suite.ts";

boardTalkSuite(t, virtualEngine);
boardProtectionSuite(t, virtualEngine);
