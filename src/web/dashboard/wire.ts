/** The data between the dashboard and its page. The page imports these types, and nothing else of `src`. */

/** The facts of the page that do not change while it is open. */
export interface Me {
  readonly title: string;
  readonly environment: string | undefined;
  /** The name of the operator, as the journal has it. */
  readonly user: string;
  /** False when the operator may only look. */
  readonly canAct: boolean;
  readonly seesBodies: boolean;
  /** Changes with each version of the page, which then loads itself anew. */
  readonly version: string;
}

/** The look at the provider that all pages share. */
export interface Look {
  /** In ms since the epoch. */
  readonly at: number;
  readonly provider: string;
  readonly everyMs: number;
  /** The requests that a look costs, where each is charged. */
  readonly requests: number | undefined;
  /** The reason why the last look failed; the rest is then of the look before. */
  readonly failure: string | undefined;
  readonly warnings: readonly string[];
  /** False where no journal is kept, so that there are counts, and no rates. */
  readonly hasJournal: boolean;
  /** Changes with the drawing of the graph. */
  readonly drawing: string;
  readonly queues: readonly QueueRow[];
  readonly flows: readonly Flow[];
  readonly series: Series;
  /** The pause of all subscriptions. */
  readonly pause: PauseRow | undefined;
  readonly hives: readonly HiveRow[];
  readonly schedules: readonly ScheduleRow[];
  readonly sources: readonly SourceRow[];
  readonly forks: readonly ForkRow[];
}

/** The present state of a subscription or queue. */
export interface QueueRow {
  readonly name: string;
  readonly actor: string | undefined;
  readonly ready: number;
  readonly leased: number;
  readonly delayed: number;
  readonly dead: number;
  /** The wait of the oldest ready event, in ms. `undefined`: none waits, or the provider does not know. */
  readonly oldestMs: number | undefined;
  /** Attempts of the last minute, and those of the last hour by their outcome. */
  readonly perMinute: number;
  readonly done: number;
  readonly failed: number;
  /** The mean duration of attempts in the last hour, in ms. */
  readonly tookMs: number | undefined;
  /** The pauses of an operator, and of supervision in each process. */
  readonly pauses: readonly PauseRow[];
  /** The stages and processes where its events wait longer than its actor allows, in words. */
  readonly late?: readonly string[] | undefined;
  /** The reasons why it needs a person, the worst first. */
  readonly trouble: readonly Trouble[];
}

export interface PauseRow {
  /** `operator`, or the cause for which a process paused. */
  readonly by: string;
  readonly operator: string | undefined;
  readonly reason: string;
  readonly since: number;
  readonly until: number | undefined;
  /** The id of the process that is paused; `undefined` for all. */
  readonly hive: string | undefined;
}

/** A process at work. */
export interface HiveRow {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Of the application, if it says so, and of the library. */
  readonly version: string;
  readonly stage?: string | undefined;
  readonly started: number;
  readonly beat: number;
  readonly inFlight: number;
  readonly lastCommit: number | undefined;
  readonly subscriptions: readonly {
    readonly queue: string;
    readonly actor: string;
    readonly parallelism: number;
    /** The bounds of a parallelism that follows the load. */
    readonly elastic: { readonly min: number; readonly max: number } | undefined;
    readonly inFlight: number;
    readonly isPaused: boolean;
    /** Events wait longer than the actor allows. */
    readonly isLate: boolean;
  }[];
  readonly pulsers: readonly string[];
  readonly sources: readonly string[];
}

/** A source of records of another system, over all processes. */
export interface SourceRow {
  readonly name: string;
  /** The records that the processes have yet to read; `undefined` while none knows. */
  readonly behind: number | undefined;
  /** The code or name of the error that holds it up. */
  readonly failing: string | undefined;
  /** Its own pause, or that of all subscriptions. */
  readonly pause: PauseRow | undefined;
  /** True for the pause of all subscriptions. */
  readonly isPausedWithAll: boolean;
  /** The number of processes that run it. */
  readonly hives: number;
}

/** A topic that a later version replaces. */
export interface ForkRow {
  readonly topic: string;
  readonly later: readonly string[];
  /** The subscriptions that still read it. */
  readonly readers: readonly { readonly queue: string; readonly actor: string }[];
  /** The actors that bring its events to the later topic. */
  readonly bridges: readonly string[];
  /** Who still publishes to it, in words. */
  readonly publishers: readonly string[];
  /** The events published to it in the last hour; `undefined` without a journal. */
  readonly events: number | undefined;
}

/** A pulser with its firings. */
export interface ScheduleRow {
  readonly pulser: string;
  readonly schedule: string | undefined;
  /** The fate of missed firings: `skip` or `once`. */
  readonly missed: string | undefined;
  readonly last: number | undefined;
  readonly next: number | undefined;
  readonly pause: PauseRow | undefined;
  /** The number of processes that run it. */
  readonly hives: number;
}

