import type { SettingsCurrent } from "../../../shared/contracts/settings.ts";
import { settingOf } from "../../../shared/settings/catalogue/index.ts";
import { numberIn } from "../../../shared/settings/read.ts";
import type { Instant } from "../../../shared/time/clock.ts";
import type { PointIdentity } from "../identity.ts";
import type { Knowledge } from "../knowledge.core.ts";

/** The gateway's network address, as GET /settings tells it. */
export interface Network {
  readonly ip: string | null;
  readonly mac: string | null;
}

export interface TreeContext {
  readonly known: Knowledge;
  readonly settings: SettingsCurrent;
  readonly point: PointIdentity;
  readonly points: readonly PointIdentity[];
  readonly version: string;
  readonly network: Network;
  readonly now: Instant;
  readonly civilMs: number;
}

/** The option's text of an enumerated setting. */
export function labelOf(settings: SettingsCurrent, key: string, evseId: string | null): string {
  const value = numberIn(settings, key, evseId);
  return settingOf(key)?.options?.find(option => option.value === value)?.label ?? "N/A";
}
