import t from "tap";
import type { BalancerAllocation, BalancerStatus } from "../../shared/contracts/balancer.ts";
import type { EvseStatus } from "../../shared/contracts/evse.ts";
import type { LeaseStatus } from "../../shared/contracts/lease.ts";
import { startNats, tempDir, until } from "../support/servers.ts";
import {
  lookOn,
  NODES,
  type NodeName,
  type Onlooker,
  type PointId,
  spreadSite,
  untilCar,
} from "../support/spread-site.ts";
import { tcpCable } from "../support/tcp-cable.ts";

// Real time, real processes: waits are generous. That no car notices is shown on stepped time (test/simulation/standby.test.ts).
t.setTimeout(900_000);

type BalancerNode = "balancer" | "balancer-b";
const BALANCERS: readonly BalancerNode[] = ["balancer", "balancer-b"];
const POINTS: readonly PointId[] = ["left", "right"];
const other = (node: BalancerNode): BalancerNode => (node === "balancer" ? "balancer-b" : "balancer");

t.test("two balancers on real NATS with JetStream, in processes that are killed, stopped and cut off", async t => {
  const jetStreamDir = tempDir(t, "jetstream");
  let nats = await startNats(t, -1, jetStreamDir);
  const cables = { balancer: await tcpCable(t, nats.port), "balancer-b": await tcpCable(t, nats.port) };
  const natsPortOf = { balancer: cables.balancer.port, "balancer-b": cables["balancer-b"].port };
  const site = await spreadSite(t, { natsPort: nats.port, standby: true, natsPortOf });
  site.startAll([...NODES, "limits", "balancer-b"]);
  let onlooker: Onlooker = await lookOn(t, nats.port);

  const status = (point: PointId) => onlooker.last(`edge.spread.evse.${point}.status`) as EvseStatus | undefined;
  const lease = (node: BalancerNode) => onlooker.last(`edge.spread.lease.${node}.status`) as LeaseStatus | undefined;
  /** The epochs under which points have been given current, in the order in which they said so. */
  const accepted = new Map<PointId, number[]>();
  const words: { readonly node: string; readonly epoch: number }[] = [];
  function follow(): void {
    onlooker.nats.subscribe("edge.spread.evse.*.status", {
      callback: (_error, message) => {
        const { evseId, allotted } = message.json<EvseStatus>();
        if (allotted === null) return;
        const list = accepted.get(evseId as PointId) ?? [];
        if (list.at(-1) !== allotted.epoch) accepted.set(evseId as PointId, [...list, allotted.epoch]);
      },
    });
    onlooker.nats.subscribe("edge.spread.balancer.site.status", {
      callback: (_error, message) => {
        const { node, epoch } = message.json<BalancerStatus>();
        if (words.at(-1)?.epoch !== epoch || words.at(-1)?.node !== node) words.push({ node, epoch });
      },
    });
  }
  follow();

  async function bothCharge(): Promise<void> {
    for (const point of POINTS) await untilCar(site, point, "charges", currentA => currentA >= 5.5, 120_000);
  }
  async function activeOne(): Promise<{ readonly node: BalancerNode; readonly epoch: number }> {
    return until(
      "one is active, the other stands by",
      () => {
        const [active, ...more] = BALANCERS.filter(node => lease(node)?.role === "active");
        if (active === undefined || more.length > 0 || lease(other(active))?.role !== "standby") return null;
        const epoch = lease(active)?.epoch ?? 0;
        return status("left")?.allotted?.epoch === epoch && { node: active, epoch };
      },
      60_000,
    );
  }
  async function takenOver(from: { readonly node: BalancerNode; readonly epoch: number }): Promise<number> {
    const began = performance.now();
    await until("both points have the other's word", () =>
      POINTS.every(point => (status(point)?.allotted?.epoch ?? 0) > from.epoch),
    );
    return Math.round(performance.now() - began);
  }
  /** Offers seen meanwhile: told, not judged, on a machine that may be busy with something else. */
  const offers = () => POINTS.map(point => `${point} ${status(point)?.offerA ?? "-"} A`).join(", ");

  await t.test("both start at once: one is active, the other stands by, both cars charge", async t => {
    const { node } = await activeOne();
    await bothCharge();
    t.equal(lease(node)?.service, "balancer");
    t.equal(new Set(words.map(({ node: speaker }) => speaker)).size, 1, "only one has spoken");
  });

  await t.test("kill -9 of the active one: the other takes over", async t => {
    const active = await activeOne();
    site.process(active.node).signal("SIGKILL");
    t.comment(`taken over after ${await takenOver(active)} ms; ${offers()}`);
    t.equal((onlooker.last("edge.spread.balancer.site.status") as BalancerStatus).node, other(active.node));
    await bothCharge();
    site.start(active.node);
    const again = await activeOne();
    t.equal(again.node, other(active.node), "who comes back stands by");
  });

  await t.test("the active one is stopped for 12 s and wakes up: no point believes it", async t => {
    const active = await activeOne();
    site.process(active.node).signal("SIGSTOP");
    t.comment(`taken over after ${await takenOver(active)} ms; ${offers()}`);
    await new Promise(resolve => setTimeout(resolve, 9_000));
    const later: BalancerAllocation[] = [];
    const heard = onlooker.nats.subscribe("edge.spread.balancer.*.allocation", {
      callback: (_error, message) => later.push(message.json<BalancerAllocation>()),
    });
    site.process(active.node).signal("SIGCONT");
    await site.process(active.node).says(/this balancer no longer decides/);
    const now = await activeOne();
    t.equal(now.node, other(active.node));
    await new Promise(resolve => setTimeout(resolve, 3_000));
    heard.unsubscribe();
    const stale = later.filter(({ epoch }) => epoch <= active.epoch).length;
    t.equal(stale, 0, "it did not even say anything");
    for (const list of accepted.values())
      t.strictSame(
        list,
        [...list].sort((a, b) => a - b),
        "epochs only grow",
      );
  });

  await t.test(
    "the active one's gateway is cut off from NATS: it falls silent by itself, and is not believed later",
    async t => {
      const active = await activeOne();
      const from = site.process(active.node).said().length;
      const leastA = { left: Infinity, right: Infinity };
      cables[active.node].cut();
      const began = performance.now();
      await site.process(active.node).says(/this balancer no longer decides/, { from });
      t.comment(`silent after ${Math.round(performance.now() - began)} ms, with nobody to tell it`);
      t.comment(`taken over after ${await takenOver(active)} ms; ${offers()}`);
      for (let looks = 0; looks < 10; looks += 1) {
        for (const point of POINTS) leastA[point] = Math.min(leastA[point], await site.carA(point));
        await new Promise(resolve => setTimeout(resolve, 500));
      }
      t.comment(`the cars drew at least ${leastA.left.toFixed(1)} and ${leastA.right.toFixed(1)} A meanwhile`);
      t.equal(site.process(active.node).child.exitCode, null, "it lives on");
      // What it had sent last, and the network has kept, comes now.
      cables[active.node].mend();
      const now = await activeOne();
      t.equal(now.node, other(active.node), "who was cut off stands by");
      await new Promise(resolve => setTimeout(resolve, 3_000));
      for (const list of accepted.values())
        t.strictSame(
          list,
          [...list].sort((a, b) => a - b),
          "no point has believed an older epoch after a newer one",
        );
      await bothCharge();
    },
  );

  await t.test(
    "the limits service is dead, and a balancer that never heard it takes over: nobody gets more",
    async t => {
      await activeOne();
      const response = await fetch(`${site.url}/api/v1/limits/dim`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ owner: "ems", maxA: 16, expiresInS: null }),
      });
      t.equal(response.status, 200);
      const sumA = (): number => POINTS.reduce((sum, point) => sum + (status(point)?.offerA ?? 99), 0);
      await until("the limit holds", () => sumA() <= 16 && POINTS.every(point => (status(point)?.offerA ?? 0) >= 6));
      site.process("limits").signal("SIGKILL");
      const active = await activeOne();
      site.process(other(active.node)).signal("SIGKILL");
      await site.process(other(active.node)).ended;
      onlooker.forget();
      site.start(other(active.node));
      const still = await activeOne();
      t.equal(still.node, active.node);
      await new Promise(resolve => setTimeout(resolve, 4_000));
      site.process(active.node).signal("SIGKILL");
      await takenOver(active);
      for (let looks = 0; looks < 40; looks += 1) {
        t.ok(sumA() <= 16, offers());
        await new Promise(resolve => setTimeout(resolve, 500));
      }
      for (const point of POINTS) t.equal(status(point)?.boundBy, "limits-unheard");
      site.start(active.node);
      site.start("limits");
      await until("the limit is known again", () => POINTS.every(point => status(point)?.boundBy === "limit.ems"));
      t.ok(sumA() <= 16, offers());
      await bothCharge();
    },
  );

  await t.test("Ctrl-C on the active one hands over", async t => {
    const active = await activeOne();
    site.process(active.node).signal("SIGINT");
    t.comment(`taken over after ${await takenOver(active)} ms; ${offers()}`);
    t.equal(await site.process(active.node).ended, 0);
    site.start(active.node);
    await activeOne();
    await bothCharge();
  });

  await t.test("NATS is restarted with its data: one of them decides again, and the cars charge", async t => {
    const active = await activeOne();
    await nats.kill();
    nats = await startNats(t, nats.port, jetStreamDir);
    onlooker = await lookOn(t, nats.port);
    follow();
    const now = await activeOne();
    t.ok(now.epoch >= active.epoch, `epoch ${active.epoch}, then ${now.epoch}`);
    await bothCharge();
  });

  await t.test("NATS is away for longer: nobody decides, and it comes back by itself", async t => {
    const from = Object.fromEntries(BALANCERS.map(node => [node, site.process(node).said().length]));
    const active = await activeOne();
    await nats.kill();
    await site.process(active.node).says(/this balancer no longer decides/, { from: from[active.node] ?? 0 });
    for (const point of POINTS) await untilCar(site, point, "stops", currentA => currentA < 0.5);
    nats = await startNats(t, nats.port, jetStreamDir);
    onlooker = await lookOn(t, nats.port);
    follow();
    await activeOne();
    await bothCharge();
  });

  await t.test("NATS comes back without its data: the epochs go on", async t => {
    const active = await activeOne();
    await nats.kill();
    nats = await startNats(t, nats.port, tempDir(t, "jetstream-new"));
    onlooker = await lookOn(t, nats.port);
    follow();
    const now = await activeOne();
    t.comment(`epoch ${active.epoch}, then ${now.epoch}`);
    await bothCharge();
    for (const list of accepted.values())
      t.strictSame(
        list,
        [...list].sort((a, b) => a - b),
        "epochs only grow",
      );
  });

  await t.test("NATS without JetStream: nobody decides, and it says what is missing", async t => {
    const names: readonly NodeName[] = BALANCERS;
    const from = Object.fromEntries(names.map(node => [node, site.process(node).said().length]));
    await nats.kill();
    nats = await startNats(t, nats.port);
    for (const node of names) await site.process(node).says(/NATS has no JetStream/, { from: from[node] ?? 0 });
    for (const point of POINTS) await untilCar(site, point, "stops", currentA => currentA < 0.5);
    onlooker = await lookOn(t, nats.port);
    const told = await until("the reason", () => lease("balancer")?.problem);
    t.match(told, /jetstream: enabled/);
  });
});
