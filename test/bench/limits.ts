/**
 * Limits of the cost of an event: counts, equal on every machine, with room for differences between versions
 * of Node. A change that lowers a cost lowers its limit, too. A raised limit needs a reason in the change log.
 * An event is one handler call of the three that a source event takes.
 */
export const limits = {
  memory: {
    /** Bytes allocated on the heap, without the optimising compiler. */
    bytesAnEvent: 8_300,
    /** Promises made, including those of each `await`. */
    promisesAnEvent: 7,
    timersAnEvent: 0.01,
    /** Bytes held by a waiting event with a body of 200 bytes. */
    bytesAWaitingEvent: 750,
  },
  /** Without looks for commits of other processes. */
  sqlite: {
    /** With many ready events. */
    statementsAnEvent: 0.12,
    transactionsAnEvent: 0.015,
    /** For a single source event through three hops. */
    statementsAlone: 20,
    transactionsAlone: 5,
  },
  start: {
    /** Files that the import of the core loads, those of its dependencies included. */
    modules: 92,
  },
} as const;
