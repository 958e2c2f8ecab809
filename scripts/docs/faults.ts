import { ERROR_TEXTS, evseFault, FAULTS } from "../../shared/contracts/fault.ts";

const INTRODUCTION = `# Faults of a charge point

Written by \`npm run docs\` from \`shared/contracts/fault.ts\`; do not edit. The codes stand in \`evse.status.faults\`.

Effect: *told* is no obstacle of its own (the balancer withholds the current, or nothing does); *stops* takes the pilot away, the car has
6 s to stop drawing, then the contactor opens; *opens* does not wait for the car. A latched fault stays until a person
acknowledges it (page, \`POST /api/v1/points/<id>/acknowledge\`); every other ends with its cause. \`error\` is what the SmartEVSE
interface tells; display is what a four-line display shows, where it has a screen of its own.

| code | raised by | effect | recovers | \`error\` (\`error_id\`) | display |
|---|---|---|---|---|---|
`;

/** `docs/faults.md`. */
export function faultsPage(): string {
  const rows = evseFault.options.map(code => {
    const { effect, latched, raised, recovers, errorId, display } = FAULTS[code];
    const screens = (display ?? []).map(lines => lines.filter(line => line !== "").join(" / ")).join("; then ");
    const does = latched ? `${effect}, latched` : effect;
    return `| \`${code}\` | ${raised} | ${does} | ${recovers} | ${ERROR_TEXTS[errorId] ?? ""} (${errorId}) | ${screens} |`;
  });
  return `${INTRODUCTION}${rows.join("\n")}\n`;
}
