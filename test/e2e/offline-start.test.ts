import t from "tap";
import { freePorts, startNats } from "../support/servers.ts";
import { NODES, spreadSite, untilCar } from "../support/spread-site.ts";

t.setTimeout(900_000);

t.test("every node starts without NATS, charges nothing it must not, and joins when NATS appears", async t => {
  const [natsPort = 0] = await freePorts(1);
  const site = await spreadSite(t, { natsPort });
  site.startAll();
  await site.process("left").says(/NATS is away/);
  await site.process("left").says(/^left: /m);
  await site.process("api").says(/The page is at/);
  t.equal((await fetch(site.url)).status, 200, "the page is there");
  t.ok((await site.carA("left")) < 0.5, "without settings and without a share nothing flows");

  await startNats(t, natsPort);
  await site.process("left").says(/joined NATS/);
  await untilCar(site, "left", "charges", currentA => currentA >= 5.5, 120_000);
  await untilCar(site, "right", "charges", currentA => currentA >= 5.5, 120_000);
  for (const node of NODES) t.equal(site.process(node).child.exitCode, null, `${node} is the process that was started`);
});
