import { messageOf, StartRefused } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/time/clock.ts";
import type { MeterPlace } from "../simulator.config.ts";
import type { MeterShows, SimulatedMeters } from "../simulator.port.ts";
import { eastron3P } from "./eastron.ts";
import { ModbusSlave, slaveFaults } from "./modbus-slave.ts";

const NOTHING: MeterShows = {
  currentA: { l1: 0, l2: 0, l3: 0 },
  powerW: { l1: 0, l2: 0, l3: 0 },
  importWh: 0,
  exportWh: 0,
};

/** The simulated meters as Eastron SDM630 on Modbus TCP, one slave for each port. */
export function slaveMeters(places: readonly MeterPlace[], host: string, clock: Clock): SimulatedMeters {
  const shown: MeterShows[] = places.map(() => NOTHING);
  const slaves = new Map<number, { readonly slave: ModbusSlave; readonly key: string }>();
  for (const [index, { port, unit }] of places.entries()) {
    const line = slaves.get(port) ?? { slave: new ModbusSlave(clock), key: `simulator: meters[${index}].port` };
    slaves.set(port, line);
    line.slave.add(
      unit,
      eastron3P(() => shown[index] ?? NOTHING),
    );
  }
  return {
    show(meter, values) {
      shown[meter] = values;
    },
    answers(meter, whether) {
      const place = places[meter];
      if (place !== undefined) slaves.get(place.port)?.slave.setFault(place.unit, whether ? null : slaveFaults.silent);
    },
    async open() {
      for (const [port, { slave, key }] of slaves) {
        try {
          await slave.listen(port, host);
        } catch (error) {
          throw new StartRefused(`${key}: ${port} cannot be listened on: ${messageOf(error)}`, { cause: error });
        }
      }
    },
    async close() {
      for (const { slave } of slaves.values()) await slave.close();
    },
  };
}
