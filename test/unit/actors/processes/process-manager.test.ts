import * as assert from "uvu/assert";
import {
  actor,
  bodyOf,
  collectionStore,
  eventType,
  openProvider,
  processManager,
  token,
  type Event,
  type ProcessState,
} from "../../../../src/index.ts";
import { actorsFrom } from "../../../../src/actors/actors-from.ts";
import { given, ManualClock, TestHive } from "../../../../src/testing/index.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";
import { unreliable } from "../../../support/unreliable-provider.ts";

interface Ref {
  id: string;
}
interface Booking extends ProcessState {
  seat?: string;
}

const BookingRequested = eventType("BookingRequested", bodyOf<Ref & { card: string }>());
const SeatWanted = eventType("SeatWanted", bodyOf<Ref>());
const SeatHeld = eventType("SeatHeld", bodyOf<Ref & { seat: string }>());
const SeatReleased = eventType("SeatReleased", bodyOf<{ seat: string }>());
const PaymentTaken = eventType("PaymentTaken", bodyOf<{ booking?: string; receipt: string }>());
const PaymentReturned = eventType("PaymentReturned", bodyOf<{ receipt: string }>());
const BookingConfirmed = eventType("BookingConfirmed", bodyOf<Ref>());
const BookingCancelled = eventType("BookingCancelled", bodyOf<Ref>());
const Bookings = collectionStore<Booking>("Bookings");

const Booking = processManager("Booking", Bookings, {
  publishes: [SeatWanted, SeatReleased, PaymentReturned, BookingConfirmed, BookingCancelled],
  starts: { event: BookingRequested, run: ({ id }) => [SeatWanted.create({ id })] },
  on: [
    {
      event: SeatHeld,
      run: ({ id, body, state, has, complete }) => {
        Object.assign(state, { seat: body.seat });
        if (has(PaymentTaken)) complete(BookingConfirmed.create({ id }));
      },
      undo: ({ body: { seat } }) => [SeatReleased.create({ seat })],
    },
    {
      event: PaymentTaken,
      by: ({ booking }) => booking,
      run: ({ id, has, complete }) => {
        if (has(SeatHeld)) complete(BookingConfirmed.create({ id }));
      },
      undo: ({ body: { receipt } }) => [PaymentReturned.create({ receipt })],
    },
  ],
  after: { "15m": ({ id, cancel }) => cancel(BookingCancelled.create({ id })) },
});

/** A hive with the process, and the events that it published to a topic. */
async function start() {
  const seen: string[] = [];
  const note = (event: Event): void => {
    seen.push(`${event.eventType} ${Object.values(event.getBody<object>()).join()}`);
  };
  const readers = [SeatReleased, PaymentReturned, BookingConfirmed, BookingCancelled].map((type) =>
    actor(`${type.name}-Test`, type, { name: `On${type.name}` }, ({ event }) => note(event)),
  );
  const hive = await TestHive.start({ actors: [Booking, ...readers] });
  return { hive, seen, state: () => hive.hive.store(Bookings).find("1") };
}

const requested = () => BookingRequested.create({ id: "1", card: "good" });
const held = () => SeatHeld.create({ id: "1", seat: "A1" });
const taken = () => PaymentTaken.create({ booking: "1", receipt: "r1" });

const test = suite("process managers");

test("a process completes when it took what it needs, in any order", async () => {
  for (const events of [
    [held(), taken()],
    [taken(), held()],
  ]) {
    const { hive, seen, state } = await start();
    for (const event of [requested(), ...events]) {
      await hive.push(event);
      await hive.advance("1s");
    }
    assert.equal(seen, ["BookingConfirmed 1"]);
    assert.equal([(await state())?.status, (await state())?.seat], ["completed", "A1"]);
    await hive.settle();
    assert.equal(seen, ["BookingConfirmed 1"], "the time limit does nothing");
    await hive.stop();
  }
});

test("two events at once do not miss each other", async () => {
  const { hive, seen } = await start();
  await hive.push(requested());
  await hive.advance("1s");
  await hive.push([held(), taken()]);
  await hive.settle();
  assert.equal(seen, ["BookingConfirmed 1"]);
  await hive.stop();
});

test("a time limit cancels, and compensates the latest first", async () => {
  const { hive, seen, state } = await start();
  await hive.push(requested());
  await hive.advance("1s");
  await hive.push(held());
  await hive.advance("14m");
  assert.equal([seen, (await state())?.status], [[], "open"]);
  await hive.advance("1m");
  assert.equal(seen.toSorted(), ["BookingCancelled 1", "SeatReleased A1"]);
  assert.is((await state())?.status, "cancelled");
  await hive.stop();
});

