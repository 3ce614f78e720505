/**
 * What an event may cost: counts, which come out the same on every machine, with room for what differs between versions
 * of Node. A change that lowers a cost should lower its limit; one that raises a limit should say why in the change log.
 * An event is one handler call of the three that a source event takes.
 */
export const limits = {
  memory: {
    /** Allocated on the heap, without the optimising compiler. */
    bytesAnEvent: 11_000,
    /** Made, those of each `await` included. */
    promisesAnEvent: 16,
    timersAnEvent: 0.01,
    /** Held by an event that waits in a queue, with a body of 200 bytes. */
    bytesAWaitingEvent: 950,
  },
  sqlite: {
    /** Where many events are ready. */
    statementsAnEvent: 0.2,
    transactionsAnEvent: 0.015,
    /** Where one source event goes through three hops with nothing beside it. */
    statementsAlone: 26,
    transactionsAlone: 5,
  },
  start: {
    /** Files that the import of the core loads, those of its dependencies included. */
    modules: 75,
  },
} as const;
