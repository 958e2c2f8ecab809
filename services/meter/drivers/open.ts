import { MeterNotAvailable } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import type { MeterDriver, MeterSpec } from "../meter.port.ts";
import { customProfile } from "../modbus/custom.core.ts";
import { type MeterProfile, meterProfiles, profileNamed } from "../modbus/profiles.ts";
import { SUNSPEC } from "../modbus/sunspec.core.ts";
import { ApiMeter } from "./api.ts";
import { ModbusMeter, type SoughtMeter } from "./modbus.ts";
import type { ModbusLines } from "./modbus-lines.ts";
import type { NatsAccess } from "./nats.ts";
import { SimulatedMeter } from "./simulated.ts";
import { openSource } from "./sources.ts";
import { findSunspecMeter } from "./sunspec.ts";

export interface MeterDriverParts {
  readonly lines: ModbusLines;
  readonly clock: Clock;
  /** Absent: this process has no NATS. */
  readonly nats?: NatsAccess | null;
}

/** Makes the driver for a meter. Throws `MeterNotAvailable` when this installation gives no way to read it. */
export function openMeterDriver(spec: MeterSpec, { lines, clock, nats = null }: MeterDriverParts): MeterDriver {
  switch (spec.kind) {
    case "api":
      return new ApiMeter(spec, clock);
    case "simulated":
      return new SimulatedMeter(spec, clock);
    case "modbus":
      return new ModbusMeter(mapOf(spec), spec, lines.line(spec.line), clock);
    case "sensorbox":
    case "http":
    case "p1":
    case "sml":
    case "pulse":
    case "speedwire":
    case "mqtt":
    case "nats":
      return openSource(spec, { lines, clock, nats });
  }
}

/** The registers of a meter, or the way to find them. */
function mapOf({ meter, custom }: MeterSpec & { kind: "modbus" }): MeterProfile | SoughtMeter {
  if (meter === SUNSPEC.key) return { label: SUNSPEC.label, find: findSunspecMeter };
  if (custom !== null) return customProfile(custom);
  const profile = profileNamed(meter);
  if (profile !== undefined) return profile;
  throw new MeterNotAvailable(
    `no Modbus meter is called ${meter}; known: ${meterProfiles.map(({ key }) => key).join(", ")}`,
  );
}
