import type { BalancerStatus } from "../../shared/contracts/balancer.ts";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import { PHASES, type PhaseCurrentsA } from "../../shared/contracts/units.ts";
import type { Instant } from "../../shared/time/clock.ts";
import type { Identity, PointIdentity } from "./identity.ts";
import {
  allocationOf,
  balancerOf,
  freshReading,
  type Heard,
  isSimulated,
  type Knowledge,
  LIMITS_UNHEARD,
  leaseOf,
  limitsAreUnheard,
  type MeterKnowledge,
  meterFor,
  meterStatusOf,
  readerOf,
  sampleAgeMs,
  sensedOf,
  statusOf,
} from "./knowledge.core.ts";
import { limitsViewOf } from "./limits-view.core.ts";
import { hundredths, phaseHundredths, wholeMs } from "./round.core.ts";
import type { BoardView, FaultView, MeterView, PointStatusView, PointView, ReaderView, SiteView } from "./view.ts";
import { choiceOf, wordsOfFault, wordsOfPoint, wordsOfRead } from "./words.core.ts";

/** The site as it is known now. */
export function viewOf(known: Knowledge, identity: Identity, now: Instant, civilMs: number): SiteView {
  const balancer = balancerOf(known, now);
  const mains = meterFor(known, "mains", null);
  const mainsReading = mains?.reading ?? null;
  const mainsA = freshReading(mains, now)?.currentA ?? null;
  const points = identity.points.map(point => pointViewOf(known, point, now));
  const meters = [...known.meters].sort(byId).map(([id, meter]) => meterViewOf(id, meter, now));
  return {
    site: identity.site,
    name: identity.name,
    version: identity.version,
    at: new Date(civilMs).toISOString(),
    mains: {
      limitA: balancer?.mainsLimitA ?? null,
      currentA: phaseHundredths(mainsA),
      ageMs: mainsReading === null ? null : wholeMs(sampleAgeMs(mainsReading, now)),
      trust: balancer?.trust ?? "unheard",
      houseA: mainsA === null ? null : houseOf(known, identity.points, mainsA, now),
      allottedA: phaseHundredths(balancer?.allottedA ?? null),
    },
    balancer:
      balancer === null
        ? null
        : { node: balancer.node, epoch: balancer.epoch, standby: standbyOf(known, balancer.node, now) },
    circuit: circuitOf(balancer),
    limits: limitsViewOf(known, now),
    capStopInMs: wholeMs(balancer?.capStopInMs ?? null),
    points,
    meters,
    warnings: warningsOf(known, points, meters, now),
    simulated: isSimulated(known, now),
  };
}

/** The nodes that would go on if the balancer's ended. */
function standbyOf(known: Knowledge, node: string, now: Instant): readonly string[] {
  return known.carriers
    .filter(carrier => carrier.service === "balancer" && carrier.node !== node)
    .filter(carrier => leaseOf(carrier, now)?.role === "standby")
    .map(carrier => carrier.node);
}

function circuitOf(balancer: BalancerStatus | null): SiteView["circuit"] {
  if (balancer === null || balancer.circuitLimitA === null) return null;
  return { limitA: balancer.circuitLimitA, currentA: phaseHundredths(balancer.circuitA) };
}

export function pointViewOf(known: Knowledge, point: PointIdentity, now: Instant): PointView {
  const heard = known.points.get(point.id)?.status ?? null;
  const status = statusOf(known, point.id, now);
  const sensed = sensedOf(known, point.id, now);
  const allocation = allocationOf(known, point.id, now);
  const ageMs = heard === null ? null : wholeMs(now - heard.at);
  return {
    id: point.id,
    name: point.name ?? point.id,
    serial: point.serial,
    phases: point.phases,
    phaseRotation: point.phaseRotation,
    fresh: status !== null,
    ageMs,
    status: heard === null ? null : statusViewOf(heard, now),
    words: wordsOfPoint(status, sensed, ageMs),
    limitA: hundredths(allocation?.limitA ?? null),
    admitted: allocation?.admitted ?? null,
    retryS: allocation?.retryS ?? null,
    faults: faultsOf(status?.faults ?? [], sensed?.faults ?? []),
    board: boardViewOf(known, point.id, now),
    reader: readerViewOf(known, point.id, now),
  };
}

function statusViewOf(heard: Heard<EvseStatus>, now: Instant): PointStatusView {
  const status = heard.value;
  return {
    state: status.state,
    chargingState: status.chargingState,
    mode: status.mode,
    access: status.access,
    choice: choiceOf(status.mode, status.access),
    carConnected: status.carConnected,
    asksPower: status.asksPower,
    offerA: status.offerA,
    drawA: phaseHundredths(status.drawA),
    drawAgeMs: status.drawAgeMs === null ? null : wholeMs(status.drawAgeMs + (now - heard.at)),
    ceilingA: status.ceilingA,
    ceilingBy: status.ceilingBy,
    boundBy: status.boundBy,
    reason: status.reason,
    activePhases: status.phases,
    chargeDelayS: status.chargeDelayS,
    cableA: status.cableA,
    temperatureC: status.temperatureC,
    gridRelayOpen: status.gridRelayOpen,
    plugLock: status.plugLock,
    led: status.led,
    connectedMs: wholeMs(status.connectedMs),
    session: status.session,
  };
}

