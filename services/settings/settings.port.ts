import type { SettingValue } from "../../shared/contracts/settings.ts";

/** One value somebody has set; `evseId` null = of the whole site. */
export interface StoredValue {
  readonly key: string;
  readonly evseId: string | null;
  readonly value: SettingValue;
}

/** Who changed what, when. Of a secret only that it changed. */
export interface AuditRow {
  /** Civil time, ISO 8601. */
  readonly at: string;
  readonly by: string;
  readonly key: string;
  readonly evseId: string | null;
  readonly from: SettingValue | null;
  readonly to: SettingValue;
}

export interface StoredSettings {
  /** Counts the batches ever put; 0 = nothing was ever stored. */
  readonly revision: number;
  readonly values: readonly StoredValue[];
}

export interface StoreBatch {
  /** The revision this batch was judged against. The store refuses it when it holds another one. */
  readonly baseRevision: number;
  readonly revision: number;
  readonly values: readonly StoredValue[];
  readonly audit: readonly AuditRow[];
}

/** How many audit rows a store keeps. */
export const AUDIT_ROWS = 10_000;

/** Where the settings live. Rejects with `StoreUnavailable` when it cannot do what was asked. */
export interface SettingsStore {
  load(): Promise<StoredSettings>;
  /** All of the batch or nothing of it; resolves once it is durable. After a rejection nobody knows: load again. */
  put(batch: StoreBatch): Promise<void>;
  /** The latest audit rows, newest first. */
  audit(limit: number): Promise<readonly AuditRow[]>;
  close(): Promise<void>;
}
