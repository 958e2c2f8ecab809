import { MeterNotAvailable } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import type { MeterDriver, MeterSpec } from "../meter.port.ts";
import { jsonForm, pulseForm } from "../sources/http-form.core.ts";
import { p1Form } from "../sources/p1.core.ts";
import { smlForm } from "../sources/sml.core.ts";
import type { SourceSpec } from "../sources/source.port.ts";
import { type HttpDevice, HttpMeter } from "./http.ts";
import type { ModbusLines } from "./modbus-lines.ts";
import { MqttMeter } from "./mqtt.ts";
import { type NatsAccess, NatsMeter } from "./nats.ts";
import { SensorboxMeter } from "./sensorbox.ts";
import { SpeedwireMeter } from "./speedwire.ts";
import { TelegramMeter } from "./telegrams.ts";

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
      return new HttpMeter(spec, { ...spec, phases: spec.reading.phases }, jsonForm(spec), clock);
    case "pulse":
      return new HttpMeter(spec, pulseDevice(spec), pulseForm(spec.node, spec.phases), clock);
    case "p1":
      return new TelegramMeter(spec, p1Form(spec.dsmr, spec.phases, spec.encryption), clock);
    case "sml":
      return new TelegramMeter(spec, smlForm(spec.phases), clock);
    case "speedwire":
      return new SpeedwireMeter(spec, clock);
    case "mqtt":
      return new MqttMeter(spec, clock);
    case "nats": {
      if (nats === null)
        throw new MeterNotAvailable("a meter over NATS needs NATS_URL, which this process was not given");
      return new NatsMeter(spec, nats, clock);
    }
  }
}

const PULSE_USER = "admin";

function pulseDevice({ origin, password, newsEveryMs, phases }: SourceSpec & { kind: "pulse" }): HttpDevice {
  return {
    label: "Tibber Pulse",
    origin,
    headers: {},
    login: { user: PULSE_USER, password },
    certificateFile: null,
    newsEveryMs,
    phases,
  };
}
