import t from "tap";
import { ownHostNames } from "../../services/api/http/network.ts";
import { objectionToOrigin, serialOfHost } from "../../services/api/http/origin.ts";
import { leftPoint } from "../support/knowledge.ts";

const own = ownHostNames([leftPoint], ["Charger.Example.org"]);
const post = (origin: string | undefined, host = "192.168.1.5:8080", fetchSite?: string) =>
  objectionToOrigin({ method: "POST", host, origin, fetchSite }, own);

t.test("lets programs and its own pages change things", async t => {
  t.equal(post(undefined), null, "curl, dongles and Home Assistant send no Origin");
  for (const origin of [
    "http://192.168.1.5:8080",
    "http://localhost:8080",
    "http://LOCALHOST:1234",
    "https://charger.example.org",
    "http://SmartEVSE-1001.local",
    "http://smartevse-1001",
  ]) {
    t.equal(post(origin), null, origin);
  }
  t.equal(post("http://[2001:db8::7]:8080", "[2001:db8::7]:8080", "same-origin"), null);
});

t.test("refuses pages of other sites, and names that were bent to lead here", async t => {
  for (const origin of [
    "http://evil.example",
    "http://evil.example:8080",
    "null",
    "",
    "file://",
    "http://192.168.1.5",
    "http://192.168.1.6:8080",
    "http://user@192.168.1.5:8080",
    "http://notlocalhost",
    "http://localhost.evil.example",
    "http://SmartEVSE-1002.local",
    "http://charger.example.org.evil.example",
    "not a url",
  ]) {
    t.match(post(origin), /no page of this gateway/, JSON.stringify(origin));
  }
  // DNS rebinding: the browser believes that evil.example is us, and Host says so too.
  t.match(post("http://evil.example:8080", "evil.example:8080", "same-origin"), /hostNames/);
  t.match(post(undefined, "localhost", "cross-site"), /another site/);
  t.match(post("http://localhost", "localhost", "cross-site"), /another site/);
});

t.test("lets anyone read", async t => {
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    const headers = { method, host: "x", origin: "http://evil.example", fetchSite: "cross-site" };
    t.equal(objectionToOrigin(headers, own), null, method);
  }
});

t.test("knows a charge point by the name of its SmartEVSE", async t => {
  for (const host of ["SmartEVSE-1001", "smartevse-1001.local", "SMARTEVSE-1001.local:8080", "SmartEVSE-1001.local."]) {
    t.equal(serialOfHost(host), 1001, host);
  }
  for (const host of [
    undefined,
    "",
    "localhost:8080",
    "SmartEVSE-",
    "SmartEVSE-x.local",
    "xSmartEVSE-1001",
    "SmartEVSE-1001.evil",
  ]) {
    t.equal(serialOfHost(host), null, String(host));
  }
});
