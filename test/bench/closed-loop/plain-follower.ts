import type { CreateController } from "./protocol.ts";

/**
 * A controller without any merit but that it is deterministic and moves everything: it gives what the last sample
 * leaves, and now and then opens a contactor, changes the phases or interrupts a pilot. It exercises the plant.
 */
export const createController: CreateController = ({ n, config }) => {
  const offeredA = Array.from({ length: n }, () => 0);
  let sequence = 0;
  let step = 0;
  return message => {
    step += 1;
    if (message.mainsSeq !== sequence) {
      sequence = message.mainsSeq;
      const roomA = config.maxMainsA - Math.max(...message.mainsCurrents);
      for (const [point, drawA] of message.evCurrents.entries()) {
        const wishA = Math.min(16 + (step % 7) * 2, Math.max(...drawA) + roomA / n);
        const minimumA = step % 3 === 0 ? 0 : 6;
        offeredA[point] = wishA >= 6 ? Math.floor(wishA * 10) / 10 : minimumA;
      }
    }
    const open = step % 4001 > 3990;
    const threePhases = Math.trunc(step / 3000) % 2 === 0;
    return {
      offered: message.pilot.map((pilot, point) => (pilot === "A" ? 0 : (offeredA[point] ?? 0))),
      c1: message.pilot.map(pilot => (pilot === "C" && !open ? 1 : 0)),
      c2: message.pilot.map(pilot => (pilot === "C" && !open && threePhases ? 1 : 0)),
      cp: message.pilot.map((_, point) => ((step + point * 100) % 9001 > 8990 ? 0 : 1)),
      error: [step % 5000 < 20 ? 3 : 0],
    };
  };
};
