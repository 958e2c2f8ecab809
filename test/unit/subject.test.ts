import t from "tap";
import { evseStatus } from "../../shared/contracts/evse.ts";
import { allFacts } from "../../shared/contracts/index.ts";
import { meterReading } from "../../shared/contracts/meter.ts";
import { subjectOf, subjectPattern } from "../../shared/contracts/subject.ts";

t.test("a fact stands on edge.<site>.<service>.<id>.<fact>", async t => {
  t.equal(subjectOf("demo", meterReading, meterReading.example), "edge.demo.meter.mains.reading");
  t.equal(subjectOf("demo", evseStatus, evseStatus.example), "edge.demo.evse.left.status");
  t.equal(subjectPattern("demo", evseStatus), "edge.demo.evse.*.status");
});

t.test("every fact's subject has five tokens that NATS accepts", async t => {
  for (const fact of allFacts) {
    const subject = subjectOf("demo", fact, fact.example);
    t.match(subject, /^edge\.demo\.[a-z0-9-]+\.[a-z0-9-]+\.[a-z0-9-]+$/, subject);
  }
});
