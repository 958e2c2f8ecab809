import { MeterNotAvailable } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import type { MeterDriver, MeterSpec } from "../meter.port.ts";
import { meterProfiles, profileOf } from "../modbus/profiles.ts";
import { ApiMeter } from "./api.ts";
import { ModbusMeter } from "./modbus.ts";
import type { ModbusLines } from "./modbus-lines.ts";
import { SimulatedMeter } from "./simulated.ts";

export interface MeterDriverParts {
  readonly lines: ModbusLines;
  readonly clock: Clock;
}

/** Makes the driver for a meter. Throws `MeterNotAvailable` when this installation gives no way to read it. */
export function openMeterDriver(spec: MeterSpec, { lines, clock }: MeterDriverParts): MeterDriver {
  switch (spec.kind) {
    case "api":
      return new ApiMeter(spec, clock);
    case "simulated":
      return new SimulatedMeter(spec, clock);
    case "modbus": {
      const profile = profileOf(spec.typeId);
      if (profile === undefined) {
        const known = meterProfiles.map(({ typeId, label }) => `${typeId} ${label}`).join(", ");
        throw new MeterNotAvailable(`no Modbus meter has type ${spec.typeId}; known: ${known}`);
      }
      return new ModbusMeter(profile, spec, lines.line(spec.line), clock);
    }
  }
}
