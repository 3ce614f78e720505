import { actorDescription, pulse, type ProcessorActor } from "beehive-actors";

@actorDescription("MinutePassed-Report")
export class ReportActor implements ProcessorActor {
  async processAsync() {}
}

export const everyMinute = pulse("MinutePassed", { cron: "* * * * *" });
export const hive = { pulsers: [everyMinute] };
