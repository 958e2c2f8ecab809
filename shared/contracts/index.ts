import { balancerAllocation, balancerStatus } from "./balancer.ts";
import type { Fact, Request } from "./define.ts";
import { evseAcknowledge, evseSessionEnded, evseStatus, evseSwitch } from "./evse.ts";
import { historyDay, historyKeep, historySessions } from "./history.ts";
import { balancerExplain, balancerJournal, evseExplain, evseJournal } from "./insight.ts";
import { leaseStatus } from "./lease.ts";
import { limitsCurrent, limitsSet, limitsWithdraw } from "./limits.ts";
import { meterFeed, meterReading, meterStatus } from "./meter.ts";
import { evseGrant, pilotSensed } from "./pilot.ts";
import { accessPresent, cardsChange, cardsDirectory, cardsPage, rfidRead, rfidStatus } from "./rfid.ts";
import { settingsCommanded, settingsCurrent, settingsUpdate } from "./settings.ts";
import { simulatorCommand, simulatorTruth } from "./simulator.ts";
import { solarBudget } from "./solar.ts";

/** Every fact there is: bridge, documentation and contract tests iterate over it. */
export const allFacts: readonly Fact[] = [
  meterReading,
  meterStatus,
  balancerAllocation,
  balancerStatus,
  evseGrant,
  evseStatus,
  evseSessionEnded,
  evseSwitch,
  pilotSensed,
  settingsCurrent,
  settingsCommanded,
  solarBudget,
  limitsCurrent,
  leaseStatus,
  cardsDirectory,
  rfidRead,
  rfidStatus,
  simulatorTruth,
];

/** Every request there is. */
export const allRequests: readonly Request[] = [
  settingsUpdate,
  meterFeed,
  evseAcknowledge,
  simulatorCommand,
  historyKeep,
  historySessions,
  historyDay,
  evseExplain,
  evseJournal,
  balancerExplain,
  balancerJournal,
  cardsPage,
  cardsChange,
  accessPresent,
  limitsSet,
  limitsWithdraw,
];
