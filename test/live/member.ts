import { bodyOf, collectionStore, eventType } from "beehive-actors";

export interface Member {
  readonly id: string;
  readonly name: string;
  readonly salary: number;
  readonly version: number;
}

export const MemberChanged = eventType("MemberChanged", bodyOf<Member>(), { keep: "1d" });
export const Members = collectionStore<Member>("Members");
