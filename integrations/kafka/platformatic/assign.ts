import type { Assigner } from "./library.ts";

/**
 * Shares the partitions of each topic among the members that read it, in turn.
 *
 * Members of a group may read different topics. The assigner of the client (2.12) gives partitions of the topics of one
 * member to all of them, and those of the other topics to none.
 */
export const assignPartitions: Assigner = (_current, members, _topics, metadata) => {
  const shares = [...members.keys()].map((memberId) => ({
    memberId,
    assignments: new Map<string, { topic: string; partitions: number[] }>(),
  }));
  for (const [topic, { partitions }] of metadata.topics) {
    const readers = shares.filter(({ memberId }) => members.get(memberId)?.topics?.includes(topic));
    partitions.forEach((_, partition) => {
      const reader = readers[partition % readers.length];
      const own = reader?.assignments.get(topic) ?? { topic, partitions: [] };
      own.partitions.push(partition);
      reader?.assignments.set(topic, own);
    });
  }
  return shares;
};
