import { numberIn } from "../../shared/settings/read.ts";
import type { Instant } from "../../shared/time/clock.ts";
import {
  allocationOf,
  balancerOf,
  type Knowledge,
  leaseOf,
  meterStatusOf,
  sampleAgeMs,
  sensedOf,
  statusOf,
} from "./knowledge.core.ts";

/** What the process tells of itself. */
export interface ProcessGauges {
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly uptimeS: number;
  readonly eventLoopLagP99S: number;
  readonly streamClients: number;
  readonly requests: ReadonlyMap<string, number>;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number | null];

/** Prometheus text format 0.0.4. What is not known now has no sample, so that it looks missing and not zero. */
export function metricsOf(known: Knowledge, gauges: ProcessGauges, now: Instant): string {
  return [
    ...siteMetrics(known, now),
    ...pointMetrics(known, now),
    ...meterMetrics(known, now),
    counter("edge_facts_heard_total", "Facts taken in", fromCounts(known.counts, "fact")),
    counter("edge_http_requests_total", "HTTP requests answered, by status", fromCounts(gauges.requests, "status")),
    gauge("edge_stream_clients", "Clients on the live stream", [[{}, gauges.streamClients]]),
    gauge("process_resident_memory_bytes", "Resident memory", [[{}, gauges.residentBytes]]),
    gauge("process_heap_used_bytes", "Heap in use", [[{}, gauges.heapUsedBytes]]),
    gauge("process_uptime_seconds", "Time since start", [[{}, gauges.uptimeS]]),
    gauge("process_event_loop_lag_p99_seconds", "99th percentile of event loop delay", [[{}, gauges.eventLoopLagP99S]]),
  ].join("");
}

function siteMetrics(known: Knowledge, now: Instant): readonly string[] {
  const balancer = balancerOf(known, now);
  const phases = ["l1", "l2", "l3"] as const;
  const leases = known.carriers.map(carrier => leaseOf(carrier, now)).filter(lease => lease !== null);
  return [
    gauge("edge_mains_limit_amperes", "Fuse per phase", [[{}, balancer?.mainsLimitA ?? null]]),
    gauge(
      "edge_mains_amperes",
      "Mains current the balancer regulates by",
      phases.map(phase => [{ phase }, balancer?.mainsA?.[phase] ?? null]),
    ),
    gauge("edge_balancer_decision_seconds", "Longest decision of the last second", [
      [{}, balancer === null ? null : rounded(balancer.decisionMs / 1_000)],
    ]),
    gauge("edge_mains_sample_age_seconds", "Age of that mains sample", [[{}, seconds(balancer?.mainsAgeMs ?? null)]]),
    gauge(
      "edge_allotted_amperes",
      "What the points may draw at most",
      phases.map(phase => [{ phase }, balancer?.allottedA[phase] ?? null]),
    ),
    gauge(
      "edge_lease_active",
      "1 for the node that decides, 0 for one that stands by",
      leases.map(({ service, node, role }) => [{ service, node }, role === "active" ? 1 : 0]),
    ),
    gauge(
      "edge_lease_epoch",
      "Grows whenever another node begins to decide",
      leases.map(({ service, node, epoch }) => [{ service, node }, epoch]),
    ),
    gauge("edge_shortage_score", "How long current has been short", [[{}, balancer?.shortageScore ?? null]]),
  ];
}

