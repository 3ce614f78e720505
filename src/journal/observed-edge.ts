/** That events of one type were published to one place by one actor, as a journal has seen it. */
export interface ObservedEdge {
  /** The name of the actor's class; nothing when the event was pushed from outside the actors, as pulsers do. */
  readonly from: string | undefined;
  readonly eventType: string;
  /** The topic, `OrderAccepted-`, or the simple queue, `Invoices`. */
  readonly destination: string;
  /** How many events. */
  readonly count: number;
}
