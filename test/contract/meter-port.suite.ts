import type { Test } from "tap";
import type { MeterDriver } from "../../services/meter/meter.port.ts";
import { PHASES } from "../../shared/contracts/units.ts";
import { MeterFeedRefused } from "../../shared/errors.ts";
import type { Clock } from "../../shared/time/clock.ts";
import { listenTo, until } from "../support/modbus-bench.ts";

/** A driver with its meter, ready to be started. */
export interface MeterBench {
  readonly driver: MeterDriver;
  readonly clock: Clock;
  /** Makes the driver's next sample come: time passes, or values are fed. */
  readonly provoke: () => Promise<void>;
  /** Whether its values come from outside. */
  readonly isFed: boolean;
}

/** What every meter driver has to do, whatever meter it reads. */
export function meterPortSuite(t: Test, name: string, make: (t: Test) => Promise<MeterBench>): void {
  t.test(`${name}: delivers samples with a true age, until it is stopped`, async t => {
    const { driver, clock, provoke } = await make(t);
    t.match(driver.source, /\S/, "says what is read");
    const startedAt = clock.now();
    const heard = listenTo(driver);
    let deliveredAt = clock.now();
    for (let wanted = 1; wanted <= 3; wanted += 1) {
      await provoke();
      await until(() => heard.samples.length >= wanted, `sample ${wanted} of ${name}`);
      deliveredAt = clock.now();
    }
    await driver.stop();
    for (const [index, sample] of heard.samples.entries()) {
      t.ok(sample.sampledAt >= startedAt && sample.sampledAt <= deliveredAt, "taken between start and delivery");
      const before = heard.samples[index - 1];
      if (before !== undefined) t.ok(sample.sampledAt > before.sampledAt, "each newer than the one before");
      t.ok(
        PHASES.every(phase => Math.abs(sample.currentA[phase]) <= 1_000),
        "believable currents",
      );
    }
    const { requests, replies } = driver.counters();
    t.ok(replies >= heard.samples.length && requests >= replies, "counts what it did");
    const { length } = heard.samples;
    await provoke();
    await new Promise<void>(resolve => {
      setTimeout(resolve, 50);
    });
    t.equal(heard.samples.length, length, "silent after stop");
    await driver.stop();
  });

  t.test(`${name}: takes values from outside exactly if it is a meter that is fed`, async t => {
    const { driver, isFed } = await make(t);
    const heard = listenTo(driver);
    const feed = { currentA: { l1: 77.7, l2: 0, l3: 0 }, totalPowerW: null, importWh: null, exportWh: null };
    t.equal(driver.feed(feed), isFed);
    t.equal(
      heard.samples.some(sample => sample.currentA.l1 === 77.7),
      isFed,
      "a meter that measures is not told what it measured",
    );
    if (isFed) {
      t.throws(() => driver.feed({ ...feed, currentA: { l1: 0, l2: 0, l3: 201 } }), MeterFeedRefused);
      t.equal(heard.samples.length, 1, "a refused message delivers nothing");
    }
    await driver.stop();
  });

  t.test(`${name}: can be stopped at any time`, async t => {
    const { driver, provoke } = await make(t);
    await driver.stop();
    t.pass("before its start");
    const heard = listenTo(driver);
    await driver.stop();
    const { length } = heard.samples;
    await provoke();
    t.equal(heard.samples.length, length, "at once after its start");
  });
}
