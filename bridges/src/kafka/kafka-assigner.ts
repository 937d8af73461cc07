import type { GroupPartitionsAssigner } from '@platformatic/kafka';

/**
 * Assigns the partitions of each topic in turn to the members that read it. The client's own assigner
 * gives the topics of the leader to all members, also to those that do not read them.
 */
export const assignByTopic: GroupPartitionsAssigner = (_, members, __, { topics }) => {
  const assigned = new Map([...members.keys()].map((memberId) => [memberId, new Map<string, Assignment>()]));
  let turn = 0;
  for (const [topic, { partitionsCount }] of topics) {
    const readers = [...members.values()].filter((member) => member.topics?.includes(topic));
    for (let partition = 0; partition < partitionsCount && readers.length > 0; partition++) {
      const own = assigned.get(readers[turn++ % readers.length]?.memberId ?? '');
      const { partitions } = own?.get(topic) ?? { partitions: [] };
      own?.set(topic, { topic, partitions: [...partitions, partition] });
    }
  }
  return [...assigned].map(([memberId, assignments]) => ({ memberId, assignments }));
};

interface Assignment {
  topic: string;
  partitions: number[];
}
