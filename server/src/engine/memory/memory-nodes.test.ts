import { nodesConformance } from '../conformance/nodes-conformance.ts';
import { MemoryNodes } from './memory-nodes.ts';

nodesConformance('memory', () => {
  const nodes = new MemoryNodes();
  return { nodes: [nodes, nodes], close: () => {} };
});
