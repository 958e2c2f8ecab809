import type { StoredSession } from "../../../../shared/contracts/history.ts";
import type { ChargeChoice, ExplainView, HistoryView } from "../../view.ts";

/** A request that has not been answered by then has failed; the page shows it and the person may try again. */
const PATIENCE_MS = 5_000;
const API = "/api/v1";

/** Asks for a mode. Resolves to null when accepted, else to what is wrong, in words. */
export function askForMode(pointId: string, mode: ChargeChoice): Promise<string | null> {
  return post(`points/${pointId}/mode`, { mode });
}

/** Withdraws a limit from outside, in the name of who set it. Resolves to null when done, else to what is wrong, in words. */
export function withdrawLimit(limitId: string, owner: string): Promise<string | null> {
  return send("DELETE", `limits/${limitId}?owner=${encodeURIComponent(owner)}`);
}

/** Acknowledges latched faults; the board refuses while their cause is there. */
export function acknowledgeFaults(pointId: string): Promise<string | null> {
  return post(`points/${pointId}/acknowledge`, {});
}

/** The last 15 minutes, or null when the gateway cannot be reached: the curves then begin with the next view. */
export function fetchHistory(): Promise<HistoryView | null> {
  return get<HistoryView>("history");
}

/** Why a charge point gets what it gets; null when it does not answer. */
export function fetchExplanation(pointId: string): Promise<ExplainView | null> {
  return get<ExplainView>(`points/${pointId}/explain`);
}

/** The last sessions, newest first; null while no history answers. */
export async function fetchSessions(): Promise<readonly StoredSession[] | null> {
  return (await get<{ readonly sessions: readonly StoredSession[] }>("sessions?limit=5"))?.sessions ?? null;
}

/** Tells the simulated site something. Resolves to what it says to that, agreeing or not. */
export async function tellSimulator(words: string): Promise<string> {
  let done = "done";
  const problem = await post("simulator/command", { words }, answer => {
    if (typeof answer === "object" && answer !== null && "done" in answer) done = String(answer.done);
  });
  return problem ?? done;
}

async function get<T>(path: string): Promise<T | null> {
  try {
    const answer = await fetch(`${API}/${path}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return answer.ok ? ((await answer.json()) as T) : null;
  } catch {
    return null;
  }
}

function post(path: string, body: unknown, onAnswer?: (answer: unknown) => void): Promise<string | null> {
  const json = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return send("POST", path, json, onAnswer);
}

/** Resolves to null when all went well, else to what is wrong, in words. */
async function send(
  method: "POST" | "DELETE",
  path: string,
  content: Pick<RequestInit, "headers" | "body"> = {},
  onAnswer?: (answer: unknown) => void,
): Promise<string | null> {
  try {
    const answer = await fetch(`${API}/${path}`, {
      ...content,
      method,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!answer.ok) return await refusalOf(answer);
    onAnswer?.(await answer.json());
    return null;
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    return timedOut ? "The gateway did not answer in time." : "The gateway cannot be reached.";
  }
}

async function refusalOf(answer: Response): Promise<string> {
  const fallback = `The gateway answered ${answer.status} ${answer.statusText}`.trim();
  try {
    const said = (await answer.json()) as { error?: { message?: unknown } };
    return typeof said.error?.message === "string" ? said.error.message : fallback;
  } catch {
    return fallback;
  }
}
