/** MODE as stored (the `mode` setting). */
export const MODE = { normal: 0, smart: 1, solar: 2 } as const;
/** Access as stored (the `access` setting). */
export const ACCESS = { off: 0, on: 1, pause: 2 } as const;
/** PWR SHARE as stored: 0 Disabled, 1 Master, 2..8 Node 1..7. */
export const FIRST_NODE = 2;

/** One change of a charge point's setting, as `settings.update` takes it. */
export interface ModeChange {
  readonly key: "mode" | "access";
  readonly evseId: string;
  readonly value: number;
}

/**
 * REST numbers modes in its own way: 0 OFF, 1 NORMAL, 2 SOLAR, 3 SMART, 4 PAUSE (spec interfaces 0.1). One change each:
 * OFF and PAUSE leave the stored mode alone, and a mode chosen by REST, web or MQTT brings access ON with it, or
 * nothing at all when it is refused. Null for any other number.
 */
export function changeForRestMode(restMode: number, evseId: string): ModeChange | null {
  switch (restMode) {
    case 0:
      return { key: "access", evseId, value: ACCESS.off };
    case 1:
      return { key: "mode", evseId, value: MODE.normal };
    case 2:
      return { key: "mode", evseId, value: MODE.solar };
    case 3:
      return { key: "mode", evseId, value: MODE.smart };
    case 4:
      return { key: "access", evseId, value: ACCESS.pause };
    default:
      return null;
  }
}

/** The way back: access OFF wins, then PAUSE, else the stored mode. */
export function restModeOf(mode: number, access: number): number {
  if (access === ACCESS.off) return 0;
  if (access === ACCESS.pause) return 4;
  return mode === MODE.solar ? 2 : mode === MODE.smart ? 3 : 1;
}