function pointMetrics(known: Knowledge, now: Instant): readonly string[] {
  const points = [...known.points.keys()].map(point => ({
    point,
    status: statusOf(known, point, now),
    sensed: sensedOf(known, point, now),
    allocation: allocationOf(known, point, now),
    heardAt: known.points.get(point)?.status?.at ?? null,
  }));
  type Row = (typeof points)[number];
  const each = (value: (row: Row) => number | null): Sample[] => points.map(row => [{ point: row.point }, value(row)]);
  const phases = ["l1", "l2", "l3"] as const;
  return [
    gauge(
      "edge_point_offered_amperes",
      "Current the pilot signals",
      each(({ status }) => status?.offerA ?? null),
    ),
    gauge(
      "edge_point_limit_amperes",
      "Current the balancer allots",
      each(({ allocation }) => allocation?.limitA ?? null),
    ),
    gauge(
      "edge_point_ceiling_amperes",
      "The most the point itself may offer",
      each(({ status }) => status?.ceilingA ?? null),
    ),
    gauge(
      "edge_point_drawn_amperes",
      "Current the car draws",
      points.flatMap(({ point, status }) =>
        phases.map((phase): Sample => [{ point, phase }, status?.drawA?.[phase] ?? null]),
      ),
    ),
    gauge(
      "edge_point_state",
      "1 for the present charge state",
      points.map(({ point, status }) => [{ point, state: status?.state ?? "unknown" }, 1]),
    ),
    gauge(
      "edge_point_bound_by",
      "1 for what limits the offer",
      points.map(({ point, status }) => [{ point, by: status?.boundBy ?? "unknown" }, 1]),
    ),
    gauge(
      "edge_point_car_connected",
      "A car is connected",
      each(({ status }) => bit(status?.carConnected)),
    ),
    gauge(
      "edge_point_contactor_closed",
      "The contactor is closed",
      each(({ sensed }) => bit(sensed === null ? undefined : sensed.contactorL1 || sensed.contactorL23)),
    ),
    gauge(
      "edge_point_faults",
      "Faults present",
      each(({ status }) => status?.faults.length ?? null),
    ),
    gauge(
      "edge_point_status_age_seconds",
      "Time since the point was heard",
      each(({ heardAt }) => (heardAt === null ? null : seconds(now - heardAt))),
    ),
    gauge(
      "edge_point_session_energy_watthours",
      "Energy of the present charging session",
      each(({ status }) => status?.session?.energyWh ?? null),
    ),
    gauge(
      "edge_point_max_amperes",
      "Setting MAX",
      each(({ point }) => (known.settings === null ? null : numberIn(known.settings.value, "current_max", point))),
    ),
    gauge(
      "edge_board_up",
      "The pilot board is believed",
      each(({ sensed }) => (sensed?.link === "up" ? 1 : 0)),
    ),
    counter(
      "edge_board_reconnects_total",
      "Times the board link came back",
      each(({ sensed }) => sensed?.reconnects ?? null),
    ),
    gauge(
      "edge_board_duty_percent",
      "Duty cycle as driven",
      each(({ sensed }) => sensed?.dutyPct ?? null),
    ),
  ];
}

const METER_COUNTERS = ["requests", "replies", "timeouts", "refused", "exceptions"] as const;

function meterMetrics(known: Knowledge, now: Instant): readonly string[] {
  const meters = [...known.meters].map(([meter, knowledge]) => ({
    meter,
    status: meterStatusOf(knowledge, now),
    reading: knowledge.reading,
  }));
  return [
    gauge(
      "edge_meter_ok",
      "The meter gives readings",
      meters.map(({ meter, status }) => [{ meter }, status?.state === "ok" ? 1 : 0]),
    ),
    gauge(
      "edge_meter_sample_age_seconds",
      "Age of the last sample",
      meters.map(({ meter, reading }) => [{ meter }, reading === null ? null : seconds(sampleAgeMs(reading, now))]),
    ),
    gauge(
      "edge_meter_power_watts",
      "Power of the last sample",
      meters.map(({ meter, reading }) => [{ meter }, reading?.value.totalPowerW ?? null]),
    ),
    gauge(
      "edge_meter_finding",
      "What the samples show to be wrong with the meter or its wiring",
      meters.flatMap(({ meter, status }) => (status?.findings ?? []).map(({ code }): Sample => [{ meter, code }, 1])),
    ),
    ...METER_COUNTERS.map(name =>
      counter(
        `edge_meter_${name}_total`,
        `Meter line: ${name}`,
        meters.map(({ meter, status }) => [{ meter }, status?.counters[name] ?? null]),
      ),
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return family(name, "gauge", help, samples);
}

function counter(name: string, help: string, samples: readonly Sample[]): string {
  return family(name, "counter", help, samples);
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.flatMap(([labels, value]) =>
    value === null ? [] : [`${name}${labelsOf(labels)} ${rounded(value)}\n`],
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelsOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function fromCounts(counts: ReadonlyMap<string, number>, label: string): readonly Sample[] {
  return [...counts].map(([name, count]) => [{ [label]: name }, count]);
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms) / 1000;
}

function bit(value: boolean | undefined): number | null {
  return value === undefined ? null : value ? 1 : 0;
}

/** Meters send 32-bit floats: their tail means nothing. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4 + 0;
}