test("compensations follow in reverse order", async () => {
  const Undone = eventType("Undone", bodyOf<{ step: string }>());
  const Asked = eventType("Asked", bodyOf<Ref>());
  const steps = ["One", "Two", "Three"].map((name) => eventType(name, bodyOf<Ref>()));
  const Refused = eventType("Refused", bodyOf<Ref>());
  const Chain = processManager("Chain", collectionStore<ProcessState>("Chains"), {
    publishes: [Undone],
    starts: { event: Asked, undo: () => [Undone.create({ step: "Asked" })] },
    on: [
      ...steps.map((event) => ({ event, undo: () => [Undone.create({ step: event.name })] })),
      { event: Refused, run: ({ cancel }: { readonly cancel: () => void }) => cancel() },
    ],
  });
  const hive = await TestHive.start({ actors: Chain });
  for (const type of [Asked, ...steps.toReversed(), Refused]) {
    await hive.push(type.create({ id: "1" }));
    await hive.settle();
  }
  const undone = hive.hive.provider.stores.collection<ProcessState>("Chains");
  const last = (await undone.get("1")).taken?.at(-1);
  const bodies = last?.outputs.map((text) => (JSON.parse(text) as { data: { step: string } }).data.step);
  assert.equal(bodies, ["One", "Two", "Three", "Asked"]);
  await hive.stop();
});

test("an event that comes too late is compensated at once", async () => {
  const { hive, seen } = await start();
  await hive.push(requested());
  await hive.advance("16m");
  assert.equal(seen, ["BookingCancelled 1"]);
  await hive.push(taken());
  await hive.settle();
  assert.equal(seen, ["BookingCancelled 1", "PaymentReturned r1"]);
  await hive.stop();
});

test("a state that a test arranges needs no more than a status", async () => {
  const open: Booking = { id: "1", status: "open" };
  await given({ Bookings: [open] })
    .when(taken(), Booking)
    .then([]);
  const late: Booking = { id: "1", status: "cancelled" };
  await given({ Bookings: [late] })
    .when(taken(), Booking)
    .then([PaymentReturned.create({ receipt: "r1" })]);
});

test("an event without a key concerns no process", async () => {
  const { hive } = await start();
  await hive.push(PaymentTaken.create({ receipt: "r9" }));
  await hive.settle();
  assert.equal(await hive.deadLetters("PaymentTaken-Booking"), []);
  await hive.stop();
});

test("an event before the start of its process is retried", async () => {
  const { hive, state } = await start();
  await hive.push(held());
  await hive.advance(100);
  await hive.push(requested());
  await hive.advance("10m");
  assert.is((await state())?.seat, "A1");
  await hive.stop();
  await given().when(held(), Booking).thenThrows("NotFound");
});

test("a second start of a process is ignored", async () => {
  const { hive, state } = await start();
  await hive.push(requested());
  await hive.advance("1s");
  const before = await state();
  await hive.push(requested());
  await hive.advance("1s");
  assert.equal(await state(), before);
  await hive.stop();
});

test("steps that crash between their effects lose and repeat nothing", async () => {
  const Counted = eventType("Counted", bodyOf<{ id: string; count: number }>());
  const Hit = eventType("Hit", bodyOf<Ref>());
  const Begun = eventType("Begun", bodyOf<Ref>());
  const Counters = collectionStore<ProcessState & { count?: number }>("Counters");
  const Counter = processManager("Counter", Counters, {
    publishes: [Counted],
    starts: { event: Begun, run: ({ id }) => [Counted.create({ id, count: 0 })] },
    on: [
      {
        event: Hit,
        run: ({ id, state }) => {
          const count = (state.count ?? 0) + 1;
          Object.assign(state, { count });
          return [Counted.create({ id, count })];
        },
      },
    ],
  });
  const counts = new Map<string, number>();
  const Read = actor("Counted-Read", Counted, {}, ({ body, event }) => {
    counts.set(event.id, body.count);
  });
  const clock = new ManualClock();
  let seed = 1;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const provider = unreliable(await openProvider("memory:", { clock }), { crashRate: 0.3, repeatRate: 0, random });
  const hive = await TestHive.start({
    actors: [Counter, Read],
    provider,
    clock,
    defaults: { retry: { maxAttempts: 100 } },
  });
  await hive.push(Begun.create({ id: "1" }));
  await hive.settle();
  await hive.push(Array.from({ length: 20 }, () => Hit.create({ id: "1" })));
  await hive.settle();
  assert.is((await hive.hive.store(Counters).get("1")).count, 20);
  assert.equal(
    [...counts.values()].toSorted((a, b) => a - b),
    Array.from({ length: 21 }, (_, n) => n),
  );
  await hive.stop();
  await provider.close();
});

