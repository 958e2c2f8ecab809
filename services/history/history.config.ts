import { z } from "zod";

/** History keeps what it hears in DATA_DIR; there is nothing to configure. */
export const historyConfig = z.strictObject({});
export type HistoryConfig = z.output<typeof historyConfig>;