function boardViewOf(known: Knowledge, evseId: string, now: Instant): BoardView {
  const heard = known.points.get(evseId)?.sensed ?? null;
  const sensed = sensedOf(known, evseId, now);
  return {
    link: sensed?.link ?? "unheard",
    ageMs: heard === null ? null : wholeMs(now - heard.at),
    cp: sensed?.cp ?? null,
    dutyPct: sensed?.dutyPct ?? null,
    contactorClosed: sensed === null ? null : sensed.contactorL1 || sensed.contactorL23,
    firmware: heard?.value.firmware ?? null,
    reconnects: heard?.value.reconnects ?? 0,
    faults: sensed?.faults ?? [],
    lastError: heard?.value.lastError ?? null,
  };
}

function readerViewOf(known: Knowledge, evseId: string, now: Instant): ReaderView | null {
  const heard = readerOf(known, evseId, now);
  if (heard === null || heard.reader === "disabled") return null;
  const byCard = heard.reader === "enable-all" || heard.reader === "enable-one";
  const last = known.points.get(evseId)?.lastRead ?? null;
  return {
    reader: heard.reader,
    locked: byCard && statusOf(known, evseId, now)?.access === "off",
    card: heard.card,
    lockInS: heard.lockInS,
    lastRead:
      last === null
        ? null
        : { words: wordsOfRead(last.value.outcome), card: last.value.card, ageMs: wholeMs(now - last.at) },
  };
}

/** A fault of the board that the charge point passes on stands there once. */
function faultsOf(...lists: readonly (readonly FaultView["code"][])[]): readonly FaultView[] {
  return [...new Set(lists.flat())].map(code => ({ code, words: wordsOfFault(code) }));
}

function meterViewOf(id: string, meter: MeterKnowledge, now: Instant): MeterView {
  const status = meterStatusOf(meter, now);
  const about = meter.status?.value ?? null;
  const reading = meter.reading?.value ?? null;
  return {
    id,
    role: about?.role ?? reading?.role ?? "mains",
    evseId: about?.evseId ?? reading?.evseId ?? null,
    state: status?.state ?? "unheard",
    source: about?.source ?? "",
    typeLabel: about?.typeLabel ?? "",
    currentA: phaseHundredths(reading?.currentA ?? null),
    totalPowerW: hundredths(reading?.totalPowerW ?? null),
    importWh: hundredths(reading?.importWh ?? null),
    exportWh: hundredths(reading?.exportWh ?? null),
    quality: reading?.quality ?? null,
    ageMs: meter.reading === null ? null : wholeMs(sampleAgeMs(meter.reading, now)),
    cadenceMs: typeof status?.cadenceMs === "number" ? wholeMs(status.cadenceMs) : null,
    lastError: about?.lastError ?? null,
    findings: status?.findings ?? [],
    counters: about?.counters ?? null,
  };
}

/** Mains less what the cars draw, each on the house phase its terminal sits on. */
function houseOf(
  known: Knowledge,
  points: readonly PointIdentity[],
  mainsA: PhaseCurrentsA,
  now: Instant,
): PhaseCurrentsA | null {
  const house = { ...mainsA };
  for (const point of points) {
    const status = statusOf(known, point.id, now);
    if (status === null) return null;
    if (status.drawA === null) {
      // Without an EV meter the draw is unknown as soon as the contactor may be closed.
      if (status.phases === 0 && !status.mayDraw) continue;
      return null;
    }
    for (const [terminal, phase] of PHASES.entries()) {
      const on = point.phaseRotation[terminal];
      if (on !== undefined) house[on] -= status.drawA[phase];
    }
  }
  return phaseHundredths(house);
}

function warningsOf(
  known: Knowledge,
  points: readonly PointView[],
  meters: readonly MeterView[],
  now: Instant,
): readonly string[] {
  const warnings: string[] = [];
  if (known.settings === null) warnings.push("no settings have arrived: the settings service is not heard");
  if (balancerOf(known, now) === null) warnings.push("the balancer is not heard: points fall to their safe current");
  if (limitsAreUnheard(known, now)) warnings.push(LIMITS_UNHEARD);
  for (const point of points) {
    if (!point.fresh) warnings.push(`${point.name}: ${point.words}`);
    else if (point.board.link !== "up") warnings.push(`${point.name}: board ${point.board.link}`);
    for (const fault of point.faults) warnings.push(`${point.name}: ${fault.words}`);
  }
  for (const meter of meters) {
    if (meter.state === "silent" || meter.state === "unheard" || meter.state === "waiting") {
      warnings.push(`meter ${meter.id}: ${meter.state}${meter.lastError === null ? "" : `, ${meter.lastError}`}`);
    }
  }
  return warnings;
}

function byId([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
