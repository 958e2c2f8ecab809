import { HONESTY, headRows, type SelftestReport } from "./report.ts";

/** One printable page that needs nothing else: for the folder in the cabinet. */
export function htmlOf(report: SelftestReport): string {
  const head = headRows(report).map(
    ([label, value]) => `<tr><th scope="row">${text(label)}</th><td>${text(value)}</td></tr>`,
  );
  const rows = report.findings.map(
    ({ title, limit, measured, verdict, note }) =>
      `<tr class="${verdict.replace(" ", "-")}"><td>${text(title)}</td><td>${text(limit)}</td>` +
      `<td>${text(measured)}</td><td>${text(verdict)}</td><td>${text(note)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Self test of ${text(report.board)}: ${text(report.verdict)}</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; color: #111; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 1em 0; }
th, td { border: 1px solid #999; padding: .3em .6em; text-align: left; vertical-align: top; }
tr { break-inside: avoid; }
tr.fail td { font-weight: bold; background: #fdd; print-color-adjust: exact; }
tr.not-run td, tr.not-fitted td { color: #555; }
.sign { margin-top: 4em; display: flex; gap: 4em; }
.sign span { flex: 1; border-top: 1px solid #111; padding-top: .3em; }
</style>
</head>
<body>
<h1>Pilot board self test: ${text(report.verdict)}</h1>
<table>${head.join("\n")}</table>
<table>
<thead><tr><th>Test</th><th>Limit</th><th>Measured</th><th>Result</th><th>Note</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
<p>${text(HONESTY)}</p>
<p class="sign"><span>Place, date</span><span>Name, signature</span></p>
</body>
</html>
`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function text(value: string): string {
  return value.replace(/[&<>"']/g, found => ESCAPES[found] ?? found);
}