/** An act of an operator. */
export interface ActRow {
  readonly id: string;
  readonly time: number;
  readonly by: string;
  readonly act: string;
  readonly on: string;
  readonly detail: string | undefined;
}

/** A reason why a queue needs a person: `bad` is lost work or a standstill, `watch` may mend by itself. */
export interface Trouble {
  readonly level: "bad" | "watch";
  readonly text: string;
}

/** The events of an arrow: in the last hour, and in its last minute. */
export interface Flow {
  /** The actor; empty for code outside the actors. */
  readonly from: string;
  /** The topic or queue. */
  readonly to: string;
  readonly count: number;
  readonly perMinute: number;
}

/** Columns of the last hour, for charts. */
export interface Series {
  /** The start of each column, in s since the epoch. */
  readonly time: readonly number[];
  /** Committed events a minute. */
  readonly done: readonly number[];
  /** Failed attempts a minute. */
  readonly failed: readonly number[];
  /** The longest time from an event to its first attempt, in s. `null` without an attempt. */
  readonly wait: readonly (number | null)[];
}

/** The graph of events, laid out. */
export interface Drawing {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Actors that read nearly everything and publish nothing: they are not drawn. */
  readonly leftOut: readonly string[];
  readonly cards: readonly DrawnCard[];
  readonly arrows: readonly DrawnArrow[];
}

export interface DrawnCard {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly header: DrawnBox;
  readonly readers: readonly DrawnBox[];
}

export interface DrawnBox {
  readonly kind: "actor" | "topic" | "queue" | "pulser" | "outside";
  readonly text: string;
  readonly note: string;
  readonly tooltip: string;
  /** The subscription or queue that the box reads; for a queue, the queue. */
  readonly queue: string | undefined;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface DrawnArrow {
  readonly path: string;
  readonly x: number;
  readonly y: number;
  readonly from: string;
  readonly to: string;
  /** An actor of several queues has one count for all of its arrows. */
  readonly shared: boolean;
  readonly declared: boolean;
}

/** A queue in detail. */
export interface QueueDetail {
  readonly name: string;
  readonly settings: readonly Setting[];
  readonly publishes: readonly string[];
  readonly series: Series;
  readonly holders: readonly HolderRow[];
  readonly behind: { readonly count: number; readonly oldest: number | undefined } | undefined;
  /** Why the provider cannot; `undefined` where it can. */
  readonly noPeek: string | undefined;
  readonly noPurge: string | undefined;
}

/** An event that waits in a queue. */
export interface PeekedRow extends ShownEvent {
  readonly state: string;
  readonly dueAt: number | undefined;
  readonly attempts: number;
  /** The event in front of the line of its key. */
  readonly heldBy: string | undefined;
}

export interface Setting {
  readonly name: string;
  readonly value: string;
  /** Where the value comes from: `decorator`, `default`, … */
  readonly origin: string;
}

/** An event that holds back others of its key. */
interface HolderRow {
  readonly eventId: string;
  readonly behind: number;
  readonly attempts: number;
  readonly state: string;
}

/** An event with its body, or the reason why it is hidden. */
export interface ShownEvent {
  readonly id: string;
  readonly type: string;
  readonly time: number;
  readonly key: string | undefined;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  readonly contentType: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly body: string | undefined;
  /** The length of the whole body, when the text is its start. */
  readonly cutAt: number | undefined;
}

/** Dead letters of one cause. */
export interface LetterGroup {
  readonly id: string;
  readonly queue: string;
  readonly actor: string;
  readonly errorName: string;
  /** A message of the group, without its variable parts. */
  readonly message: string;
  readonly types: readonly string[];
  readonly count: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** The ids of letters, oldest first: those of large groups are not all there. */
  readonly letters: readonly string[];
}

/** A dead letter in full. */
export interface Letter {
  readonly id: string;
  readonly queue: string;
  readonly reason: string;
  readonly errorName: string;
  readonly errorMessage: string;
  readonly stack: string | undefined;
  readonly actor: string;
  readonly attempts: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly event: ShownEvent;
}

/** A line of the progress of an action. The last one has `end`. */
export interface Progress {
  readonly sent: number;
  readonly total: number;
  readonly end?: "done" | "interrupted" | "dead again" | "unsettled" | "failed" | undefined;
  /** The ids that died again, or the error. */
  readonly detail?: string | undefined;
}

/** A page of the kept events of a topic. */
export interface KeptPage {
  readonly events: readonly (ShownEvent & { readonly position: number; readonly published: number })[];
  readonly first: number;
  readonly next: number;
}

/** A type of event that the page can send. */
export interface TypeRow {
  readonly name: string;
  readonly version: number;
  readonly destination: string;
  /** True if events of the type come from outside the actors. */
  readonly isEntry: boolean;
  readonly schema: Readonly<Record<string, unknown>> | undefined;
}

/** An event to send. */
export interface Sending {
  readonly type: string;
  /** JSON, as a text. */
  readonly body: string;
  readonly destination?: string | undefined;
  readonly key?: string | undefined;
  readonly id?: string | undefined;
}
