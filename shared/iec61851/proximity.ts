/**
 * Cable capacity from the proximity resistor, A per phase; null = no plug, or a value outside every band.
 * Bands: IEC 61851-1 table B.2 as quoted by the field; 680 ohm counts as 16 A, the conservative reading (spec control 2.4).
 */
export function cableCapacityA(ppOhm: number | null): number | null {
  if (ppOhm === null || !Number.isFinite(ppOhm)) return null;
  if (ppOhm >= 80 && ppOhm <= 140) return 63;
  if (ppOhm >= 164 && ppOhm <= 308) return 32;
  if (ppOhm >= 400 && ppOhm <= 936) return 16;
  if (ppOhm >= 1100 && ppOhm <= 2460) return 13;
  // Between two bands the lower capacity is the safe reading; below 60 or above 4500 ohm nothing is plugged.
  if (ppOhm > 140 && ppOhm < 164) return 32;
  if (ppOhm > 308 && ppOhm < 400) return 16;
  if (ppOhm > 936 && ppOhm < 1100) return 13;
  if (ppOhm > 2460 && ppOhm <= 4500) return 13;
  return ppOhm >= 60 && ppOhm < 80 ? 63 : null;
}
