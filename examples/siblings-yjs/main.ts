/**
 * A shopping list on three replicas, written by two phones that do not see each other: a document that merges (yjs)
 * is what the replicas hold, a quorum read merges what they answer, and a repair leaves all with the same.
 *
 *   npm run build && node scripts/run.mjs examples/siblings-yjs/main.ts
 */
import {
  compareVectors,
  incrementVector,
  mergeVectors,
  quorumRead,
  quorumWrite,
  readRepair,
  reconcileSiblings,
  type VersionVector,
} from 'evenkeel';
import * as Y from 'yjs';

/** What a replica holds: who has written how often, and the document as one update of yjs. */
interface Row {
  readonly version: VersionVector;
  readonly update: Uint8Array;
}

interface Replica {
  readonly name: string;
  row: Row | undefined;
}

const replicas: Replica[] = ['a', 'b', 'c'].map((name) => ({ name, row: undefined }));

/** Merging is what yjs is for: in any order, any number of times, the result is the same. */
const merge = (rows: readonly Row[]): Row => ({
  version: rows.map(({ version }) => version).reduce(mergeVectors),
  update: Y.mergeUpdates(rows.map(({ update }) => update)),
});

/** A replica keeps what is newer; what was written beside its own it merges. */
async function put(replica: Replica, row: Row): Promise<void> {
  const order = replica.row === undefined ? 'after' : compareVectors(row.version, replica.row.version);
  if (order === 'after') replica.row = row;
  if (order === 'concurrent' && replica.row !== undefined) replica.row = merge([replica.row, row]);
}

const repair = readRepair<Replica, Row | undefined>({
  write: (replica, row) => (row === undefined ? Promise.resolve() : put(replica, row)),
  mode: 'blocking',
});

async function read(reachable: readonly Replica[], required: number): Promise<Row | undefined> {
  const { value } = await quorumRead<Replica, Row | undefined>({
    replicas: reachable,
    required,
    read: async ({ row }) => row,
    reconcile: reconcileSiblings<Row>(({ version }) => version, merge),
    repair,
  });
  return value;
}

/** A phone adds to what it has read, and reaches only some of the replicas. */
async function add(
  phone: string,
  item: string,
  seen: Row | undefined,
  reachable: readonly Replica[],
): Promise<void> {
  const document = new Y.Doc();
  if (seen !== undefined) Y.applyUpdate(document, seen.update);
  document.getArray<string>('list').push([item]);
  const row = {
    version: incrementVector(seen?.version ?? {}, phone),
    update: Y.encodeStateAsUpdate(document),
  };
  await quorumWrite({ replicas: reachable, required: 1, write: (replica) => put(replica, row) });
}

await add('ann', 'tea', undefined, replicas);
const seen = await read(replicas, 2);
// The network splits: Ann reaches only a, Ben only c.
await add('ann', 'milk', seen, replicas.slice(0, 1));
await add('ben', 'jam', seen, replicas.slice(2));
// It heals, and somebody reads.
await read(replicas, 3);

const lists = replicas.map(({ row }) => {
  const document = new Y.Doc();
  if (row !== undefined) Y.applyUpdate(document, row.update);
  return document.getArray<string>('list').toArray();
});
// Which of two that were added side by side comes first is for yjs to say, and the same everywhere.
const same = lists.every((list) => list.join() === lists[0]?.join());
const all = ['tea', 'milk', 'jam'].every((item) => lists[0]?.includes(item));
console.log(same && all ? 'all three replicas: tea, milk, jam' : `they differ: ${JSON.stringify(lists)}`);
if (!same || !all) process.exitCode = 1;