test("a process remembers what it needs, and no more", async () => {
  const Hit = eventType("Hit", bodyOf<Ref>());
  const Begun = eventType("Begun", bodyOf<Ref>());
  const Store = collectionStore<ProcessState>("Long");
  const Long = processManager("Long", Store, {
    starts: { event: Begun },
    on: [{ event: Hit }, { event: SeatHeld, undo: () => [] }],
  });
  const hive = await TestHive.start({ actors: Long });
  for (const event of [
    Begun.create({ id: "1" }),
    held(),
    held(),
    ...Array.from({ length: 130 }, () => Hit.create({ id: "1" })),
  ]) {
    await hive.push(event);
    await hive.settle();
  }
  const { taken: all = [] } = await hive.hive.store(Store).get("1");
  assert.is(all.length, 100);
  assert.equal(
    all.slice(0, 4).map(({ eventType: name }) => name),
    ["Begun", "SeatHeld", "SeatHeld", "Hit"],
  );
  await hive.stop();
});

test("a process uses stores and tokens by name", async () => {
  const Rate = token<number>("Rate");
  const Priced = processManager("Priced", collectionStore<ProcessState>("Priced"), {
    uses: { rate: Rate },
    publishes: [SeatReleased],
    starts: { event: BookingRequested, run: ({ rate }) => [SeatReleased.create({ seat: String(rate) })] },
  });
  await given()
    .when(requested(), Priced, { bind: (container) => container.bind(Rate).toConstantValue(3) })
    .then([SeatReleased.create({ seat: "3" })]);
});

test("a process manager is one actor with several subscriptions", () => {
  const descriptors = actorsFrom({ Booking });
  assert.equal(
    descriptors.map(({ name, queueName }) => `${name} on ${queueName}`),
    [
      "Booking on BookingRequested-Booking",
      "Booking on SeatHeld-Booking",
      "Booking on PaymentTaken-Booking",
      "Booking on BookingTimeLimit",
    ],
  );
});

test("every mistake in the options is named at once", async () => {
  const wrong = {
    starts: { event: "BookingRequested", runs: 1 },
    on: [{ event: SeatHeld }, { event: SeatHeld, run: 1 }],
    after: { soon: () => {}, "15m": 1 },
  };
  const { message } = await throwsCode("InvalidConfiguration", () =>
    processManager("Wrong", Bookings, wrong as unknown as { starts: { event: typeof BookingRequested } }),
  );
  for (const part of [
    "Wrong: starts.event must be an event type",
    "Wrong: starts.runs is not an option; there are event, run, undo, by",
    "Wrong: on[1].run must be a function",
    "Wrong: two steps take SeatHeld",
    "Wrong: the time limit must be",
    'Wrong: after["15m"] must be a function',
  ])
    assert.match(message, part);
});

test("the compiler knows bodies, state, keys and outputs", () => {
  processManager("A", Bookings, {
    publishes: [SeatWanted],
    // @ts-expect-error -- publishes does not name it
    starts: { event: BookingRequested, run: ({ id }) => [BookingConfirmed.create({ id })] },
    on: [
      // @ts-expect-error -- the body has no text "id", so the step needs "by"
      { event: PaymentTaken },
    ],
  });
  processManager("B", Bookings, {
    publishes: [SeatWanted],
    starts: { event: BookingRequested },
    on: [
      {
        event: SeatHeld,
        run: ({ body, state, complete }) => {
          // @ts-expect-error -- the body has no such field
          void body.card;
          // @ts-expect-error -- the state has no such field
          void state.card;
          // @ts-expect-error -- publishes does not name it
          complete(BookingCancelled.create({ id: "1" }));
        },
      },
    ],
  });
  const withLimit = (): unknown =>
    // @ts-expect-error -- not a length of time
    processManager("C", Bookings, { starts: { event: BookingRequested }, after: { soon: () => {} } });
  assert.throws(withLimit, "the time limit must be");
});

test("a process that ends leaves no time limit behind", async () => {
  const { hive } = await start();
  const waiting = async (): Promise<number> => (await hive.hive.queue("BookingTimeLimit").counts()).delayed;
  await hive.push([requested(), BookingRequested.create({ id: "2", card: "good" })]);
  await hive.advance("1s");
  assert.is(await waiting(), 2);
  await hive.push([held(), taken()]);
  await hive.advance("1s");
  assert.is(await waiting(), 1, "that of the other process stays");
  await hive.stop();
});

test.run();
