import type { Node } from '../graph/index.ts';

const finders = new WeakMap<ReadonlyMap<string, Node>, (name: string) => Node | undefined>();

/**
 * Finds the node of a graph that a kernel is from. Where the engine has made one node of several, it calls that after one of them:
 * 'fused dense/Gemm_3', 'dense/MatMul_0/MatMulAddFusion'.
 */
export function finder(nodes: ReadonlyMap<string, Node>): (name: string) => Node | undefined {
  const known = finders.get(nodes);
  if (known) return known;
  const found = new Map<string, Node | undefined>();
  const find = (name: string): Node | undefined => {
    if (!found.has(name)) found.set(name, search(nodes, name));
    return found.get(name);
  };
  finders.set(nodes, find);
  return find;
}

function search(nodes: ReadonlyMap<string, Node>, name: string): Node | undefined {
  let text = name.replace(/^(fused )+/, '');
  for (;;) {
    const node = nodes.get(text);
    if (node) return node;
    const cut = Math.max(text.lastIndexOf('/'), text.lastIndexOf('_'));
    if (cut <= 0) return undefined;
    text = text.slice(0, cut);
  }
}
