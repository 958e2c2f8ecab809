import { z } from "zod";

/** The card list of the site. Where it is stored is the process's business (DATA_DIR, REDIS_URL). */
export const cardsConfig = z.strictObject({});

/** Access by card at one charge point; its reader's function is the setting RFID. */
export const rfidConfig = z.strictObject({});
