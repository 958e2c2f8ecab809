import { MeterNotAvailable } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import type { MeterDriver, MeterSpec } from "../meter.port.ts";
import type { SourceSpec } from "../sources/source.port.ts";
import { HttpMeter } from "./http.ts";
import type { ModbusLines } from "./modbus-lines.ts";
import { MqttMeter } from "./mqtt.ts";
import { type NatsAccess, NatsMeter } from "./nats.ts";
import { P1Meter } from "./p1.ts";
import { SensorboxMeter } from "./sensorbox.ts";

export interface SourceParts {
  readonly lines: ModbusLines;
  readonly clock: Clock;
  /** Null: this process has no NATS. */
  readonly nats: NatsAccess | null;
}

/** Makes the driver for a meter that is no table of Modbus registers. */
export function openSource(
  spec: Extract<MeterSpec, { kind: SourceSpec["kind"] }>,
  { lines, clock, nats }: SourceParts,
): MeterDriver {
  switch (spec.kind) {
    case "sensorbox":
      return new SensorboxMeter(spec, lines.line(spec.line), clock);
    case "http":
      return new HttpMeter(spec, clock);
    case "p1":
      return new P1Meter(spec, clock);
    case "mqtt":
      return new MqttMeter(spec, clock);
    case "nats": {
      if (nats === null)
        throw new MeterNotAvailable("a meter over NATS needs NATS_URL, which this process was not given");
      return new NatsMeter(spec, nats, clock);
    }
  }
}
