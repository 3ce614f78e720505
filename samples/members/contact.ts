import { contacts } from "./events.ts";
import { actorsOf } from "./roles.ts";

export const { Intake, Card, City, Search, Domain, Quality, Notice, Partner, Audit, Totals } = actorsOf(contacts);
